"""What a restorer brings: qualities of degraded images before and after, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.psnr_ssim import QUALITIES
from rainmer_analysis.infer import ImageRestorer
from rainmer_analysis.numerics import bootstrap_scene_weights

__all__ = ["Gain", "KnownPair", "QualityBeforeAfter", "mean_gains", "qualities_before_and_after"]

Image = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


class KnownPair(NamedTuple):
    """A degraded image and its target, float32 [3, H, W] in [0, 1], and where they belong."""

    dataset: str
    scene: str
    degraded: Image
    target: Image


@dataclass(frozen=True)
class QualityBeforeAfter:
    """Qualities of one image, by the names of `QUALITIES`, before and after restoration."""

    dataset: str
    scene: str
    before: Mapping[str, float]
    after: Mapping[str, float]


@dataclass(frozen=True)
class Gain:
    """Mean qualities over a set of images, and the mean gain with its interval over scenes.

    Parameters
    ----------
    images, scenes
        How many there are.
    before, after
        Means over images.
    gain
        Difference of the two.
    low, high
        Bounds of the gain's percentile interval.
    """

    images: int
    scenes: int
    before: float
    after: float
    gain: float
    low: float
    high: float


def qualities_before_and_after(
    pairs: Iterable[KnownPair], restorer: ImageRestorer
) -> Iterator[QualityBeforeAfter]:
    """Restore images one by one, and compare them with their targets as they come.

    Raises
    ------
    ParameterError
        The two of a pair differ in size, or are too small for SSIM.
    """
    for dataset, scene, degraded, target in pairs:
        restored = restorer.restore(degraded[None])[0]
        before, after = (
            {name: quality(image, target) for name, quality in QUALITIES.items()}
            for image in (degraded, restored)
        )
        yield QualityBeforeAfter(dataset, scene, before, after)


def mean_gains(
    rows: Sequence[QualityBeforeAfter],
    quality: str,
    *,
    sets: Mapping[str, Sequence[str]] | None = None,
    resamples: int = 10_000,
    seed: int = 42,
    level: float = 0.95,
) -> dict[str, Gain]:
    """Average a quality and its gain over sets of images, with bootstrap intervals over scenes.

    The scenes of a set, not its images, are drawn with replacement; a scene that stands in
    several of its datasets is drawn for all of them at once.

    Parameters
    ----------
    rows
        At least one.
    quality
        A name in `QUALITIES`.
    sets
        Datasets to average over, by name of the set; by default each dataset by itself, in the
        order of `rows`.
    resamples, seed, level
        Of the bootstrap.

    Returns
    -------
    The gain of each set.

    Raises
    ------
    ParameterError
        There is no row, a set has no image, a quality or a number is not allowed, or an image
        equals its target, so that its PSNR is infinite.
    """
    if quality not in QUALITIES or not rows or not 0 < level < 1:
        raise ParameterError(
            f"the gain in {quality!r} of {len(rows)} images was asked for at the level {level}; "
            f"give one of {', '.join(QUALITIES)}, at least one image and a level between 0 and 1"
        )
    chosen = {row.dataset: (row.dataset,) for row in rows} if sets is None else sets
    tail = (1 - level) / 2
    found = {}
    for name, members in chosen.items():
        own = [row for row in rows if row.dataset in members]
        if not own:
            raise ParameterError(f"the set {name!r} has no image; leave it out")
        low, high = np.quantile(_bootstrap_gains(own, quality, resamples, seed), [tail, 1 - tail])
        found[name] = _mean_gain(own, quality, low=float(low), high=float(high))
    return found


def _bootstrap_gains(
    rows: Sequence[QualityBeforeAfter], quality: str, resamples: int, seed: int
) -> Floats:
    """Return the mean gain over images in each resample of scenes."""
    gains = np.array([row.after[quality] - row.before[quality] for row in rows])
    if not np.isfinite(gains).all():
        raise ParameterError(
            f"the gain in {quality!r} of {np.count_nonzero(~np.isfinite(gains))} of {len(rows)} "
            "images is not finite, as they equal their targets; leave them out"
        )
    _, scene = np.unique([row.scene for row in rows], return_inverse=True)
    images, sums = np.bincount(scene), np.bincount(scene, weights=gains)
    weights = bootstrap_scene_weights(np.zeros(len(images)), resamples=resamples, seed=seed)
    return np.asarray((weights @ sums) / (weights @ images))


def _mean_gain(
    rows: Sequence[QualityBeforeAfter], quality: str, *, low: float, high: float
) -> Gain:
    before, after = (
        float(np.mean([values[quality] for values in side]))
        for side in ([row.before for row in rows], [row.after for row in rows])
    )
    scenes = len({row.scene for row in rows})
    return Gain(len(rows), scenes, before, after, after - before, low, high)
