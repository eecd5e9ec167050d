"""Inner loops over maps whose channels lie apart: rows, channels, columns.

A row of all channels is contiguous, so a product over channels stays in the cache, and a vector
holds neighbours of one channel, so no number of channels wastes lanes.
"""

from __future__ import annotations

from rainmer_analysis.kernels.planar.activation_functions import (
    add_gelu,
    add_silu,
    center_and_scale,
    fuse_by_gates,
    inverse_root,
    sigmoid,
)
from rainmer_analysis.kernels.planar.channel_products import (
    ADD,
    PUT,
    RECTIFY,
    add_outer_products,
    multiply_channels,
    multiply_panels,
)
from rainmer_analysis.kernels.planar.planar_depthwise import (
    add_weight_gradient,
    convolve_channel,
    convolve_rectified,
)
from rainmer_analysis.kernels.planar.planar_maps import (
    ABOVE,
    Array,
    aligned_zeros,
    first_pixel_and_strides,
    pixels_view,
    zero_maps,
)
from rainmer_analysis.kernels.planar.planar_winograd import (
    add_kernel_gradient,
    convolve_3x3,
    transformed_kernels,
    untransform_kernel_gradients,
    winograd_workspace,
)
from rainmer_analysis.kernels.planar.vector_code import COLUMNS, NATIVE

__all__ = [
    "ABOVE",
    "ADD",
    "COLUMNS",
    "NATIVE",
    "PUT",
    "RECTIFY",
    "Array",
    "add_gelu",
    "add_kernel_gradient",
    "add_outer_products",
    "add_silu",
    "add_weight_gradient",
    "aligned_zeros",
    "center_and_scale",
    "convolve_3x3",
    "convolve_channel",
    "convolve_rectified",
    "first_pixel_and_strides",
    "fuse_by_gates",
    "inverse_root",
    "multiply_channels",
    "multiply_panels",
    "pixels_view",
    "sigmoid",
    "transformed_kernels",
    "untransform_kernel_gradients",
    "winograd_workspace",
    "zero_maps",
]
