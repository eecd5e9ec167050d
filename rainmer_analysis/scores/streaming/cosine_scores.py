"""Mean cosines, raw and centred, and the cosine of mean directions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.inference.bootstrap_and_subsample_intervals import (
    clip_interval_to_bounds,
    interval_from_resamples,
)
from rainmer_analysis.scores.measures.cosine_measures import (
    CentredMeasure,
    CosineMeasure,
    DirectionMeasure,
    PaperMeasure,
    mean_or_nan,
)
from rainmer_analysis.scores.score import Context, Floats, Reference, Score
from rainmer_analysis.scores.streaming.scene_sums import SceneSums, merge_sums, sum_scenes

__all__ = [
    "CENTRED",
    "COSINE",
    "DIRECTION",
    "PAPER",
    "ceiling_with_interval",
    "different_scene_mean_cosine",
]

Formula = Callable[[SceneSums, SceneSums, Context], Floats]


def _dot_of_totals(first: SceneSums, second: SceneSums) -> Floats:
    return np.asarray(np.einsum("rd,rd->r", first.total, second.total))


def _mean_cosine_all_pairs(first: SceneSums, second: SceneSums, context: Context) -> Floats:
    if context.same:
        # copies of a scene are other scenes: pairs between them are left out
        pairs = first.images**2 - first.square_images + first.copy_images
        return mean_or_nan(_dot_of_totals(first, first) - first.squares + first.copies, pairs)
    return mean_or_nan(_dot_of_totals(first, second), first.images * second.images)


def _mean_cosine_different_images(first: SceneSums, second: SceneSums, context: Context) -> Floats:
    if not context.same:
        return _mean_cosine_all_pairs(first, second, context)
    # an image with itself has the cosine 1
    pairs = first.images**2 - first.square_images + first.copy_images - first.images
    products = _dot_of_totals(first, first) - first.squares + first.copies - first.images
    return mean_or_nan(products, pairs)


def different_scene_mean_cosine(sums: SceneSums) -> Floats:
    """Return the mean cosine of pairs from different scenes of a dataset, shape (1 + r,).

    What two sets of other scenes of the same kind score with each other, in expectation: the mean
    over all splits of the scenes into halves.
    """
    return mean_or_nan(
        _dot_of_totals(sums, sums) - sums.squares, sums.images**2 - sums.square_images
    )


def ceiling_with_interval(sums: SceneSums, level: float) -> tuple[float, float, float]:
    """Return a dataset's split-half ceiling of the mean cosine with its interval."""
    values, other = (
        different_scene_mean_cosine(sums),
        different_scene_mean_cosine(sums.at_mirrored_weights()),
    )
    value = float(values[0])
    found = interval_from_resamples(value, values[1:], other[1:], scenes=sums.scenes, level=level)
    return value, *clip_interval_to_bounds(found, value, (-1.0, 1.0))


def _cosine_of_mean_directions(first: SceneSums, second: SceneSums, context: Context) -> Floats:
    if context.same:
        # cosine of the mean directions of two halves: signal over signal and the noise of a half
        signal = different_scene_mean_cosine(first)
        noise = mean_or_nan(first.copies, first.images**2) - signal * mean_or_nan(
            first.copy_images, first.images**2
        )
        return np.asarray(np.where(signal > 0, signal / (signal + 2 * noise), np.nan))
    own = different_scene_mean_cosine(first), different_scene_mean_cosine(second)
    scale = np.sqrt(np.clip(own[0], 0, None) * np.clip(own[1], 0, None))
    return np.asarray(
        _mean_cosine_all_pairs(first, second, context) / np.where(scale > 0, scale, np.nan)
    )


def _centred_cosine(first: SceneSums, second: SceneSums, context: Context) -> Floats:
    reference = _checked_reference(context.reference, first)
    a, b = first.relative_to(reference.mean), second.relative_to(reference.mean)
    squares = _mean_squared_distance(first, reference.mean) * _mean_squared_distance(
        second, reference.mean
    )
    # the mirrored weights of few scenes can make a mean of squares negative
    scale = np.sqrt(np.clip(squares, 0, None))
    pairs = first.images * second.images
    products = (
        different_scene_mean_cosine(a) if context.same else mean_or_nan(_dot_of_totals(a, b), pairs)
    )
    return np.asarray(products / np.where(scale > 0, scale, np.nan))


def _mean_squared_distance(sums: SceneSums, origin: Floats) -> Floats:
    """Return the mean squared distance of a dataset's unit vectors from `origin`."""
    along = mean_or_nan(sums.total @ origin, sums.images)
    return np.asarray(1 - 2 * along + float(origin @ origin))


def _checked_reference(reference: Reference | None, sums: SceneSums) -> Reference:
    if reference is None or reference.mean.shape != sums.total.shape[1:]:
        raise ParameterError(
            "the score 'centred' measures from a reference mean of as many dimensions as the "
            "vectors, but none came; name a dataset or give a file with --reference"
        )
    return reference


def _make_cosine_score(name: str, formula: Formula, **more: object) -> Score:
    def compare(first: SceneSums, second: SceneSums, context: Context) -> float:
        return float(
            formula(first.with_first_resamples(0), second.with_first_resamples(0), context)[0]
        )

    def resampled(first: SceneSums, second: SceneSums, context: Context) -> Floats:
        return formula(first, second, context)[1:]

    def interval(
        first: SceneSums, second: SceneSums, context: Context, level: float
    ) -> tuple[float, float]:
        values = formula(first, second, context)
        other = formula(first.at_mirrored_weights(), second.at_mirrored_weights(), context)
        scenes = min(first.scenes, second.scenes)
        return interval_from_resamples(values[0], values[1:], other[1:], scenes=scenes, level=level)

    return Score(
        name=name,
        summarise=sum_scenes,
        merge=merge_sums,
        compare=compare,
        resampled=resampled,
        interval=interval,
        **more,  # type: ignore[arg-type]
    )


COSINE = _make_cosine_score(
    "cosine",
    _mean_cosine_different_images,
    about="mean cosine of all pairs of images; on the diagonal of all pairs of different images",
    source="supplement of Rainmer, without pairs of an image with itself",
    measure=CosineMeasure(),
    whole_scenes=False,
    fewest_same=2,
)
PAPER = _make_cosine_score(
    "paper",
    _mean_cosine_all_pairs,
    about="mean cosine of all pairs, an image's pair with itself included, as published",
    source="supplement of Rainmer",
    measure=PaperMeasure(),
    whole_scenes=False,
)
CENTRED = _make_cosine_score(
    "centred",
    _centred_cosine,
    about=(
        "mean scalar product of images measured from a fixed reference mean, in units of their "
        "root mean square lengths; on the diagonal of different scenes"
    ),
    source="Arora, Liang and Ma, ICLR 2017 (common component), with a reference that stays",
    measure=CentredMeasure(),
    fewest_same=2,
)
DIRECTION = _make_cosine_score(
    "direction",
    _cosine_of_mean_directions,
    about=(
        "cosine of the datasets' mean directions, freed of sampling noise by their ceilings; on "
        "the diagonal of those of two halves"
    ),
    source="Spearman's correction for attenuation, American Journal of Psychology 15, 1904",
    measure=DirectionMeasure(),
    fewest_images=4,
    fewest_scenes=4,
    fewest_same=4,
)
