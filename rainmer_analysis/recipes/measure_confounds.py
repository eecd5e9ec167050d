"""How much of the distance between datasets is not weather.

Images of both datasets are made alike in one thing, and the distance is taken again. What it loses
is the share of that thing, at most: a change also blurs weather, which `kept` shows where there are
pairs: what the distance between degraded images and their own clean partners, which is weather
alone, retains under the same change. Between the clean partners of two datasets there is no weather
at all: their distance is the share of scenes and cameras; and between degraded images less their
clean partners there is hardly anything but weather.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.auditing.bias_removing_transforms import EQUALISERS, subtract_clean
from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images import Sources, load_image_set, read_image, resize
from rainmer_analysis.infer import Encoder, encoder_spaces, load_encoder
from rainmer_analysis.scores import relate
from rainmer_analysis.values import EmbeddingTable, ImageSet, RelationshipMatrix, Rows

__all__ = ["Confounds", "measure_confounds"]

_AS_IS = "as-is"
_CLEAN = "clean"
_MINUS_CLEAN = "minus-clean"
Progress = Callable[[int, int], None]
Picture = npt.NDArray[np.float32]
Vectors = dict[str, dict[str, dict[str, npt.NDArray[np.float32]]]]  # view, variant, image


@dataclass(frozen=True)
class Confounds:
    """Shares of distances, row by row, and images that could not be used.

    Each row is a mapping: ``encoder``, ``view``, ``a``, ``b``, ``confound`` (a name
    of `EQUALISERS`, ``minus-clean`` or ``scenes``), ``distance`` as it is, ``equalised`` after the
    change (for ``scenes``: between clean partners), ``share`` of the distance that is not weather,
    at most, and ``kept`` (None without pairs).
    """

    score: str
    rows: tuple[dict[str, Any], ...]
    left_out: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """Return JSON types."""
        listed = [{"image_id": name, "reason": reason} for name, reason in self.left_out]
        return {
            "kind": "confounds",
            "score": self.score,
            "rows": list(self.rows),
            "left_out": listed,
        }


def measure_confounds(
    sources: Sources,
    encoders: Sequence[str] = ("rainmer", "statistics", "untrained:0"),
    *,
    root: str | None = None,
    per_dataset: int = 60,
    score: str = "energy",
    seed: int = 42,
    device: str = "auto",
    progress: Progress | None = None,
) -> Confounds:
    """Measure how much of the distances between datasets is encoding, size, exposure and scenes.

    Sources are those of `extract`, at least two datasets, and `score` a distance of `relate`.
    `progress` is called as ``progress(done, total)``, anew for each encoder.

    Raises
    ------
    ParameterError
        There are fewer than two datasets, or the score is a similarity.
    SourceError
        A source cannot be used.
    """
    images = load_image_set(sources, root=root, per_dataset=per_dataset, seed=seed)
    if len(images.rows.datasets) < 2:
        raise ParameterError("confounds lie between datasets; give at least two")
    rows: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    for name in encoders:
        encoder = load_encoder(name, device=device)
        vectors, faults = _encode_variants_and_faults(images, encoder, progress)
        left_out |= faults
        for view, table in _tables_by_view_and_variant(images, encoder, vectors).items():
            rows += _confound_rows(table, score, encoder.name, view)
    return Confounds(score, tuple(rows), tuple(left_out.items()))


def _equalised_variants(image: Picture, partner: Picture | None) -> Iterator[tuple[str, Picture]]:
    for side, picture in (("", image), (f"{_CLEAN}/", partner)):
        if picture is not None:
            yield f"{side}{_AS_IS}", picture
            for name, change in EQUALISERS.items():
                yield f"{side}{name}", change(picture)
    if partner is not None and partner.shape == image.shape:
        yield _MINUS_CLEAN, subtract_clean(image, partner)


def _encode_variants_and_faults(
    images: ImageSet, encoder: Encoder, progress: Progress | None
) -> tuple[Vectors, dict[str, str]]:
    """Return vectors by view, variant and image id, and the reason of each image without any."""
    faults: dict[str, str] = {}
    found: Vectors = {view: {} for view in encoder.views}
    for at, row in enumerate(images.rows.frame.to_dict("records")):
        try:
            image = read_image(row["path"], region=row["region"])
            partner = None
            if isinstance(row["target"], str):
                partner = read_image(row["target"], region=row["target_region"])
        except ImageError as error:
            faults[str(row["image_id"])] = str(error)
            continue
        names, pictures = zip(*_equalised_variants(image, partner), strict=True)
        batch = np.stack([resize(each, rule=encoder.preprocessing) for each in pictures])
        for view, vectors in encoder.encode(np.clip(batch, 0, 1)).items():
            for name, vector in zip(names, vectors, strict=True):
                found[view].setdefault(name, {})[str(row["image_id"])] = vector
        if progress is not None:
            progress(at + 1, len(images.rows))
    return found, faults


def _tables_by_view_and_variant(
    images: ImageSet, encoder: Encoder, vectors: Vectors
) -> dict[str, dict[str, EmbeddingTable]]:
    """Return a table of each variant, by view; clean partners are datasets ``clean/NAME``."""
    spaces = encoder_spaces(encoder, rule=encoder.preprocessing)
    labels = images.rows.frame.set_index("image_id")
    found: dict[str, dict[str, EmbeddingTable]] = {}
    for view, variants in vectors.items():
        found[view] = {}
        for change in (_AS_IS, *EQUALISERS, _MINUS_CLEAN):
            frames, stacked = [], []
            for side in ("", f"{_CLEAN}/"):
                own = variants.get(f"{side}{change}", {})
                if own:
                    part = labels.loc[list(own), ["dataset", "group"]].reset_index()
                    frames.append(
                        part.assign(
                            image_id=side + part["image_id"], dataset=side + part["dataset"]
                        )
                    )
                    stacked += list(own.values())
            if not frames:
                continue
            rows = Rows(pd.concat(frames, ignore_index=True))
            found[view][change] = EmbeddingTable(np.stack(stacked), rows, spaces[view])
    return found


def _confound_rows(
    tables: Mapping[str, EmbeddingTable], score: str, encoder: str, view: str
) -> list[dict[str, Any]]:
    """Return the rows of one space: every pair of datasets, every confound."""
    enough = {
        name: table for name, table in tables.items() if len(set(table.rows.column("dataset"))) > 1
    }
    matrices = {name: relate(table, score=score) for name, table in enough.items()}
    as_is = matrices[_AS_IS]
    if not as_is.is_distance:
        raise ParameterError(f"the score {score!r} is a similarity; shares need a distance")
    names = [each for each in as_is.datasets if not each.startswith(f"{_CLEAN}/")]
    found = []
    for a, b in combinations(names, 2):
        distance = _score_or_none(as_is, a, b)
        for confound in (*EQUALISERS, _MINUS_CLEAN, "scenes"):
            kept = None
            if confound == "scenes":
                equalised = _score_or_none(as_is, f"{_CLEAN}/{a}", f"{_CLEAN}/{b}")
                share = _ratio_or_none(equalised, distance)
            else:
                equalised = (
                    _score_or_none(matrices[confound], a, b) if confound in matrices else None
                )
                left = _ratio_or_none(equalised, distance)
                share = None if left is None else 1 - left
                if confound in EQUALISERS:
                    kept = _mean_retained_share(as_is, matrices[confound], (a, b))
            row = {"encoder": encoder, "view": view, "a": a, "b": b, "confound": confound}
            numbers = {"distance": distance, "equalised": equalised, "share": share, "kept": kept}
            found.append(row | numbers)
    return found


def _score_or_none(matrix: RelationshipMatrix, a: str, b: str) -> float | None:
    if a not in matrix.datasets or b not in matrix.datasets:
        return None
    value = float(matrix.values[matrix.datasets.index(a), matrix.datasets.index(b)])
    return value if np.isfinite(value) else None


def _ratio_or_none(part: float | None, whole: float | None) -> float | None:
    return None if part is None or whole is None or whole <= 0 else part / whole


def _mean_retained_share(
    as_is: RelationshipMatrix, changed: RelationshipMatrix, names: tuple[str, str]
) -> float | None:
    """Return what the distance of degraded images from their own partners retains, on average."""
    ratios = [
        _ratio_or_none(
            *(_score_or_none(matrix, name, f"{_CLEAN}/{name}") for matrix in (changed, as_is))
        )
        for name in names
    ]
    known = [each for each in ratios if each is not None]
    return float(np.mean(known)) if known else None
