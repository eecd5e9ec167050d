"""Which photographs of a collection show one scene: copies, crops, mirrored ones, other weather."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing.luma_and_colour_thumbnails import Thumbnails
from rainmer_analysis.auditing.window_alignment import FINE, ROUGH, Alignments, Grid, align_windows
from rainmer_analysis.auditing.window_descriptors import (
    describe_windows,
    mirrored_descriptors,
    window_boxes,
)
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import RadiusMatches, RadiusSearch

__all__ = ["RelatedPair", "Relation", "find_related_pairs", "find_thumbnail_relation"]

_ALIKE = 0.80  # cosine from which a window may show the same as a whole image
_WHOLE = 0.5  # the same for two whole images, whose frames need not be guessed
_CANDIDATES = 16  # looked at for each image and each kind of candidate
_AT_ONCE = 16
_PROMISING = 0.4  # likeness at the first look


class _Limits(NamedTuple):
    """From which correlations two photographs show one scene, by how they lie on each other.

    ``both`` is for the mean of luma and colour, which rain hardly reaches; ``compressed`` for luma
    with large values compressed; ``luma`` for both kinds of luma where one has hardly any colour.
    """

    both: float
    compressed: float
    luma: float


# Whole on whole, on a window of more than half the area, and on a narrower one: a window is fitted
# among hundreds, the smaller ones among more, so that chance reaches further there. Among 1.3
# million pairs of 1,600 clean procedural scenes chance reached at most 0.44, 0.72 and 0.75 in the
# mean of both, and 0.56, 0.59 and 0.80 in luma where there is no colour; 0.59, 0.66 and 0.76 in
# compressed luma. The largest values grow by about 0.02, 0.08 and 0.05 with every e-fold of the
# number of pairs. The least mean of 348 scenes under two rains each was 0.50.
_ANY = (_Limits(0.48, -1.0, 0.60), _Limits(0.72, 0.60, 0.80), _Limits(0.78, 0.60, 0.85))
# Where both are clean partners no rain lies between them: copies reach 0.99 in compressed luma and
# 0.90 in the mean of both even as JPEG of quality 40, and one scene in other light 0.87 and 0.91.
# Limits about halfway between these and chance: where images lie whole they keep 0.2 from both in
# the mean, and 0.11 and 0.17 in compressed luma.
_CLEAN = (_Limits(0.70, 0.70, 0.80), _Limits(0.80, 0.80, 0.90), _Limits(0.85, 0.85, 0.95))
_LEAST = 0.25
_NARROW = 0.5  # share of the area
_COPY_CORRELATION = 0.93
_EDGE = 0.04  # shares of a side that a frame may be off and still be the whole image
_CUT = 0.02
_COPY_RESIDUAL = 2.6  # levels, of copies in the same frame
_COPY_OFFSET = 1.5  # levels, ...
_COPY_CERTAIN, _CERTAIN_OFFSET = 0.995, 4.0  # ... and where clipped levels were encoded coarsely
_COPY_GAIN = 0.1

Relation = Literal["copy", "scene"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RelatedPair:
    """Two photographs that show one scene.

    Parameters
    ----------
    first, second
        Their positions, the smaller one first.
    relation
        ``copy``: the same picture, but for size, frame, encoding or mirroring; ``scene``: the same
        scene with other weather or light.
    mirrored
        Whether one is flipped left to right.
    window
        Where the whole of the one with the narrower frame lies in the other: top, left, height and
        width as shares.
    within
        Which of the two (0 or 1) has the wider frame.
    correlation
        Of their fine contrast.
    """

    first: int
    second: int
    relation: Relation
    mirrored: bool
    window: tuple[float, float, float, float]
    within: int
    correlation: float

    @property
    def is_cropped(self) -> bool:
        """Whether one shows less than the other at a side."""
        return _is_cropped(self.window, _CUT)


def find_related_pairs(
    thumbnails: Thumbnails,
    *,
    clean: npt.ArrayLike | None = None,
    seed: int = 42,
    progress: Progress | None = None,
) -> list[RelatedPair]:
    """Find the pairs of photographs that show one scene.

    Every window of every image is looked for among all whole images, plain and mirrored, and what
    is found is laid over it. Work grows as n^1.5, memory as n.

    Parameters
    ----------
    thumbnails
        Shape (n, 2, 96, 96).
    clean
        Shape (n,), bool: which photographs are known to be without weather. Two of those must agree
        by more to show one scene. By default none is known.
    seed
        Of the search.
    progress
        Called as ``progress(done, total)``.

    Returns
    -------
    Pairs sorted by first, then second.
    """
    if len(thumbnails) < 2:
        return []
    known_clean = np.zeros(len(thumbnails), bool) if clean is None else np.asarray(clean, bool)
    if known_clean.shape != (len(thumbnails),):
        raise ParameterError(
            f"clean has shape {known_clean.shape} beside {len(thumbnails)} thumbnails; give one "
            f"bool for each"
        )
    wholes = np.concatenate(
        [
            describe_windows(thumbnails[at : at + 1024], whole_only=True)
            for at in range(0, len(thumbnails), 1024)
        ]
    )
    index = RadiusSearch(np.concatenate([wholes, mirrored_descriptors(wholes)]), seed=seed)
    found: dict[tuple[int, int], RelatedPair] = {}
    for start in range(0, len(thumbnails), _AT_ONCE):
        batch = thumbnails[start : start + _AT_ONCE]
        candidates = list(
            _candidates_of_batch(index, batch, wholes[start : start + _AT_ONCE], start, wholes)
        )
        for pair in _confirm_candidates(thumbnails, candidates, known_clean):
            known = found.get((pair.first, pair.second))
            if known is None or pair.correlation > known.correlation:
                found[pair.first, pair.second] = pair
        if progress is not None:
            progress(min(start + _AT_ONCE, len(thumbnails)), len(thumbnails))
    return [found[key] for key in sorted(found)]


def find_thumbnail_relation(
    first: Thumbnails, second: Thumbnails, *, flip: bool, window: Sequence[float]
) -> Relation | None:
    """Return how two thumbnails relate of which it is known how they would lie on each other."""
    other = second[..., ::-1] if flip else second
    aligned = align_windows(first[None], other[None], [window])
    return _classify_relation(aligned, 0, _ANY)


_Candidate = tuple[int, int, bool, int]  # wider frame, narrower frame, mirrored, window


def _candidates_of_batch(
    index: RadiusSearch,
    batch: Thumbnails,
    own: npt.NDArray[np.float32],
    start: int,
    wholes: npt.NDArray[np.float32],
) -> Iterator[_Candidate]:
    """Yield what may lie in the windows of a batch of images: the best of each, at most 16."""
    windows = describe_windows(batch)
    count, per_image = len(wholes), windows.shape[1]
    near = index.within(own, _WHOLE)
    yield from _best_candidates_of_each_image(
        near.queries + start, np.zeros_like(near.queries), near, count
    )
    match = index.within(windows[:, 1:].reshape(-1, windows.shape[2]), _ALIKE)
    image, window = np.divmod(match.queries, per_image - 1)
    yield from _best_candidates_of_each_image(image + start, window + 1, match, count)


def _best_candidates_of_each_image(
    image: npt.NDArray[np.int64], window: npt.NDArray[np.int64], match: RadiusMatches, count: int
) -> Iterator[_Candidate]:
    """Yield each image's best window for each other image, those of the highest cosines."""
    order = np.lexsort((window, match.points, -match.cosines, image))
    order = order[match.points[order] % count != image[order]]
    # of every image and point the first, which is the best, in the same order
    _, first = np.unique(image[order] * (2 * count) + match.points[order], return_index=True)
    order = order[np.sort(first)]
    rank = np.arange(len(order)) - np.searchsorted(image[order], image[order])
    for at in order[rank < _CANDIDATES]:
        flip, other = divmod(int(match.points[at]), count)
        yield int(image[at]), other, bool(flip), int(window[at])


