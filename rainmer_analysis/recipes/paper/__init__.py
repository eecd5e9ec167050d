"""The paper's supplement again: its figures, its claims, and the controls they must beat."""

from __future__ import annotations

from rainmer_analysis.recipes.paper.corpora_and_requests import FigureRequest
from rainmer_analysis.recipes.paper.paper_figures import make_figure
from rainmer_analysis.recipes.paper.reproduce import reproduce

__all__ = ["FigureRequest", "make_figure", "reproduce"]
