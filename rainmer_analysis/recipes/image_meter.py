"""The published measures of one image and its clean partner, read from their files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.images.image_and_pair_measures import (
    brightness,
    entropy,
    non_monochromaticity,
    psnr_y,
    rain_density,
    vertical_gradient,
)
from rainmer_analysis.images.reading import Region, read_hashed_image
from rainmer_analysis.values import PROPERTIES

__all__ = ["ImageMeter", "MeasuredImage", "MeasuringJob"]

_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class MeasuringJob:
    """One image to measure: its files and which part of each counts.

    A job with a `fault` is left out for that reason, whatever the file holds.
    """

    path: str
    region: Region
    target: str | None
    target_region: Region
    fault: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredImage:
    """What was found of one image.

    ``values`` are in the order of `PROPERTIES`, NaN where not defined. A ``reason`` says why the
    image cannot be used at all, a ``target_reason`` why its partner cannot.
    """

    sha256: str
    target_sha256: str
    width: int = 0
    height: int = 0
    values: tuple[float, ...] = (_NAN,) * len(PROPERTIES)
    reason: str = ""
    target_reason: str = ""


@dataclass(frozen=True, eq=False)
class _LoadedImage:
    pixels: NDArray[np.float32] | None
    sha256: str
    reason: str
    entropy: float = _NAN
    brightness: float = _NAN


class ImageMeter:
    """Measures images in any thread; partners that images share are read once in a while.

    Parameters
    ----------
    remembered
        Partners in memory at a time.
    """

    def __init__(self, remembered: int = 2) -> None:
        self._target = lru_cache(maxsize=remembered)(_load_and_measure)

    def measure(self, job: MeasuringJob) -> MeasuredImage:
        """Return the measures of an image; what cannot be read becomes a reason."""
        image = _load_and_measure(job.path, job.region)
        partner = None if job.target is None else self._target(job.target, job.target_region)
        other = "" if partner is None else partner.sha256
        if image.pixels is None or job.fault:
            return MeasuredImage(image.sha256, other, reason=job.fault or image.reason)
        height, width = image.pixels.shape[1:]
        found = dict.fromkeys(PROPERTIES, _NAN)
        found |= {"entropy": image.entropy, "brightness": image.brightness}
        reason = ""
        if partner is not None:
            found |= {"entropy_target": partner.entropy, "brightness_target": partner.brightness}
            reason = _mismatch_reason(image, partner)
            found |= {} if reason else _measure_pair(image, partner)
        values = tuple(found[name] for name in PROPERTIES)
        return MeasuredImage(image.sha256, other, width, height, values, target_reason=reason)


def _load_and_measure(path: str, region: Region) -> _LoadedImage:
    found = read_hashed_image(path, region=region)
    if found.pixels is None:
        return _LoadedImage(None, found.sha256, found.reason)
    pixels = found.pixels
    return _LoadedImage(pixels, found.sha256, "", entropy(pixels), brightness(pixels))


def _mismatch_reason(image: _LoadedImage, partner: _LoadedImage) -> str:
    """Say why two images cannot be compared, or nothing."""
    if partner.pixels is None:
        return partner.reason
    assert image.pixels is not None
    own, other = image.pixels.shape[:0:-1], partner.pixels.shape[:0:-1]
    if own != other:
        return f"another size than its image: {other[0]}x{other[1]}, not {own[0]}x{own[1]} pixels"
    return ""


def _measure_pair(image: _LoadedImage, partner: _LoadedImage) -> dict[str, float]:
    # each measure works on float64; converted here, they need no copy of their own
    pair = np.asarray(image.pixels, np.float64), np.asarray(partner.pixels, np.float64)
    return {
        "density": rain_density(*pair),
        "gradient": vertical_gradient(*pair),
        "monochromaticity": non_monochromaticity(*pair),
        "psnr": psnr_y(*pair),
    }
