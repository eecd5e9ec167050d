"""One stage of the experts on one image, forward and backward, in compiled loops.

The maps of an image lie in memory as [rows, channels, columns] with zeros around every channel, so
that a kernel may look over the border. What lies between a stage's input and its output is computed
again in the backward pass: that is cheaper than to fetch it from memory.
"""

from __future__ import annotations

import numpy as np

from rainmer_analysis.kernels.planar import (
    ABOVE,
    COLUMNS,
    NATIVE,
    PUT,
    RECTIFY,
    add_outer_products,
    add_weight_gradient,
    convolve_channel,
    multiply_channels,
)
from rainmer_analysis.kernels.simd_vectors import compiled, inlined

__all__ = ["FIRSTS", "MIXED", "SECONDS", "SEPARABLE", "stage_backward", "stage_forward"]

# Side and dilation of the depthwise kernels: of the separable experts of sides 3, 5 and 7 (the one
# of side 1 has none), of the dilated experts, and of the average, whose weights are constant.
FIRSTS = ((3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2), (3, 1))
SECONDS = FIRSTS[:3]
SEPARABLE = len(SECONDS)
MIXED = 8  # maps that the fusion takes: of the separable expert of side 1, and as above
_NEXT = np.float32(1 + 2**-23)  # makes a number larger by no more than rounding


@compiled
def _first_pixel_and_strides(maps):  # type: ignore[no-untyped-def]
    """Return where the first pixel of a map lies, and how far apart rows and channels do."""
    row = maps.shape[1] * maps.shape[2]
    return ABOVE * row, row, maps.shape[2]


