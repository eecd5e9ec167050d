"""What leakage is worth: anyone's results on test images that leaked, and on the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images import QUALITIES, read_image
from rainmer_analysis.numerics import bootstrap_scene_weights
from rainmer_analysis.recipes.audit.audit_file import Audit
from rainmer_analysis.recipes.restoration import ImageQuality, evaluate

__all__ = ["Leakage", "LeakagePrice", "measure_leakage"]

_MEASURED = ("psnr", "ssim")
_FEWEST = 5  # scenes on each side for an interval
_RESAMPLES = 10_000
Progress = Callable[[int, int], None]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeakagePrice:
    """Means of one quality on leaked and on other images, and their difference.

    ``low`` and ``high`` bound the difference by resampling scenes; None where one side has fewer
    than 5. ``gain`` and its bounds are the same of results less inputs: leaked images may be
    easier than others, which the difference of gains takes off as far as the inputs show it.
    """

    quality: str
    leaked: float
    other: float
    difference: float
    low: float | None
    high: float | None
    gain_difference: float
    gain_low: float | None
    gain_high: float | None


@dataclass(frozen=True)
class Leakage:
    """How many images and scenes leaked and did not, the prices, and what could not be used."""

    dataset: str
    training: tuple[str, ...]
    leaked_images: int
    leaked_scenes: int
    other_images: int
    other_scenes: int
    prices: tuple[LeakagePrice, ...]
    left_out: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """Return JSON types."""
        return {
            "kind": "leakage",
            "dataset": self.dataset,
            "training": list(self.training),
            "leaked": {"images": self.leaked_images, "scenes": self.leaked_scenes},
            "other": {"images": self.other_images, "scenes": self.other_scenes},
            "prices": {each.quality: vars(each) for each in self.prices},
            "left_out": [{"image": name, "reason": reason} for name, reason in self.left_out],
        }


@dataclass(frozen=True, slots=True)
class _ImageScores:
    scene: str
    leaked: bool
    after: tuple[float, ...]
    before: tuple[float, ...]


def measure_leakage(
    audit: Audit,
    results: str | Path,
    *,
    dataset: str,
    training: Collection[str] = (),
    pair: str | Sequence[str] | None = None,
    seed: int = 42,
    progress: Progress | None = None,
) -> Leakage:
    """Compare results on images whose scenes are in training sets with those on the others.

    Parameters
    ----------
    audit
        Of the test set and the training sets together.
    results
        Folder of restored images of the test set.
    dataset
        The test set's name in the audit.
    training
        Names of the sets that the network was trained on; by default all with the split ``train``.
    pair
        How results correspond to targets where names differ, as for `evaluate`.
    seed
        Of the resampling.
    progress
        Called as ``progress(done, total)``.

    Raises
    ------
    ParameterError
        A name is not in the audit, the test set has no targets, or all of its images that can be
        compared leaked, or none.
    SourceError
        No result can be compared.
    """
    chosen = _names_of_training_datasets(audit, dataset, training)
    tested = [row for row in audit.images if row["dataset"] == dataset and row["target"]]
    if not tested:
        raise ParameterError(
            f"{dataset!r} has no clean targets in this audit; PSNR and SSIM need them"
        )
    seen = {row["scene"] for row in audit.images if row["dataset"] in chosen}
    folder = Path(os.path.commonpath([str(Path(row["target"]).parent) for row in tested]))
    by_target: dict[str, Any] = {}
    for row in tested:
        by_target.setdefault(os.path.normpath(row["target"]), row)
    scores = evaluate(results, folder, pair=pair, progress=progress).scores
    rows: list[_ImageScores] = []
    left_out: list[tuple[str, str]] = []
    for score in scores:
        target = score.target and os.path.normpath(folder / score.target)
        found = _image_scores_or_reason(score, by_target.get(target) if target else None, seen)
        if isinstance(found, str):
            left_out.append((score.name, found))
        else:
            rows.append(found)
    return _leakage_from_scores(dataset, chosen, rows, tuple(left_out), seed)


def _names_of_training_datasets(
    audit: Audit, dataset: str, training: Collection[str]
) -> tuple[str, ...]:
    unknown = sorted({dataset, *training} - set(audit.datasets))
    if unknown:
        raise ParameterError(
            f"no dataset of the audit is called {unknown[0]!r}; "
            f"it holds {', '.join(audit.datasets)}"
        )
    chosen = tuple(training) or tuple(
        name
        for name, each in audit.datasets.items()
        if each["split"] == "train" and name != dataset
    )
    if not chosen or dataset in chosen:
        raise ParameterError(
            "name training sets other than the test set; the audit knows "
            + ", ".join(f"{name} ({each['split']})" for name, each in audit.datasets.items())
        )
    return chosen


def _image_scores_or_reason(
    score: ImageQuality, row: Any, seen: Collection[str]
) -> _ImageScores | str:
    """Return what is known of one result, or why it counts for nothing."""
    if score.qualities is None:
        return score.reason
    if row is None:
        return "its target is not in the audit"
    try:
        degraded = read_image(row["path"], region=row["region"])
        target = read_image(row["target"], region=row["target_region"])
    except ImageError as error:
        return str(error)
    if degraded.shape != target.shape:
        return "its input and its target differ in size"
    after = tuple(score.qualities[name] for name in _MEASURED)
    before = tuple(QUALITIES[name](degraded, target) for name in _MEASURED)
    if not np.isfinite([*after, *before]).all():
        return "equal to its target, so that its PSNR is infinite"
    return _ImageScores(row["scene"], row["scene"] in seen, after, before)


def _leakage_from_scores(
    dataset: str,
    training: tuple[str, ...],
    rows: Sequence[_ImageScores],
    left_out: tuple[tuple[str, str], ...],
    seed: int,
) -> Leakage:
    leaked = np.array([row.leaked for row in rows], dtype=bool)
    if leaked.all() or not leaked.any():
        what = "all" if leaked.any() else "none"
        raise ParameterError(
            f"{what} of the {len(rows)} images of {dataset} that can be compared share scenes with "
            f"{', '.join(training)}; a price needs both kinds"
        )
    names, scene = np.unique([row.scene for row in rows], return_inverse=True)
    strata = np.zeros(len(names), dtype=np.int64)
    strata[scene] = leaked
    weights = bootstrap_scene_weights(strata, resamples=_RESAMPLES, seed=seed)
    after, before = (np.array([getattr(row, side) for row in rows]) for side in ("after", "before"))
    prices = []
    for place, quality in enumerate(_MEASURED):
        own, gain = after[:, place], after[:, place] - before[:, place]
        bounds = [_difference_interval(each, leaked, scene, weights) for each in (own, gain)]
        prices.append(
            LeakagePrice(
                quality,
                float(own[leaked].mean()),
                float(own[~leaked].mean()),
                float(own[leaked].mean() - own[~leaked].mean()),
                *bounds[0],
                float(gain[leaked].mean() - gain[~leaked].mean()),
                *bounds[1],
            )
        )
    return Leakage(
        dataset,
        training,
        int(leaked.sum()),
        int(strata.sum()),
        int((~leaked).sum()),
        int((strata == 0).sum()),
        tuple(prices),
        left_out,
    )


def _difference_interval(
    values: Floats, leaked: npt.NDArray[np.bool_], scene: npt.NDArray[np.intp], weights: Floats
) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval of the difference of means, over scenes."""
    if min(len(np.unique(scene[side])) for side in (leaked, ~leaked)) < _FEWEST:
        return None, None
    means = []
    for side in (leaked, ~leaked):
        counts = np.bincount(scene[side], minlength=weights.shape[1])
        sums = np.bincount(scene[side], weights=values[side], minlength=weights.shape[1])
        means.append((weights @ sums) / (weights @ counts))
    low, high = np.quantile(means[0] - means[1], [0.025, 0.975])
    return float(low), float(high)
