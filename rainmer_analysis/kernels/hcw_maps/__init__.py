"""Inner loops over feature maps that lie in memory as rows, channels, columns (HCW).

A row of all channels is contiguous, so a product over channels stays in the cache, and a vector
holds neighbours of one channel, so no number of channels wastes lanes.
"""

from __future__ import annotations

from rainmer_analysis.kernels.hcw_maps.channel_products import (
    ADD,
    STORE,
    STORE_RELU,
    add_outer_products,
    multiply_channels,
    multiply_channels_in_panels,
)
from rainmer_analysis.kernels.hcw_maps.elementwise_functions import (
    add_gelu,
    add_silu,
    center_and_scale,
    fuse_by_gates,
    inverse_sqrt,
    sigmoid,
)
from rainmer_analysis.kernels.hcw_maps.hcw_depthwise import (
    add_depthwise_gradient,
    convolve_channel,
    convolve_channel_and_relu,
)
from rainmer_analysis.kernels.hcw_maps.hcw_memory import (
    ABOVE,
    Array,
    aligned_zeros,
    first_pixel_and_strides,
    padded_zero_maps,
    pixels_view,
)
from rainmer_analysis.kernels.hcw_maps.hcw_winograd_1d_and_gradients import (
    add_transformed_kernel_gradient,
    convolve_3x3,
    transform_back_kernel_gradients,
    transform_kernels_1d,
    winograd_workspace,
)
from rainmer_analysis.kernels.hcw_maps.vector_code import COLUMNS, NATIVE
from rainmer_analysis.kernels.numba_decorators import compiled

__all__ = [
    "ABOVE",
    "ADD",
    "COLUMNS",
    "NATIVE",
    "STORE",
    "STORE_RELU",
    "Array",
    "add_depthwise_gradient",
    "add_gelu",
    "add_outer_products",
    "add_silu",
    "add_transformed_kernel_gradient",
    "aligned_zeros",
    "center_and_scale",
    "compiled",
    "convolve_3x3",
    "convolve_channel",
    "convolve_channel_and_relu",
    "first_pixel_and_strides",
    "fuse_by_gates",
    "inverse_sqrt",
    "multiply_channels",
    "multiply_channels_in_panels",
    "padded_zero_maps",
    "pixels_view",
    "sigmoid",
    "transform_back_kernel_gradients",
    "transform_kernels_1d",
    "winograd_workspace",
]
