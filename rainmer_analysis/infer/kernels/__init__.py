"""Compiled inner loops of inference on a CPU: explicit vectors and Winograd's convolution."""

from __future__ import annotations

from rainmer_analysis.infer.kernels.strip_expert_stages import StripExpertStages
from rainmer_analysis.infer.kernels.winograd_airnet import WinogradAirNet
from rainmer_analysis.infer.kernels.winograd_projectors import WinogradProjectors

__all__ = ["StripExpertStages", "WinogradAirNet", "WinogradProjectors"]
