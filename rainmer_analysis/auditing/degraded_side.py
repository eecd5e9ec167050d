"""Which image of a pair is the degraded one.

Every feature changes its sign when the two are exchanged, so that the answer does too: what
distinguishes them is what weather does. Rain, snow and noise put fine contrast where the clean
image is smooth; they add light in few places; veils take contrast away without adding any of their
own. The weights are those of a logistic regression over simulated pairs of all recipes, of scenes
of the split ``train`` (`benchmarks/audit/orientation.py` fits them, and holds them against scenes
of the split ``figure``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing.plane_smoothing_and_resampling import binomial_smooth

__all__ = ["FEATURES", "degraded_side_features", "log_odds_partner_degraded"]

_SCALES = 3
_NOISE = 1.0  # levels below which contrast is rounding
_STRIDE = 640  # longer side, about, to which pixels are left out, ...
_MIDDLE = 384  # ... and the sides of the middle of it, which is looked at

FEATURES: tuple[str, ...] = (
    *(f"filled_{2**k}" for k in range(_SCALES)),
    *(f"added_{2**k}" for k in range(_SCALES)),
    *(f"contrast_{2**k}" for k in range(_SCALES)),
    "specks",
    "light",
    "brightness",
)
_COEFFICIENTS = np.array(
    [3.66, 2.34, 0.78, 0.70, -0.46, -0.75, 0.04, -2.16, -4.08, 1.78, 2.20, -0.19]
)

Plane = npt.NDArray[np.float32]


def log_odds_partner_degraded(image: Plane, partner: Plane) -> float:
    """Return the log odds that the partner, not the image, is the degraded one.

    Parameters
    ----------
    image, partner
        Luma [H, W] in levels, registered.
    """
    return -float(degraded_side_features(image, partner) @ _COEFFICIENTS)


def degraded_side_features(image: Plane, partner: Plane) -> npt.NDArray[np.float64]:
    """Return what distinguishes two images' luma [H, W], positive where the first one has it.

    Returns
    -------
    Shape (12,), in the order of `FEATURES`: logarithms of fine contrast, averaged over pixels, in
    three octaves (smooth places count most); of its energy, times the share that the other does
    not explain, and times the share that it does; skewness of the difference; share of its energy
    that is brighter less that which is darker; its mean against its size. All lie between -3 and 3.
    """
    planes = [_thinned_centre(each) for each in (image, partner)]
    difference = planes[0] - planes[1]
    filled, added, contrast = [], [], []
    for _ in range(_SCALES):
        broad = [binomial_smooth(plane) for plane in planes]
        one, two = (plane - low for plane, low in zip(planes, broad, strict=True))
        filled.append(float(np.log((np.abs(one) + _NOISE) / (np.abs(two) + _NOISE)).mean()))
        energy = [float((each * each).mean()) + 0.1 * _NOISE for each in (one, two)]
        shared = float((one * two).mean()) ** 2 / (energy[0] * energy[1])
        ratio = float(np.log(energy[0] / energy[1]))
        added.append(ratio * (1.0 - shared))
        contrast.append(ratio * shared)
        planes = [plane[::2, ::2] for plane in broad]
    return np.clip([*filled, *added, *contrast, *_difference_features(difference)], -3.0, 3.0)


def _difference_features(difference: Plane) -> tuple[float, float, float]:
    mean, square = float(difference.mean()), float((difference**2).mean()) + 0.1 * _NOISE
    centred = difference - np.float32(mean)
    deviation = float(centred.std()) + 0.1 * _NOISE
    skewness = float((centred * centred * centred).mean()) / deviation**3
    brighter, darker = (
        float((np.maximum(each, 0) ** 2).mean()) for each in (difference, -difference)
    )
    light = (brighter - darker) / square
    return float(np.cbrt(skewness)), light, mean / float(np.sqrt(square))


def _thinned_centre(plane: Plane) -> Plane:
    step = max(1, round(max(plane.shape) / _STRIDE))
    thinned = plane[::step, ::step]
    rows, columns = (max(0, (side - _MIDDLE) // 2) for side in thinned.shape)
    return thinned[rows : rows + _MIDDLE, columns : columns + _MIDDLE]
