"""A restorer on a CPU in compiled loops, band of rows by band of rows."""

from __future__ import annotations

from rainmer_analysis.infer.kernels.restorer.band_threads import BandThreads
from rainmer_analysis.infer.kernels.restorer.compiled_restorer import CompiledRestorer
from rainmer_analysis.infer.kernels.restorer.prompt_encoder_stages import PromptEncoderStages

__all__ = ["BandThreads", "CompiledRestorer", "PromptEncoderStages"]
