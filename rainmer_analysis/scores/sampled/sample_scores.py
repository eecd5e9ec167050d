"""The scores on samples, in the terms of the registry."""

from __future__ import annotations

from rainmer_analysis.scores.inference.bootstrap_and_subsample_intervals import subsample_interval
from rainmer_analysis.scores.measures import (
    ClassifierMeasure,
    EnergyMeasure,
    FrechetMeasure,
    Measure,
    MMDMeasure,
    NeighbourMeasure,
    Pair,
    Sample,
    SlicedMeasure,
    merge_samples,
    pair_samples,
    sample_first_images,
)
from rainmer_analysis.scores.sampled.excess_over_split_halves import (
    excess_over_split_halves,
    measure_as_labelled,
)
from rainmer_analysis.scores.score import Context, Score

__all__ = ["CLASSIFIER", "ENERGY", "FRECHET", "MMD", "NEIGHBOURS", "SLICED"]


def _make_sample_score(name: str, measure: Measure, *, halves: bool, **more: object) -> Score:
    similarity = bool(more.get("similarity", False))

    def estimate(pair: Pair, context: Context) -> float:
        if not halves:
            return measure_as_labelled(pair, measure)
        found = excess_over_split_halves(pair, measure, seed=context.seed)
        return 1 - found if similarity else found

    def compare(first: Sample, second: Sample, context: Context) -> float:
        if context.same:  # by the definition of the excess
            return 1.0 if similarity else 0.0
        return estimate(pair_samples(first, second), context)

    def interval(
        first: Sample, second: Sample, context: Context, level: float
    ) -> tuple[float, float]:
        if context.same:
            return float("nan"), float("nan")
        pair = pair_samples(first, second)
        value = estimate(pair, context)
        return subsample_interval(
            pair, value, lambda part: estimate(part, context), squared=not halves, level=level
        )

    return Score(
        name=name,
        summarise=sample_first_images,
        merge=merge_samples,
        compare=compare,
        measure=measure,
        interval=interval,
        similarity=similarity,
        **{key: value for key, value in more.items() if key != "similarity"},  # type: ignore[arg-type]
    )


ENERGY = _make_sample_score(
    "energy",
    EnergyMeasure(),
    halves=False,
    about="squared energy distance of chords, over pairs from different scenes",
    source="Székely and Rizzo, Journal of Statistical Planning and Inference 143, 2013",
    fewest_images=4,
    fewest_scenes=4,
    bounds=(0.0, 4.0),
)
MMD = _make_sample_score(
    "mmd",
    MMDMeasure(),
    halves=False,
    about="squared maximum mean discrepancy, Gaussian kernel of the median distance",
    source="Gretton et al., Journal of Machine Learning Research 13, 2012",
    fewest_images=4,
    fewest_scenes=4,
    bounds=(0.0, 2.0),
)
FRECHET = _make_sample_score(
    "frechet",
    FrechetMeasure(),
    halves=True,
    about="squared Fréchet distance with shrunken covariances, above that of two halves of a set",
    source="Heusel et al., NeurIPS 2017; Ledoit and Wolf, 2004; Chong and Forsyth, CVPR 2020",
    fewest_images=40,
    fewest_scenes=20,
    bounds=(0.0, 4.0),
)
SLICED = _make_sample_score(
    "sliced-wasserstein",
    SlicedMeasure(),
    halves=True,
    about="mean squared 2-Wasserstein distance along directions, above that of two halves of a set",
    source="Bonneel et al., Journal of Mathematical Imaging and Vision 51, 2015",
    fewest_images=16,
    fewest_scenes=8,
    bounds=(0.0, 4.0),
)
CLASSIFIER = _make_sample_score(
    "classifier",
    ClassifierMeasure(),
    halves=True,
    about=(
        "2 x balanced accuracy - 1 of a linear classifier on unseen scenes, above that of two "
        "halves of a set: 0 not told apart, 1 always"
    ),
    source="Lopez-Paz and Oquab, ICLR 2017; Treder, 2019",
    fewest_images=40,
    fewest_scenes=20,
    bounds=(0.0, 1.0),
)
NEIGHBOURS = _make_sample_score(
    "neighbours",
    NeighbourMeasure(),
    halves=True,
    similarity=True,
    about=(
        "how often the nearest twentieth of images, of other scenes, is of the other set: 1 as two "
        "halves of a set, 0 never"
    ),
    source="Schilling, Journal of the American Statistical Association 81, 1986",
    fewest_images=40,
    fewest_scenes=20,
    bounds=(0.0, 1.0),
)
