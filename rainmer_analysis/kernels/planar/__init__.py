"""Inner loops over maps whose channels lie apart: rows, channels, columns.

A row of all channels is contiguous, so a product over channels stays in the cache, and a vector
holds neighbours of one channel, so no number of channels wastes lanes.
"""

from __future__ import annotations

from rainmer_analysis.kernels.planar.code import COLUMNS, NATIVE
from rainmer_analysis.kernels.planar.depthwise import (
    convolve,
    convolve_rectified,
    weight_gradient,
)
from rainmer_analysis.kernels.planar.maps import ABOVE, Array, inside, origin, zeros
from rainmer_analysis.kernels.planar.products import ADD, PUT, RECTIFY, mix, outer
from rainmer_analysis.kernels.planar.winograd import (
    convolve3,
    kernel_gradient,
    kernel_gradients,
    room,
    transformed_kernels,
)

__all__ = [
    "ABOVE",
    "ADD",
    "COLUMNS",
    "NATIVE",
    "PUT",
    "RECTIFY",
    "Array",
    "convolve",
    "convolve3",
    "convolve_rectified",
    "inside",
    "kernel_gradient",
    "kernel_gradients",
    "mix",
    "origin",
    "outer",
    "room",
    "transformed_kernels",
    "weight_gradient",
    "zeros",
]
