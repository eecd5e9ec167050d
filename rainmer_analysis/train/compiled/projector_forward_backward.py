"""One projector on one image, forward and backward, in compiled loops.

Sums over pixels add rows first, so that they are quick and exact enough in float32.
"""

from __future__ import annotations

import numpy as np

from rainmer_analysis.kernels.hcw_maps import ABOVE, add_transformed_kernel_gradient, convolve_3x3
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = ["BLOCK", "projector_backward", "projector_forward"]

BLOCK = 8  # side of the squares of the detail map
_SLOPE = np.float32(0.1)


@compiled
def _squeeze_excite(mean, gate, hidden, scale):  # type: ignore[no-untyped-def]
    """Compute the factors of channels from their means: squeeze-and-excite."""
    first, second = gate
    for j in range(len(hidden)):
        total = 0.0
        for c in range(len(mean)):
            total += first[j, c] * mean[c]
        hidden[j] = max(total, 0.0)
    for c in range(len(mean)):
        total = 0.0
        for j in range(len(hidden)):
            total += second[c, j] * hidden[j]
        scale[c] = 1.0 / (1.0 + np.exp(-total))


@compiled
def _squeeze_excite_backward(to_scale, seen, gate, sums, to_mean):  # type: ignore[no-untyped-def]
    """Pass the gradient of factors back to means, and add those of the gate's weights."""
    mean, hidden, scale = seen
    first, second = gate
    to_mean[:] = 0.0
    for c in range(len(mean)):
        to_scale[c] *= scale[c] * (1.0 - scale[c])
    for j in range(len(hidden)):
        total = 0.0
        for c in range(len(mean)):
            sums[1][c, j] += to_scale[c] * hidden[j]
            total += second[c, j] * to_scale[c]
        if hidden[j] > 0.0:
            for c in range(len(mean)):
                sums[0][j, c] += total * mean[c]
                to_mean[c] += total * first[j, c]


@compiled
def _sum_line(line, count):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(count):
        total += line[i]
    return total


@compiled
def _channel_means(maps, size, line, mean):  # type: ignore[no-untyped-def]
    for c in range(len(mean)):
        line[:] = 0.0
        for row in range(ABOVE, ABOVE + size[0]):
            source = maps[row, c]
            for i in range(size[1]):
                line[i] += source[i]
        mean[c] = _sum_line(line, size[1]) / (size[0] * size[1])


@compiled
def _leaky_relu(maps, channels, size):  # type: ignore[no-untyped-def]
    for row in range(ABOVE, ABOVE + size[0]):
        for c in range(channels):
            line = maps[row, c]
            for i in range(size[1]):
                line[i] = max(line[i], _SLOPE * line[i])


@compiled
def _scale_and_leaky_relu(source, scale, target, size):  # type: ignore[no-untyped-def]
    for row in range(ABOVE, ABOVE + size[0]):
        for c in range(len(scale)):
            line, out, factor = source[row, c], target[row, c], scale[c]
            for i in range(size[1]):
                scaled = line[i] * factor
                out[i] = max(scaled, _SLOPE * scaled)


