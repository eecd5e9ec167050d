"""Figures 1, 2 and 3, each as PDF, SVG and PNG with its provenance beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from rainmer_analysis.draw import Drawing, figure1, figure2, figure3
from rainmer_analysis.model.describe import describe_encoder
from rainmer_analysis.model.encoder import WIDTHS, RainmerEncoder
from rainmer_analysis.recipes.paper.corpora import ALL_IN_ONE, DERAINING, Corpus
from rainmer_analysis.recipes.paper.stages import Request, map_of, matrix_of, tables_of
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix

__all__ = ["Made", "make_figure", "make_figure1", "make_figure2", "make_figure3"]

_SUFFIXES = (".pdf", ".svg", ".png")
Progress = Callable[[int, int], None] | None
Made = tuple[list[Path], dict[str, EmbeddingTable], dict[str, RelationshipMatrix]]


def make_figure1(request: Request) -> list[Path]:
    """Draw the published encoder's architecture from the live module."""
    description = describe_encoder(RainmerEncoder(WIDTHS["full"]))
    return _save(request, figure1(description), 1)


def make_figure2(request: Request, *, progress: Progress = None) -> Made:
    """Map and relate the deraining sets in three spaces.

    Returns
    -------
    Pictures, and tables and matrices by the stem of their space.
    """
    return _make(request, DERAINING, figure2, 2, progress)


def make_figure3(request: Request, *, progress: Progress = None) -> Made:
    """Map and relate snow, rain and raindrops in two spaces; returns as `make_figure2`."""
    return _make(request, ALL_IN_ONE, figure3, 3, progress)


def make_figure(number: int, request: Request, *, progress: Progress = None) -> list[Path]:
    """Make figure 1, 2 or 3 and give the paths of its pictures."""
    if number == 1:
        return make_figure1(request)
    make = {2: make_figure2, 3: make_figure3}[number]
    return make(request, progress=progress)[0]


def _make(
    request: Request,
    corpus: Corpus,
    draw: Callable[..., Drawing],
    number: int,
    progress: Progress,
) -> Made:
    encoders = dict.fromkeys(encoder for encoder, _ in corpus.spaces)
    found: Mapping[str, Mapping[str, EmbeddingTable]] = {
        encoder: tables_of(request, corpus, encoder, progress=progress) for encoder in encoders
    }
    shown = [found[encoder][view] for encoder, view in corpus.spaces]
    maps = [map_of(request, corpus, table) for table in shown]
    matrices = [matrix_of(request, corpus, table) for table in shown]
    title = f"{corpus.name.capitalize()} datasets ({request.data}), weights “{corpus.weights}”"
    pictures = _save(request, draw(maps, matrices, title=title), number)
    tables = {table.space.stem: table for views in found.values() for table in views.values()}
    return pictures, tables, {table.space.stem: m for table, m in zip(shown, matrices, strict=True)}


def _save(request: Request, drawing: Drawing, number: int) -> list[Path]:
    return [
        drawing.save(request.out / f"figure{number}{suffix}", overwrite=request.overwrite)
        for suffix in _SUFFIXES
    ]
