"""Compiled inner loops on a CPU, of training and of inference."""

from __future__ import annotations

from rainmer_analysis.kernels.planar import (
    ABOVE,
    ADD,
    COLUMNS,
    NATIVE,
    PUT,
    RECTIFY,
    Array,
    add_gelu,
    add_outer_products,
    add_silu,
    aligned_zeros,
    convolve_3x3,
    convolve_channel,
    convolve_rectified,
    fuse_by_gates,
    multiply_channels,
    multiply_panels,
    sigmoid,
    winograd_workspace,
)
from rainmer_analysis.kernels.simd_vectors import compiled

__all__ = [
    "ABOVE",
    "ADD",
    "COLUMNS",
    "NATIVE",
    "PUT",
    "RECTIFY",
    "Array",
    "add_gelu",
    "add_outer_products",
    "add_silu",
    "aligned_zeros",
    "compiled",
    "convolve_3x3",
    "convolve_channel",
    "convolve_rectified",
    "fuse_by_gates",
    "multiply_channels",
    "multiply_panels",
    "sigmoid",
    "winograd_workspace",
]