@compiled
def _shortcut_relu_and_pool(hidden, entered, scale, line, pooled, detail, size):  # type: ignore[no-untyped-def]
    """Add the shortcut, rectify, and average over the image and over squares."""
    height, width = size
    down, across = detail.shape[1], detail.shape[2]
    for c in range(len(scale)):
        factor, total = scale[c], 0.0
        for first in range(0, height, BLOCK):
            line[:] = 0.0
            for row in range(ABOVE + first, ABOVE + min(first + BLOCK, height)):
                above, beside = hidden[row, c], entered[row, c]
                for i in range(width):
                    z = above[i] * factor + beside[i]
                    line[i] += max(z, _SLOPE * z)
            total += _sum_line(line, width)
            if first // BLOCK < down:
                for j in range(across):
                    detail[c, first // BLOCK, j] = _sum_line(line[j * BLOCK :], BLOCK) / BLOCK**2
        pooled[c] = total / (height * width)


@compiled
def _copy_pixels_out(maps, to, size):  # type: ignore[no-untyped-def]
    for c in range(to.shape[0]):
        for row in range(size[0]):
            to[c, row] = maps[ABOVE + row, c, : size[1]]


@compiled
def _copy_pixels_in(kept, maps, size):  # type: ignore[no-untyped-def]
    for row in range(size[0]):
        for c in range(kept.shape[0]):
            maps[ABOVE + row, c, : size[1]] = kept[c, row]


@compiled
def projector_forward(location, maps, weights, gates, seen, kept, found, size, memory):  # type: ignore[no-untyped-def]
    """Pass local knowledge through a projector.

    Parameters
    ----------
    location
        [rows, dim, pitch], with zeros around.
    maps
        Room for three maps, [rows, channels, pitch].
    weights
        Transformed kernels of the three convolutions and their biases.
    gates
        Weights of both squeeze-and-excites, [hidden, channels] and [channels, hidden] each.
    seen
        Written: means, hidden numbers and factors of both.
    kept
        Written, unless empty: [3, channels, H, W], what the convolutions gave, the first rectified.
    found
        Written: means over the image, [channels], and over squares.
    size
        Height and width.
    memory
        Of Winograd's form, and a line.
    """
    entered, hidden, rectified = maps
    kernels, biases = weights
    dim, channels = location.shape[1], entered.shape[1]
    room, line = memory
    whole = (ABOVE, 0, channels)
    convolve_3x3(
        location, (ABOVE, 0, dim), kernels[0], biases[0], entered, whole, size, room, False
    )
    _leaky_relu(entered, channels, size)
    convolve_3x3(entered, whole, kernels[1], biases[1], hidden, whole, size, room, False)
    _channel_means(hidden, size, line, seen[0][0])
    _squeeze_excite(seen[0][0], gates[0], seen[0][1], seen[0][2])
    if len(kept):
        _copy_pixels_out(entered, kept[0], size)
        _copy_pixels_out(hidden, kept[1], size)
    _scale_and_leaky_relu(hidden, seen[0][2], rectified, size)
    convolve_3x3(rectified, whole, kernels[2], biases[2], hidden, whole, size, room, False)
    _channel_means(hidden, size, line, seen[1][0])
    _squeeze_excite(seen[1][0], gates[1], seen[1][1], seen[1][2])
    if len(kept):
        _copy_pixels_out(hidden, kept[2], size)
    _shortcut_relu_and_pool(hidden, entered, seen[1][2], line, found[0], found[1], size)


@compiled
def _pool_backward(kept, seen, given, rest, line, to_scale, size):  # type: ignore[no-untyped-def]
    """Spread the gradients of means to the sum with the shortcut; add up those of the factors."""
    pooled, detail = given
    height, width = size
    for c in range(len(to_scale)):
        factor = seen[1][2][c]
        share = pooled[c] / np.float32(height * width)
        line[:] = 0.0
        for row in range(height):
            above, beside, out = kept[2, c, row], kept[0, c, row], rest[c, row]
            out[:] = share
            if row // BLOCK < detail.shape[1]:
                for j in range(detail.shape[2]):
                    more = detail[c, row // BLOCK, j] / np.float32(BLOCK**2)
                    for i in range(j * BLOCK, j * BLOCK + BLOCK):
                        out[i] += more
            for i in range(width):
                z = above[i] * factor + beside[i]
                slope = np.float32(1) if z > 0 else _SLOPE
                out[i] *= slope
                line[i] += out[i] * above[i]
        to_scale[c] = _sum_line(line, width)


@compiled
def _scale_backward(maps, scale, to_mean, line, bias, size):  # type: ignore[no-untyped-def]
    """Pass gradients back through factors, in place, with those of the means; sum for the bias."""
    for c in range(len(scale)):
        factor, share = scale[c], to_mean[c] / np.float32(size[0] * size[1])
        line[:] = 0.0
        for row in range(ABOVE, ABOVE + size[0]):
            out = maps[row, c]
            for i in range(size[1]):
                out[i] = out[i] * factor + share
                line[i] += out[i]
        bias[c] += _sum_line(line, size[1])


@compiled
def _scale_and_leaky_relu_backward(maps, kept, scale, line, to_scale, size):  # type: ignore[no-untyped-def]
    for c in range(len(scale)):
        factor = scale[c]
        line[:] = 0.0
        for row in range(size[0]):
            out, before = maps[ABOVE + row, c], kept[c, row]
            for i in range(size[1]):
                slope = np.float32(1) if before[i] * factor > 0 else _SLOPE
                out[i] *= slope
                line[i] += out[i] * before[i]
        to_scale[c] = _sum_line(line, size[1])


@compiled
def _shortcut_and_leaky_relu_backward(maps, kept, rest, line, bias, size):  # type: ignore[no-untyped-def]
    """Add the shortcut's gradient and pass both back through the first rectifier, in place."""
    for c in range(len(bias)):
        line[:] = 0.0
        for row in range(size[0]):
            out, before, more = maps[ABOVE + row, c], kept[c, row], rest[c, row]
            for i in range(size[1]):
                slope = np.float32(1) if before[i] > 0 else _SLOPE
                out[i] = (out[i] + more[i]) * slope
                line[i] += out[i]
        bias[c] += _sum_line(line, size[1])


@compiled
def projector_backward(  # type: ignore[no-untyped-def]
    location, maps, weights, gates, seen, kept, given, rest, sums, to_location, size, memory
):
    """Pass gradients back through a projector.

    Parameters
    ----------
    location, gates, seen, kept, size
        As `projector_forward` takes and writes them.
    maps
        Room for three maps, [rows, channels, pitch].
    weights
        Transformed kernels of the convolutions turned by half a turn, inputs and outputs exchanged.
    given
        Gradients with respect to both means; the second may be empty.
    rest
        Room for one map, [channels, H, W].
    sums
        Added to: gradients of kernels, transformed, of biases, and of both gates' weights.
    to_location
        Added to: the gradient with respect to `location`.
    memory
        Of Winograd's form, a line, and two numbers for each channel.
    """
    inside, outer, other = maps
    kernels, biases, excites = sums
    dim, channels = location.shape[1], inside.shape[1]
    room, line, to_scale, to_mean = memory
    whole = (ABOVE, 0, channels)
    nothing = np.zeros(max(dim, channels), np.float32)
    _pool_backward(kept, seen, given, rest, line, to_scale, size)
    _squeeze_excite_backward(to_scale, seen[1], gates[1], excites[1], to_mean)
    _copy_pixels_in(rest, outer, size)
    _scale_backward(outer, seen[1][2], to_mean, line, biases[2], size)
    _copy_pixels_in(kept[1], inside, size)
    _scale_and_leaky_relu(inside, seen[0][2], inside, size)
    add_transformed_kernel_gradient(inside, whole, outer, whole, size, room, kernels[2])
    convolve_3x3(outer, whole, weights[2], nothing, other, whole, size, room, False)
    _scale_and_leaky_relu_backward(other, kept[1], seen[0][2], line, to_scale, size)
    _squeeze_excite_backward(to_scale, seen[0], gates[0], excites[0], to_mean)
    _scale_backward(other, seen[0][2], to_mean, line, biases[1], size)
    _copy_pixels_in(kept[0], inside, size)
    add_transformed_kernel_gradient(inside, whole, other, whole, size, room, kernels[1])
    convolve_3x3(other, whole, weights[1], nothing, outer, whole, size, room, False)
    _shortcut_and_leaky_relu_backward(outer, kept[0], rest, line, biases[0], size)
    local = (ABOVE, 0, dim)
    add_transformed_kernel_gradient(location, local, outer, whole, size, room, kernels[0])
    convolve_3x3(outer, whole, weights[0], nothing, to_location, local, size, room, True)
