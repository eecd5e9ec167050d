"""Random fields and kernels that scenes and weather are made of.

Everything is computed in float64 on one thread. Libraries differ in the last bit of ``exp`` or of
a Fourier transform; such a difference (1e-15) vanishes when images are rounded to 8 bits. Pixels
were found equal under numpy's AVX-512, AVX2 and SSE code and for any number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from rainmer_analysis.weather.random_laws import spawn_generator

__all__ = [
    "Field",
    "capsule_kernel",
    "gaussian_blur",
    "pixel_centres",
    "power_law_noise",
    "scatter_kernels",
]

Field = NDArray[np.float64]


def pixel_centres(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Return coordinates of pixel centres in [0, 1]: of rows [H, 1] and of columns [1, W]."""
    rows = (np.arange(shape[0]) + 0.5) / shape[0]
    columns = (np.arange(shape[1]) + 0.5) / shape[1]
    return rows[:, None], columns[None, :]


def power_law_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    slope: float = 1.0,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> Field:
    """Return a 1/f**slope field [H, W] with mean 0 and sd 1.

    ``stretch`` above 1 makes the field smoother along that axis. Coarse structure is the same at
    every size of one aspect ratio.
    """
    size = wrapping_plane_size(shape)
    rows = fft.fftfreq(size[0]) * max(size) * stretch[0]
    columns = fft.rfftfreq(size[1]) * max(size) * stretch[1]
    power = rows[:, None] ** 2 + columns[None, :] ** 2
    power[0, 0] = 1.0
    weight = power ** (-slope / 2)
    weight[0, 0] = 0.0
    spectrum = _random_half_spectrum(rng, weight.shape)
    field = fft.irfft2(spectrum * weight, s=size)[: shape[0], : shape[1]]
    field = field - field.mean()
    return np.asarray(field / max(float(field.std()), 1e-12), dtype=np.float64)


def _random_half_spectrum(
    rng: np.random.Generator, shape: tuple[int, int]
) -> NDArray[np.complex128]:
    """Return a random half spectrum; its 16 lowest frequencies do not depend on its shape."""
    coarse, fine = spawn_generator(rng), spawn_generator(rng)
    numbers = fine.standard_normal((2, *shape))
    lowest = coarse.standard_normal((2, 33, 17))
    reach = min(16, (shape[0] - 1) // 2, shape[1] - 1)
    rows = np.arange(-reach, reach + 1)
    numbers[:, rows[:, None], np.arange(reach + 1)] = lowest[:, rows, : reach + 1]
    return np.asarray(numbers[0] + 1j * numbers[1])


def gaussian_blur(field: Field, sigma: float) -> Field:
    """Blur the last two axes by a Gaussian of ``sigma`` pixels (none below a tenth of a pixel)."""
    if sigma < 0.1:
        return field
    sigmas = [0.0] * (field.ndim - 2) + [sigma, sigma]
    return np.asarray(ndimage.gaussian_filter(field, sigmas, mode="nearest", truncate=3.0))


def capsule_kernel(
    shape: tuple[int, int], *, length: float, width: float, angle: float, soft: bool
) -> Field:
    """Return a kernel with peak 1 around [0, 0] (wrapping): a thick segment of ``length`` pixels.

    ``angle`` is measured from the vertical in degrees. A ``soft`` kernel falls off like a Gaussian
    of sd ``width`` to its sides and fades towards its ends, as a drop's blurred way does;
    otherwise it is a disc of radius ``width`` swept along the segment.
    """
    rows = (fft.fftfreq(shape[0]) * shape[0])[:, None]
    columns = (fft.fftfreq(shape[1]) * shape[1])[None, :]
    sine, cosine = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    along = np.abs(rows * cosine + columns * sine)
    across = columns * cosine - rows * sine
    if soft:
        fade = (along / (length / 2 + width)) ** 4
        return np.asarray(np.exp(-(across**2) / (2 * width**2) - fade))
    square = across**2 + np.maximum(along - length / 2, 0.0) ** 2
    return np.asarray(np.clip(width + 0.5 - np.sqrt(square), 0.0, 1.0))


def scatter_kernels(
    rng: np.random.Generator, shape: tuple[int, int], layers: list[tuple[float, Field]]
) -> Field:
    """Return the sum of kernels dropped at random places: [H, W], at least 0.

    Parameters
    ----------
    rng
        Random stream.
    shape
        Height and width of the result.
    layers
        Per layer the expected number of drops and a kernel from :func:`capsule_kernel` at
        :func:`wrapping_plane_size`; drops have amplitudes between 0.3 and 1.
    """
    size = wrapping_plane_size(shape)
    spectrum = np.zeros((size[0], size[1] // 2 + 1), dtype=np.complex128)
    for expected, kernel in layers:
        count = int(rng.poisson(expected))
        places = rng.integers(0, size[0] * size[1], size=count)
        amplitudes = 0.3 + 0.7 * rng.random(count)
        plane = np.bincount(places, weights=amplitudes, minlength=size[0] * size[1])
        spectrum += fft.rfft2(plane.reshape(size)) * fft.rfft2(kernel)
    field = fft.irfft2(spectrum, s=size)[: shape[0], : shape[1]]
    return np.asarray(np.maximum(field, 0.0))


def wrapping_plane_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the size, quick to transform, of the wrapping plane behind an image of ``shape``."""
    return fft.next_fast_len(shape[0], real=True), fft.next_fast_len(shape[1], real=True)
