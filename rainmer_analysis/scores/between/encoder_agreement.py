"""Two tables of the same images: how alike they see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import hash_scene_names, unit_rows
from rainmer_analysis.scores.between.representation_similarity import (
    FEWEST_DATASETS,
    batch_per_dataset,
    dataset_cosine_matrices,
    debiased_cka,
    linear_cka,
    procrustes_similarity,
    rsa_correlation,
    split_half_reliability,
)
from rainmer_analysis.scores.inference import interval_from_resamples
from rainmer_analysis.values import EmbeddingTable, Space, report_progress

__all__ = ["FEWEST_SCENES", "Agreement", "Estimate", "compare"]

Floats = npt.NDArray[np.float64]

FEWEST_SCENES = 20
_GROUPS = 20
_MEASURES: Mapping[str, Callable[[Floats, Floats], float]] = MappingProxyType(
    {
        "cka": linear_cka,
        "cka_debiased": debiased_cka,
        "procrustes": procrustes_similarity,
    }
)


class Estimate(NamedTuple):
    """A value with the bounds of its interval over scenes."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """How two encoders agree.

    Parameters
    ----------
    spaces
        Of the two tables.
    datasets
        Of the images that both hold.
    images, scenes
        How many both hold.
    left_out
        Images that only the first, and only the second table holds.
    estimates
        ``cka``, ``cka_debiased``, ``procrustes`` and ``rsa``; ``rsa`` is None for fewer than four
        datasets.
    rsa_ceiling
        What ``rsa`` would be, in expectation, if both saw datasets alike: the geometric mean of
        both matrices' reliabilities. None as ``rsa``.
    parameters
        How it was computed, and of what.
    """

    spaces: tuple[Space, Space]
    datasets: tuple[str, ...]
    images: int
    scenes: int
    left_out: tuple[int, int]
    estimates: Mapping[str, Estimate | None]
    rsa_ceiling: float | None
    parameters: Mapping[str, Any]


def compare(
    first: EmbeddingTable,
    second: EmbeddingTable,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 42,
) -> Agreement:
    """Measure how two encoders agree about the images that both tables hold.

    Linear CKA (as published, and debiased) and the orthogonal Procrustes similarity look at images,
    with intervals from 20 subsamples that leave scenes out; RSA is Spearman's correlation of both
    tables' mean cosines between datasets, with its interval from bootstrap resamples of scenes and
    with its ceiling.

    Parameters
    ----------
    first, second
        Tables that share images, by ``image_id``, of at least 20 scenes.
    resamples
        Of RSA's interval, at least 2.
    level
        Coverage.
    seed
        Seed of resamples and cuts.

    Raises
    ------
    ParameterError
        Too few images are shared, shared images have other labels, or a parameter is not allowed.
    """
    if not 0 < level < 1 or resamples < 2:
        raise ParameterError(
            f"a level of {level} and {resamples} resamples were asked for; "
            "give a share between 0 and 1, and at least 2"
        )
    one, two = _common_images(first, second)
    scenes = hash_scene_names(one.rows.cells("group"))
    number = len(np.unique(scenes))
    if number < FEWEST_SCENES:
        raise ParameterError(
            f"the tables share {len(one)} image(s) of {number} scene(s), and comparing encoders "
            f"needs {FEWEST_SCENES} scenes; extract the same images with both"
        )
    x, y = unit_rows(one.vectors), unit_rows(two.vectors)
    estimates: dict[str, Estimate | None] = {
        name: _measure_with_jackknife_interval(measure, x, y, scenes, level)
        for name, measure in _MEASURES.items()
    }
    estimates["rsa"], ceiling = _rsa_with_ceiling(one, two, resamples, level, seed)
    return Agreement(
        (first.space, second.space),
        one.rows.datasets,
        len(one),
        number,
        (len(first) - len(one), len(second) - len(two)),
        MappingProxyType(estimates),
        ceiling,
        MappingProxyType(
            {
                "tables": [first.content_sha256, second.content_sha256],
                "resamples": resamples,
                "level": level,
                "seed": seed,
            }
        ),
    )


def _common_images(first: EmbeddingTable, second: EmbeddingTable) -> tuple[EmbeddingTable, ...]:
    """Return both tables with the images that both hold, sorted by image_id."""
    places = pd.Index(second.rows.column("image_id")).get_indexer(first.rows.column("image_id"))
    here = np.flatnonzero(places >= 0)
    here = here[np.argsort(first.rows.column("image_id")[here].astype(str), kind="stable")]
    one, two = first.take(here), second.take(places[here])
    for name in ("dataset", "group"):
        other = one.rows.column(name) != two.rows.column(name)
        if other.any():
            image = one.rows.column("image_id")[other][0]
            raise ParameterError(
                f"{image!r} has another {name} in the second table than in the first; "
                "extract the same sources with both encoders"
            )
    return one, two


def _measure_with_jackknife_interval(
    measure: Callable[[Floats, Floats], float],
    x: Floats,
    y: Floats,
    scenes: npt.NDArray[np.uint64],
    level: float,
) -> Estimate:
    """Return a measure with its interval from subsamples that leave groups of scenes out."""
    value = measure(x, y)
    _, number = np.unique(scenes, return_inverse=True)
    group = number % _GROUPS
    left = np.empty(_GROUPS)
    for each in range(_GROUPS):
        left[each] = measure(x[group != each], y[group != each])
        report_progress(each + 1, _GROUPS, "subsample")
    spread = np.sqrt((_GROUPS - 1) / _GROUPS * ((left - left.mean()) ** 2).sum())
    half = float(stdtrit(_GROUPS - 1, (1 + level) / 2) * spread)
    return Estimate(value, value - half, min(value + half, 1.0))


def _rsa_with_ceiling(
    one: EmbeddingTable, two: EmbeddingTable, resamples: int, level: float, seed: int
) -> tuple[Estimate | None, float | None]:
    if len(one.rows.datasets) < FEWEST_DATASETS:
        return None, None
    batches = batch_per_dataset(one), batch_per_dataset(two)
    matrices = [dataset_cosine_matrices(each, resamples=resamples, seed=seed) for each in batches]
    found = np.array([rsa_correlation(a, b) for a, b in zip(*matrices, strict=True)])
    scenes = min(len(np.unique(batch.scenes)) for batch in batches[0])
    low, high = interval_from_resamples(found[0], found[1:], scenes=scenes, level=level)
    ceiling = float(np.sqrt(np.prod([split_half_reliability(each, seed=seed) for each in batches])))
    # a correlation lies in [-1, 1]; an interval that is missing stays so
    return Estimate(float(found[0]), *np.clip((low, high), -1.0, 1.0).tolist()), ceiling
