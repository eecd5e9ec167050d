"""A restorer on a CPU in compiled loops, band of rows by band of rows."""

from __future__ import annotations

from rainmer_analysis.infer.kernels.restorer.band_threads import Threads
from rainmer_analysis.infer.kernels.restorer.encoder_stages import EncoderStages
from rainmer_analysis.infer.kernels.restorer.planar_restorer import PlanarRestorer

__all__ = ["EncoderStages", "PlanarRestorer", "Threads"]
