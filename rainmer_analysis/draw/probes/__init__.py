"""Pictures of what embedding spaces know."""

from __future__ import annotations

from rainmer_analysis.draw.probes.probe_plot import plot_probe

__all__ = ["plot_probe"]
