"""One stage of the experts on one image, forward and backward, in compiled loops.

What lies between a stage's input and its output is computed again in the backward pass: that is
cheaper than to fetch it from memory.
"""

from __future__ import annotations

import numpy as np

from rainmer_analysis.kernels.hcw_maps import (
    ABOVE,
    COLUMNS,
    NATIVE,
    STORE,
    STORE_RELU,
    add_depthwise_gradient,
    add_outer_products,
    convolve_channel,
    multiply_channels,
)
from rainmer_analysis.kernels.numba_decorators import compiled, inlined
from rainmer_analysis.train.compiled.expert_features import (
    compute_expert_features,
    exclude_padding_from_averages,
    first_pixel_and_strides,
    zero_beyond_last_column,
)
from rainmer_analysis.train.compiled.mixture_weights import (
    FIRST_DEPTHWISE,
    FUSED_MAPS,
    SECOND_DEPTHWISE,
    SEPARABLE,
)

__all__ = ["stage_backward", "stage_forward"]

_NEXT = np.float32(1 + 2**-23)  # makes a number larger by no more than rounding


@compiled
def stage_forward(maps, output, weights, size):  # type: ignore[no-untyped-def]
    """Pass an image through a stage.

    Parameters
    ----------
    maps
        [rows, channels, columns] each: the input, and room for the separable experts' maps before
        and behind their first product (3 dim channels each) and for what is fused (8 dim).
    output
        Written: the output.
    weights
        Flat: depthwise kernels of the first round, of the second, the matrices between them, and
        the fusion with the gate's weights in it, [dim, 8 dim].
    size
        Height and width.
    """
    x, found = maps[0], maps[3]
    dim = x.shape[1]
    compute_expert_features(maps, weights, size)
    matrix = (0, FUSED_MAPS * dim, 1, dim, FUSED_MAPS * dim)
    found_at, y_at = first_pixel_and_strides(found), first_pixel_and_strides(output)
    multiply_channels(
        weights[3], matrix, found.reshape(-1), found_at, output.reshape(-1), y_at, size, STORE_RELU
    )
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(dim):
            for column in range(size[1]):
                added, entered = output[row, channel, column], x[row, channel, column]
                total = added + entered
                # the backward pass sees by the sum whether anything was added
                if added > 0.0 and total <= entered:
                    total = entered * _NEXT
                output[row, channel, column] = total
    zero_beyond_last_column(output, size)


