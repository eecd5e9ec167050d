"""Compiled inner loops of inference on a CPU: explicit vectors and Winograd's convolution."""

from __future__ import annotations

from rainmer_analysis.infer.kernels.airnet import WinogradAirNet
from rainmer_analysis.infer.kernels.stages import StripStages
from rainmer_analysis.infer.kernels.towers import WinogradTowers
from rainmer_analysis.kernels.simd import BFLOAT16

__all__ = ["BFLOAT16", "StripStages", "WinogradAirNet", "WinogradTowers"]