def _confirm_candidates(
    thumbnails: Thumbnails, candidates: list[_Candidate], clean: npt.NDArray[np.bool_]
) -> Iterator[RelatedPair]:
    """Lay candidates onto each other: all of them roughly, and finely those that may be right."""
    # whole against whole is found from both sides, of which one is enough
    left = [each for each in candidates if each[3] > 0 or each[0] < each[1]]
    boxes = window_boxes()[[each[3] for each in left]]
    for grid, least in ((ROUGH, _PROMISING), (FINE, _LEAST)):
        if not left:
            return
        aligned = _align_candidates(thumbnails, left, boxes, grid)
        good = np.flatnonzero(aligned.likeness >= least)
        left = [left[place] for place in good]
        aligned = aligned.select(good)
        boxes = aligned.boxes
    for place, (own, other, flip, _) in enumerate(left):
        relation = _classify_relation(
            aligned, place, _CLEAN if clean[own] and clean[other] else _ANY
        )
        if relation is not None:
            top, left_, height, width = (float(side) for side in boxes[place])
            yield RelatedPair(
                min(own, other),
                max(own, other),
                relation,
                flip,
                (top, left_, height, width),
                int(own > other),
                float(aligned.correlation[place]),
            )


def _align_candidates(
    thumbnails: Thumbnails, candidates: list[_Candidate], boxes: npt.NDArray[np.float64], grid: Grid
) -> Alignments:
    parts = []
    for at in range(0, len(candidates), _AT_ONCE):
        part = candidates[at : at + _AT_ONCE]
        wide = thumbnails[[each[0] for each in part]]
        narrow = thumbnails[[each[1] for each in part]]
        flip = np.array([each[2] for each in part], dtype=bool)
        narrow[flip] = narrow[flip][..., ::-1]
        parts.append(align_windows(wide, narrow, boxes[at : at + _AT_ONCE], grid=grid))
    return Alignments(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _classify_relation(
    aligned: Alignments, place: int, limits: tuple[_Limits, _Limits, _Limits]
) -> Relation | None:
    correlation = aligned.correlation[place]
    if not _is_one_scene(aligned, place, limits):
        return None
    # cells of a crop lie between those of the whole, which blurs one of the two
    is_close = _is_cropped(aligned.boxes[place], _CUT) or aligned.residual[place] < _COPY_RESIDUAL
    offset = _CERTAIN_OFFSET if correlation > _COPY_CERTAIN else _COPY_OFFSET
    same_levels = (
        is_close
        and abs(aligned.offset[place]) < offset
        and abs(aligned.gain[place] - 1) < _COPY_GAIN
    )
    return "copy" if correlation > _COPY_CORRELATION and same_levels else "scene"


def _is_one_scene(
    aligned: Alignments, place: int, limits: tuple[_Limits, _Limits, _Limits]
) -> bool:
    box = aligned.boxes[place]
    is_narrow = float(box[2] * box[3]) <= _NARROW
    least = limits[0 if not _is_cropped(box, _EDGE) else 2 if is_narrow else 1]
    luma, colour = float(aligned.correlation[place]), float(aligned.colour[place])
    compressed = float(aligned.compressed[place])
    if np.isnan(colour):
        return min(luma, compressed) >= least.luma
    return (luma + colour) / 2 >= least.both and compressed >= least.compressed


def _is_cropped(box: Sequence[float] | npt.NDArray[np.float64], edge: float) -> bool:
    """Say whether a window ends more than a share of the side away from the image's borders."""
    top, left, height, width = box
    return bool(max(abs(top), abs(left), abs(1 - top - height), abs(1 - left - width)) > edge)