@compiled
def _relu_backward(gradient, maps, channels, size):  # type: ignore[no-untyped-def]
    """Clear a gradient where the map, after its rectifier, is not above zero."""
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(channels):
            for column in range(-(-size[1] // COLUMNS) * COLUMNS):
                if not maps[row, channel, column] > 0.0:
                    gradient[row, channel, column] = 0.0


@inlined
def _fusion_backward(maps, output, gradients, weights, size, sums):  # type: ignore[no-untyped-def]
    """Pass a gradient back to what is fused."""
    x, found = maps[0], maps[3]
    given, fused, mixed = gradients[0], gradients[1], gradients[2]
    dim = x.shape[1]
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(dim):
            for column in range(size[1]):
                above = output[row, channel, column] > x[row, channel, column]
                fused[row, channel, column] = given[row, channel, column] if above else 0.0
    at, flat = first_pixel_and_strides(fused), fused.reshape(-1)
    counts, matrix = (dim, FUSED_MAPS * dim), (0, 1, FUSED_MAPS * dim, FUSED_MAPS * dim, dim)
    add_outer_products(
        flat, at, found.reshape(-1), first_pixel_and_strides(found), counts, size, sums[3], 0
    )
    multiply_channels(
        weights[3], matrix, flat, at, mixed.reshape(-1), first_pixel_and_strides(mixed), size, STORE
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
        first_pixel_and_strides(mixed),
        first_pixel_and_strides(behind),
        first_pixel_and_strides(pointed),
    )
    flat, behind_flat, pointed_flat = mixed.reshape(-1), behind.reshape(-1), pointed.reshape(-1)
    _relu_backward(mixed, found, dim, size)
    add_outer_products(
        flat, at, x.reshape(-1), first_pixel_and_strides(x), (dim, dim), size, sums[2], 0
    )
    matrix = (0, 1, dim, dim, dim)
    multiply_channels(
        weights[2], matrix, flat, at, to_x.reshape(-1), first_pixel_and_strides(to_x), size, STORE
    )
    for channel in range(dim):
        weight = 0
        for number in range(SEPARABLE):
            form = SECOND_DEPTHWISE[number]
            taps = weight + channel * form[0] ** 2
            start = at[0] + ((number + 1) * dim + channel) * at[2]
            place = pointed_at[0] + (number * dim + channel) * pointed_at[2]
            to = behind_at[0] + (number * dim + channel) * behind_at[2]
            add_depthwise_gradient(
                pointed_flat, place, pointed_at[1], flat, start, at[1],
                form, size, sums[1], taps * NATIVE,
            )  # fmt: skip
            convolve_channel(
                flat, start, at[1], kernels, taps, form,
                behind_flat, to, behind_at[1], size, False,
            )  # fmt: skip
            weight += dim * form[0] ** 2
    _relu_backward(behind, pointed, SEPARABLE * dim, size)
    thin_at, before_at = first_pixel_and_strides(thin), first_pixel_and_strides(before)
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
            weights[2], matrix, behind_flat, left, before.reshape(-1), target, size, STORE
        )


@inlined
def _first_round_backward(maps, gradients, kernels, size, sums):  # type: ignore[no-untyped-def]
    """Add the gradients of all first depthwise maps to that of the input."""
    x, mixed, before, to_x = maps[0], gradients[2], gradients[4], gradients[5]
    dim = x.shape[1]
    x_at, mixed_at, before_at, to_at = (
        first_pixel_and_strides(x),
        first_pixel_and_strides(mixed),
        first_pixel_and_strides(before),
        first_pixel_and_strides(to_x),
    )
    flat, to_flat = x.reshape(-1), to_x.reshape(-1)
    mixed_flat, before_flat = mixed.reshape(-1), before.reshape(-1)
    exclude_padding_from_averages(mixed, (FUSED_MAPS - 1) * dim, dim, size)
    for channel in range(dim):
        weight = 0
        place, to = x_at[0] + channel * x_at[2], to_at[0] + channel * to_at[2]
        for number in range(len(FIRST_DEPTHWISE)):
            form = FIRST_DEPTHWISE[number]
            taps = weight + channel * form[0] ** 2
            if number < SEPARABLE:
                start = before_at[0] + (number * dim + channel) * before_at[2]
                outside, line = before_flat, before_at[1]
            else:
                start = mixed_at[0] + ((number + 1) * dim + channel) * mixed_at[2]
                outside, line = mixed_flat, mixed_at[1]
            if number < len(FIRST_DEPTHWISE) - 1:
                add_depthwise_gradient(
                    flat, place, x_at[1], outside, start, line,
                    form, size, sums[0], taps * NATIVE,
                )  # fmt: skip
            convolve_channel(
                outside, start, line, kernels, taps, form, to_flat, to, to_at[1], size, True
            )
            weight += dim * form[0] ** 2


@compiled
def stage_backward(maps, output, gradients, weights, mirrored, size, sums):  # type: ignore[no-untyped-def]
    """Pass a gradient back through a stage.

    Parameters
    ----------
    maps, output, weights, size
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
    compute_expert_features(maps, weights, size)
    _fusion_backward(maps, output, gradients, weights, size, sums)
    _second_round_backward(maps, gradients, weights, mirrored[1], size, sums)
    _first_round_backward(maps, gradients, mirrored[0], size, sums)
    for row in range(ABOVE, ABOVE + size[0]):
        for channel in range(x.shape[1]):
            for column in range(size[1]):
                if output[row, channel, column] > 0.0:
                    to_x[row, channel, column] += given[row, channel, column]
