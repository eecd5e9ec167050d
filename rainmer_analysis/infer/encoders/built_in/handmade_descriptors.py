"""Hand-made numbers about one image: its colours, and its texture as weather changes it.

Plain numpy on float32 RGB of shape (3, H, W) in [0, 1], H and W at least 8. Every number is a fixed
formula without random choices, so it is the same whatever else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

__all__ = ["DESCRIPTORS", "chromatic_descriptors", "degradation_descriptors"]

_Image = npt.NDArray[np.float32]
_Numbers = npt.NDArray[np.float64]

_QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
_OPPONENT_BINS = 8
_OPPONENT_RANGE = 0.4  # beyond it lie saturated colours; they fall into the outermost bins
_ORIENTATIONS = 8
_SCALES = 3
_BANDS = 6
_WEDGES = 4
_LAGS = (1, 2, 4)
_EPS = 1e-6


def chromatic_descriptors(image: _Image) -> _Numbers:
    """Describe colours: level, spread and quantiles of R, G and B; opponent colours, saturation.

    Returns
    -------
    float64 vector of 50 numbers: for each channel mean, standard deviation and five quantiles; for
    red-green and yellow-blue mean, standard deviation and an 8-bin histogram; mean, standard
    deviation and skewness of saturation and of brightness; mean, standard deviation and maximum of
    the dark channel (He et al., CVPR 2009) over 8 x 8 blocks.
    """
    r, g, b = image
    flat = image.reshape(3, -1)
    ranks = np.rint(_QUANTILES * (flat.shape[1] - 1)).astype(np.intp)
    quantiles = np.partition(flat, ranks, axis=1)[:, ranks]
    levels = [*flat.mean(axis=1), *flat.std(axis=1), *quantiles.ravel()]
    high, low = np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)
    opponents = [
        *_mean_sd_and_histogram((r - g) / np.sqrt(np.float32(2))),
        *_mean_sd_and_histogram((r + g - 2 * b) / np.sqrt(np.float32(6))),
    ]
    saturation = (high - low) / (high + np.float32(0.02))
    dark = _split_into_blocks(low, 8).min(axis=(1, 3))
    return np.array(
        [
            *levels,
            *opponents,
            *_mean_sd_skewness(saturation),
            *_mean_sd_skewness(_to_grey(image)),
            dark.mean(),
            dark.std(),
            dark.max(),
        ],
        dtype=np.float64,
    )


def degradation_descriptors(image: _Image) -> _Numbers:
    """Describe texture: gradients, curvature, spectrum and correlation of fine detail.

    Returns
    -------
    float64 vector of 61 numbers: at three scales (1, 1/2, 1/4) the shares of eight gradient
    orientations, the logarithms of gradient energy and of the Laplacian's standard deviation, and
    the Laplacian's kurtosis; logarithms of mean and spread of the variance in 8 x 8 blocks; power
    in six radial bands and their slope, shares of four directions at high frequency; correlation
    of the Laplacian with itself at lags 1, 2 and 4 along four directions and between channels
    (rain and snow are grey, so their detail agrees over channels).
    """
    numbers: list[float] = []
    grey = _to_grey(image)
    level = grey
    for scale in range(_SCALES):
        numbers += _orientation_shares_and_energy(level)
        curvature = _laplacian(level)
        numbers += [_safe_log(curvature.std()), _log_kurtosis(curvature)]
        if scale + 1 < _SCALES:
            level = _split_into_blocks(level, 2).mean(axis=(1, 3))
    variances = _split_into_blocks(grey, 8).var(axis=(1, 3))
    numbers += [_safe_log(variances.mean()), _safe_log(variances.std())]
    numbers += _spectrum_bands_slope_and_wedges(grey)
    detail = _laplacian(image)
    numbers += _autocorrelations(_laplacian(grey))
    numbers += [_correlation(detail[0], detail[1]), _correlation(detail[1], detail[2])]
    numbers.append(_correlation(detail[0], detail[2]))
    return np.array(numbers, dtype=np.float64)


DESCRIPTORS: Mapping[str, Callable[[_Image], _Numbers]] = MappingProxyType(
    {"chromatic": chromatic_descriptors, "degradation": degradation_descriptors}
)


def _to_grey(image: _Image) -> _Image:
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(np.tensordot(weights, image, axes=1), dtype=np.float32)


def _split_into_blocks(plane: _Image, size: int) -> _Image:
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    return plane[: rows * size, : columns * size].reshape(rows, size, columns, size)


def _mean_sd_skewness(plane: _Image) -> list[float]:
    mean, spread = float(plane.mean()), float(plane.std())
    centred = plane - np.float32(mean)
    skewness = float((centred * centred * centred).mean()) / (spread + 0.01) ** 3
    return [mean, spread, skewness]


def _mean_sd_and_histogram(plane: _Image) -> list[float]:
    scaled = (plane / _OPPONENT_RANGE + 1) * (_OPPONENT_BINS / 2)
    bins = np.clip(scaled, 0, _OPPONENT_BINS - 1).astype(np.intp)
    shares = np.bincount(bins.ravel(), minlength=_OPPONENT_BINS) / plane.size
    return [float(plane.mean()), float(plane.std()), *np.sqrt(shares)]


def _safe_log(value: float) -> float:
    return float(np.log(float(value) + _EPS))


def _log_kurtosis(plane: _Image) -> float:
    """Log of the fourth standardised moment: 1.1 for Gaussian detail, more for sparse streaks."""
    centred = plane - plane.mean()
    square = centred * centred
    variance = float(square.mean())
    return float(np.log1p(float((square * square).mean()) / (variance * variance + _EPS**2)))


def _orientation_shares_and_energy(plane: _Image) -> list[float]:
    dy = plane[1:, :-1] - plane[:-1, :-1]
    dx = plane[:-1, 1:] - plane[:-1, :-1]
    energy = (dx * dx + dy * dy).ravel()
    angle = np.arctan2(dy, dx).ravel() * (_ORIENTATIONS / np.pi)
    bins = np.floor(angle + 0.5).astype(np.intp) % _ORIENTATIONS
    shares = np.bincount(bins, weights=energy, minlength=_ORIENTATIONS)
    total = float(shares.sum())
    return [*(shares / (total + _EPS)), _safe_log(total / energy.size)]


def _laplacian(plane: _Image) -> _Image:
    """Laplacian of the last two axes, without the border."""
    centre = plane[..., 1:-1, 1:-1]
    if centre.size == 0:
        return np.zeros_like(plane)
    around = plane[..., :-2, 1:-1] + plane[..., 2:, 1:-1]
    around = around + plane[..., 1:-1, :-2] + plane[..., 1:-1, 2:]
    return np.asarray(centre - around / 4, dtype=np.float32)


def _spectrum_bands_slope_and_wedges(grey: _Image) -> list[float]:
    height, width = grey.shape
    window = np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1])
    power = np.abs(np.fft.rfft2((grey - grey.mean()) * window)) ** 2 / (height * width)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    radius = np.hypot(fy, fx)
    band = np.floor(np.log2(np.maximum(radius, 1e-9) / 0.5) + _BANDS).astype(np.intp)
    band = np.clip(band, 0, _BANDS - 1).ravel()
    sums = np.bincount(band, weights=power.ravel(), minlength=_BANDS)
    sizes = np.maximum(np.bincount(band, minlength=_BANDS), 1)
    levels = np.log(sums / sizes + _EPS)
    slope = np.polyfit(np.arange(_BANDS), levels, 1)[0]
    angle = np.mod(np.arctan2(fy, fx), np.pi) * (_WEDGES / np.pi)
    wedge = np.floor(angle + 0.5).astype(np.intp) % _WEDGES
    fine = (radius > 0.125) & (radius <= 0.5)
    shares = np.bincount(wedge[fine], weights=power[fine], minlength=_WEDGES)
    return [*levels, float(slope), *(shares / (shares.sum() + _EPS))]


def _autocorrelations(detail: _Image) -> list[float]:
    """Correlate detail with itself, moved along the row, the column and both diagonals."""
    found = []
    for lag in _LAGS:
        left, right = detail[:, :-lag], detail[:, lag:]
        upper, lower = detail[:-lag], detail[lag:]
        found += [_correlation(left, right), _correlation(upper, lower)]
        found += [
            _correlation(upper[:, :-lag], lower[:, lag:]),
            _correlation(upper[:, lag:], lower[:, :-lag]),
        ]
    return found


def _correlation(first: _Image, second: _Image) -> float:
    if first.size == 0:
        return 0.0
    product = float((first * second).mean())
    return product / (float(np.sqrt((first * first).mean() * (second * second).mean())) + _EPS)
