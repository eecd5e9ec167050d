"""Lossy compression as in JPEG, in which most published datasets are stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from rainmer_analysis.weather.effects.effect import Effect
from rainmer_analysis.weather.fields_and_kernels import Field
from rainmer_analysis.weather.random_laws import Number, drawn_number

__all__ = ["Compression"]

# Steps of quantisation at quality 50 (ITU-T T.81, tables K.1 and K.2), rows of vertical frequency.
_LUMA_STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56], [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)  # fmt: skip
_CHROMA_STEPS = np.full((8, 8), 99)
_CHROMA_STEPS[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
# R, G, B -> Y, Cb, Cr of full range (ITU-T T.871).
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
_TO_RGB = np.linalg.inv(_TO_YCC)
# The orthonormal cosine transform of 8 values as a matrix.
_COSINES = fft.dct(np.eye(8), axis=0, norm="ortho")


@dataclass(frozen=True)
class Compression(Effect):
    """An image stored as JPEG of a ``quality`` from 1 to 100, colour at half the resolution.

    Images that the published measurements were taken on were stored with quality 75.
    """

    quality: Number

    def apply(self, image: Field, rng: np.random.Generator) -> Field:
        """Return ``image`` [3, H, W] in [0, 1] as it comes back, which leaves nothing to chance."""
        del rng
        height, width = image.shape[1:]
        padding = ((0, 0), (0, -height % 16), (0, -width % 16))
        levels = np.pad(_round_half_up(image * 255.0), padding, mode="edge")
        luma, *chroma = np.tensordot(_TO_YCC, levels - 128.0, axes=1)
        quality = drawn_number(self.quality)
        planes = [_quantise_dct(luma, _quantisation_steps(_LUMA_STEPS, quality))]
        for plane in chroma:
            half = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))
            planes.append(
                _upsample_by_two(_quantise_dct(half, _quantisation_steps(_CHROMA_STEPS, quality)))
            )
        found = np.tensordot(_TO_RGB, np.array(planes), axes=1) + 128.0
        return np.asarray(np.clip(found[:, :height, :width] / 255.0, 0.0, 1.0))


def _round_half_up(values: Field) -> Field:
    """Round to whole numbers, a half (up to errors of arithmetic) always up."""
    return np.asarray(np.floor(values + (0.5 + 1e-6)))


def _quantisation_steps(table: np.ndarray, quality: float) -> Field:
    scale = 50.0 / quality if quality < 50.0 else 2.0 - quality / 50.0
    return np.asarray(np.clip(_round_half_up(table * scale), 1.0, 255.0))


def _quantise_dct(plane: Field, steps: Field) -> Field:
    """Return a plane [H, W] after rounding its 8x8 blocks' cosine transforms to ``steps``."""
    tall, wide = plane.shape[0] // 8, plane.shape[1] // 8
    spectrum = (_COSINES @ plane.reshape(tall, 8, -1)).reshape(-1, 8) @ _COSINES.T
    sizes = np.broadcast_to(steps[None, :, None, :], (tall, 8, wide, 8)).reshape(-1, 8)
    spectrum = _round_half_up(spectrum / sizes) * sizes
    restored = _COSINES.T @ (spectrum @ _COSINES).reshape(tall, 8, -1)
    return np.asarray(restored.reshape(plane.shape))


def _upsample_by_two(plane: Field) -> Field:
    """Return a plane [H, W] at twice its size, by weights of 3/4 and 1/4 of the nearest two."""
    for axis in (0, 1):
        padded = np.pad(plane, [(1, 1) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        middle = np.moveaxis(padded, axis, 0)
        pairs = [0.75 * middle[1:-1] + 0.25 * middle[:-2], 0.75 * middle[1:-1] + 0.25 * middle[2:]]
        plane = np.moveaxis(np.stack(pairs, axis=1).reshape(-1, *middle.shape[1:]), 0, axis)
    return plane