@compiled
def _zero_beyond_last_column(maps, size):  # type: ignore[no-untyped-def]
    """Put zeros beyond the last column, where whole blocks were written."""
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(maps.shape[1]):
            for column in range(size[1], -(-size[1] // COLUMNS) * COLUMNS):
                maps[row, channel, column] = 0.0


@compiled
def _exclude_border_from_averages(maps, first, dim, size):  # type: ignore[no-untyped-def]
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
def _expert_features(maps, weights, size):  # type: ignore[no-untyped-def]
    """Compute what the fusion of a stage takes."""
    x, thin, pointed, found = maps
    firsts, seconds, points = weights[0], weights[1], weights[2]
    dim = x.shape[1]
    at, thin_at, pointed_at, found_at = (
        _first_pixel_and_strides(x),
        _first_pixel_and_strides(thin),
        _first_pixel_and_strides(pointed),
        _first_pixel_and_strides(found),
    )
    flat, thin_flat = x.reshape(-1), thin.reshape(-1)
    pointed_flat, found_flat = pointed.reshape(-1), found.reshape(-1)
    for channel in range(dim):
        start, weight = at[0] + channel * at[2], 0
        for number in range(len(FIRSTS)):
            form = FIRSTS[number]
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
    _exclude_border_from_averages(found, (MIXED - 1) * dim, dim, size)
    multiply_channels(points, (0, dim, 1, dim, dim), flat, at, found_flat, found_at, size, RECTIFY)
    for number in range(SEPARABLE):
        shift = number * dim
        source = thin_at[0] + shift * thin_at[2], thin_at[1], thin_at[2]
        target = pointed_at[0] + shift * pointed_at[2], pointed_at[1], pointed_at[2]
        matrix = ((number + 1) * dim * dim, dim, 1, dim, dim)
        multiply_channels(points, matrix, thin_flat, source, pointed_flat, target, size, RECTIFY)
    _zero_beyond_last_column(pointed, size)
    for channel in range(dim):
        weight = 0
        for number in range(SEPARABLE):
            form = SECONDS[number]
            taps = weight + channel * form[0] ** 2
            start = pointed_at[0] + (number * dim + channel) * pointed_at[2]
            to = found_at[0] + ((number + 1) * dim + channel) * found_at[2]
            convolve_channel(
                pointed_flat, start, pointed_at[1], seconds, taps, form,
                found_flat, to, found_at[1], size, False,
            )  # fmt: skip
            weight += dim * form[0] ** 2


@compiled
def stage_forward(maps, y, weights, size):  # type: ignore[no-untyped-def]
    """Pass an image through a stage.

    Parameters
    ----------
    maps
        [rows, channels, columns] each: the input, and room for the separable experts' maps before
        and behind their first product (3 dim channels each) and for what is fused (8 dim).
    y
        Written: the output.
    weights
        Flat: depthwise kernels of the first round, of the second, the matrices between them, and
        the fusion with the gate's weights in it, [dim, 8 dim].
    size
        Height and width.
    """
    x, found = maps[0], maps[3]
    dim = x.shape[1]
    _expert_features(maps, weights, size)
    matrix = (0, MIXED * dim, 1, dim, MIXED * dim)
    found_at, y_at = _first_pixel_and_strides(found), _first_pixel_and_strides(y)
    multiply_channels(
        weights[3], matrix, found.reshape(-1), found_at, y.reshape(-1), y_at, size, RECTIFY
    )
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(dim):
            for column in range(size[1]):
                added, entered = y[row, channel, column], x[row, channel, column]
                total = added + entered
                # the backward pass sees by the sum whether anything was added
                if added > 0.0 and total <= entered:
                    total = entered * _NEXT
                y[row, channel, column] = total
    _zero_beyond_last_column(y, size)


@compiled
def _relu_backward(gradient, maps, channels, size):  # type: ignore[no-untyped-def]
    """Clear a gradient where the map, after its rectifier, is not above zero."""
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(channels):
            for column in range(-(-size[1] // COLUMNS) * COLUMNS):
                if not maps[row, channel, column] > 0.0:
                    gradient[row, channel, column] = 0.0


@inlined
def _fusion_backward(maps, y, gradients, weights, size, sums):  # type: ignore[no-untyped-def]
    """Pass a gradient back to what is fused."""
    x, found = maps[0], maps[3]
    given, fused, mixed = gradients[0], gradients[1], gradients[2]
    dim = x.shape[1]
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(dim):
            for column in range(size[1]):
                above = y[row, channel, column] > x[row, channel, column]
                fused[row, channel, column] = given[row, channel, column] if above else 0.0
    at, flat = _first_pixel_and_strides(fused), fused.reshape(-1)
    counts, matrix = (dim, MIXED * dim), (0, 1, MIXED * dim, MIXED * dim, dim)
    add_outer_products(
        flat, at, found.reshape(-1), _first_pixel_and_strides(found), counts, size, sums[3], 0
    )
    multiply_channels(
        weights[3], matrix, flat, at, mixed.reshape(-1), _first_pixel_and_strides(mixed), size, PUT
    )


@inlined
def _second_round_backward(maps, gradients, weights, kernels, size, sums):  # type: ignore[no-untyped-def]
    """Pass gradients back from what is fused to the separable experts' first depthwise maps.

    That of the expert of side 1, which has no such map, goes to the input.
    """
    x, thin, pointed, found = maps
    mixed, behind, before, to_x = gradients[2], gradients[3], gradients[4], gradients[5]
    dim = x.shape[1]
    at, behind_at, pointed_at = (
        _first_pixel_and_strides(mixed),
        _first_pixel_and_strides(behind),
        _first_pixel_and_strides(pointed),
    )
    flat, behind_flat, pointed_flat = mixed.reshape(-1), behind.reshape(-1), pointed.reshape(-1)
    _relu_backward(mixed, found, dim, size)
    add_outer_products(
        flat, at, x.reshape(-1), _first_pixel_and_strides(x), (dim, dim), size, sums[2], 0
    )
    matrix = (0, 1, dim, dim, dim)
    multiply_channels(
        weights[2], matrix, flat, at, to_x.reshape(-1), _first_pixel_and_strides(to_x), size, PUT
    )
    for channel in range(dim):
        weight = 0
        for number in range(SEPARABLE):
            form = SECONDS[number]
            taps = weight + channel * form[0] ** 2
            start = at[0] + ((number + 1) * dim + channel) * at[2]
            place = pointed_at[0] + (number * dim + channel) * pointed_at[2]
            to = behind_at[0] + (number * dim + channel) * behind_at[2]
            add_weight_gradient(
                pointed_flat, place, pointed_at[1], flat, start, at[1],
                form, size, sums[1], taps * NATIVE,
            )  # fmt: skip
            convolve_channel(
                flat, start, at[1], kernels, taps, form,
                behind_flat, to, behind_at[1], size, False,
            )  # fmt: skip
            weight += dim * form[0] ** 2
    _relu_backward(behind, pointed, SEPARABLE * dim, size)
    thin_at, before_at = _first_pixel_and_strides(thin), _first_pixel_and_strides(before)
    for number in range(SEPARABLE):
        shift, square = number * dim, (number + 1) * dim * dim
        left = behind_at[0] + shift * behind_at[2], behind_at[1], behind_at[2]
        right = thin_at[0] + shift * thin_at[2], thin_at[1], thin_at[2]
        target = before_at[0] + shift * before_at[2], before_at[1], before_at[2]
        counts, matrix = (dim, dim), (square, 1, dim, dim, dim)
        add_outer_products(
            behind_flat, left, thin.reshape(-1), right, counts, size, sums[2], square * NATIVE
        )
        multiply_channels(
            weights[2], matrix, behind_flat, left, before.reshape(-1), target, size, PUT
        )


@inlined
def _first_round_backward(maps, gradients, kernels, size, sums):  # type: ignore[no-untyped-def]
    """Add the gradients of all first depthwise maps to that of the input."""
    x, mixed, before, to_x = maps[0], gradients[2], gradients[4], gradients[5]
    dim = x.shape[1]
    x_at, mixed_at, before_at, to_at = (
        _first_pixel_and_strides(x),
        _first_pixel_and_strides(mixed),
        _first_pixel_and_strides(before),
        _first_pixel_and_strides(to_x),
    )
    flat, to_flat = x.reshape(-1), to_x.reshape(-1)
    mixed_flat, before_flat = mixed.reshape(-1), before.reshape(-1)
    _exclude_border_from_averages(mixed, (MIXED - 1) * dim, dim, size)
    for channel in range(dim):
        weight = 0
        place, to = x_at[0] + channel * x_at[2], to_at[0] + channel * to_at[2]
        for number in range(len(FIRSTS)):
            form = FIRSTS[number]
            taps = weight + channel * form[0] ** 2
            if number < SEPARABLE:
                start = before_at[0] + (number * dim + channel) * before_at[2]
                outside, line = before_flat, before_at[1]
            else:
                start = mixed_at[0] + ((number + 1) * dim + channel) * mixed_at[2]
                outside, line = mixed_flat, mixed_at[1]
            if number < len(FIRSTS) - 1:
                add_weight_gradient(
                    flat, place, x_at[1], outside, start, line,
                    form, size, sums[0], taps * NATIVE,
                )  # fmt: skip
            convolve_channel(
                outside, start, line, kernels, taps, form, to_flat, to, to_at[1], size, True
            )
            weight += dim * form[0] ** 2


@compiled
def stage_backward(maps, y, gradients, weights, mirrored, size, sums):  # type: ignore[no-untyped-def]
    """Pass a gradient back through a stage.

    Parameters
    ----------
    maps, y, weights, size
        As for `stage_forward`; input and output are read, the others computed again.
    gradients
        At the output, [rows, dim, columns]; then room for those at the fusion (dim channels), at
        what is fused (8 dim), and at the separable experts' maps behind and before their first
        product (3 dim each); last, written, at the input (dim).
    mirrored
        Depthwise kernels of the first and the second round, each turned by half a turn.
    sums
        Added to: `NATIVE` partial sums for each weight of `weights`, in its order.
    """
    x, given, to_x = maps[0], gradients[0], gradients[5]
    _expert_features(maps, weights, size)
    _fusion_backward(maps, y, gradients, weights, size, sums)
    _second_round_backward(maps, gradients, weights, mirrored[1], size, sums)
    _first_round_backward(maps, gradients, mirrored[0], size, sums)
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(x.shape[1]):
            for column in range(size[1]):
                if y[row, channel, column] > 0.0:
                    to_x[row, channel, column] += given[row, channel, column]
