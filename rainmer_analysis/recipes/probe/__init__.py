"""What encoders know, beside controls, on simulated designs and on real sets."""

from __future__ import annotations

from rainmer_analysis.recipes.probe.real_sets import RealSets
from rainmer_analysis.recipes.probe.run_probe import probe

__all__ = ["RealSets", "probe"]
