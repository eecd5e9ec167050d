"""Figure 1: the encoder's architecture, drawn from a description of the live module by value."""

from __future__ import annotations

from rainmer_analysis.draw.architecture.architecture_facts import read_architecture_facts
from rainmer_analysis.draw.architecture.architecture_figure import architecture_figure

__all__ = ["architecture_figure", "read_architecture_facts"]
