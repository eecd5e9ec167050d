"""What the fusion of a stage of the experts takes, of one image, in compiled loops.

The maps of an image lie in memory as [rows, channels, columns] with zeros around every channel, so
that a kernel may look over the border.
"""

from __future__ import annotations

from rainmer_analysis.kernels import hcw_maps
from rainmer_analysis.kernels.hcw_maps import (
    ABOVE,
    COLUMNS,
    STORE_RELU,
    convolve_channel,
    multiply_channels,
)
from rainmer_analysis.kernels.numba_decorators import compiled, inlined
from rainmer_analysis.train.compiled.mixture_weights import (
    FIRST_DEPTHWISE,
    FUSED_MAPS,
    SECOND_DEPTHWISE,
    SEPARABLE,
)

__all__ = [
    "compute_expert_features",
    "exclude_padding_from_averages",
    "first_pixel_and_strides",
    "zero_beyond_last_column",
]

first_pixel_and_strides = compiled(hcw_maps.first_pixel_and_strides)


@compiled
def zero_beyond_last_column(maps, size):  # type: ignore[no-untyped-def]
    """Put zeros beyond the last column, where whole blocks were written."""
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(maps.shape[1]):
            for column in range(size[1], -(-size[1] // COLUMNS) * COLUMNS):
                maps[row, channel, column] = 0.0


@compiled
def exclude_padding_from_averages(maps, first, dim, size):  # type: ignore[no-untyped-def]
    """Leave what lies beyond the border out of averages over 9 pixels, or of their gradients."""
    last = ABOVE + size[0] - 1
    for channel in range(first, first + dim):
        for column in range(size[1]):
            maps[ABOVE, channel, column] *= 1.5
            maps[last, channel, column] *= 1.5
        for row in range(ABOVE, last + 1):
            maps[row, channel, 0] *= 1.5
            maps[row, channel, size[1] - 1] *= 1.5


@inlined
def compute_expert_features(maps, weights, size):  # type: ignore[no-untyped-def]
    """Compute what the fusion of a stage takes."""
    x, thin, pointed, found = maps
    firsts, seconds, points = weights[0], weights[1], weights[2]
    dim = x.shape[1]
    at, thin_at, pointed_at, found_at = (
        first_pixel_and_strides(x),
        first_pixel_and_strides(thin),
        first_pixel_and_strides(pointed),
        first_pixel_and_strides(found),
    )
    flat, thin_flat = x.reshape(-1), thin.reshape(-1)
    pointed_flat, found_flat = pointed.reshape(-1), found.reshape(-1)
    for channel in range(dim):
        start, weight = at[0] + channel * at[2], 0
        for number in range(len(FIRST_DEPTHWISE)):
            form = FIRST_DEPTHWISE[number]
            taps = weight + channel * form[0] ** 2
            if number < SEPARABLE:
                to = thin_at[0] + (number * dim + channel) * thin_at[2]
                convolve_channel(
                    flat, start, at[1], firsts, taps, form, thin_flat, to, thin_at[1], size, False
                )
            else:
                to = found_at[0] + ((number + 1) * dim + channel) * found_at[2]
                convolve_channel(
                    flat, start, at[1], firsts, taps, form, found_flat, to, found_at[1], size, False
                )
            weight += dim * form[0] ** 2
    exclude_padding_from_averages(found, (FUSED_MAPS - 1) * dim, dim, size)
    multiply_channels(
        points, (0, dim, 1, dim, dim), flat, at, found_flat, found_at, size, STORE_RELU
    )
    for number in range(SEPARABLE):
        shift = number * dim
        source = thin_at[0] + shift * thin_at[2], thin_at[1], thin_at[2]
        target = pointed_at[0] + shift * pointed_at[2], pointed_at[1], pointed_at[2]
        matrix = ((number + 1) * dim * dim, dim, 1, dim, dim)
        multiply_channels(points, matrix, thin_flat, source, pointed_flat, target, size, STORE_RELU)
    zero_beyond_last_column(pointed, size)
    for channel in range(dim):
        weight = 0
        for number in range(SEPARABLE):
            form = SECOND_DEPTHWISE[number]
            taps = weight + channel * form[0] ** 2
            start = pointed_at[0] + (number * dim + channel) * pointed_at[2]
            to = found_at[0] + ((number + 1) * dim + channel) * found_at[2]
            convolve_channel(
                pointed_flat, start, pointed_at[1], seconds, taps, form,
                found_flat, to, found_at[1], size, False,
            )  # fmt: skip
            weight += dim * form[0] ** 2
