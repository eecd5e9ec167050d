"""Figures 1, 2 and 3, each as PDF, SVG and PNG with its provenance beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from rainmer_analysis.draw import (
    Drawing,
    architecture_figure,
    maps_and_matrices_figure,
    plot_intervals,
)
from rainmer_analysis.model import WIDTHS, RainmerEncoder, describe_encoder
from rainmer_analysis.recipes.paper.cached_maps_and_matrices import (
    project_cached,
    relate_cached,
    relate_with_intervals_cached,
)
from rainmer_analysis.recipes.paper.corpora_and_requests import (
    CORPORA,
    Corpus,
    FigureRequest,
    extract_corpus,
)
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix

__all__ = ["FigureFiles", "make_architecture_figure", "make_corpus_figure", "make_figure"]

_SUFFIXES = (".pdf", ".svg", ".png")
Progress = Callable[[int, int], None] | None


class FigureFiles(NamedTuple):
    """A figure of maps and matrices.

    Parameters
    ----------
    pictures
        Paths of the figure in every format.
    companions
        Paths of the picture of its matrices' intervals, likewise.
    tables, matrices
        By the stem of their space.
    uncertain
        The same matrices with intervals, ceilings and tests.
    """

    pictures: list[Path]
    companions: list[Path]
    tables: dict[str, EmbeddingTable]
    matrices: dict[str, RelationshipMatrix]
    uncertain: dict[str, RelationshipMatrix]


def make_architecture_figure(request: FigureRequest) -> list[Path]:
    """Draw the published encoder's architecture from the live module."""
    description = describe_encoder(RainmerEncoder(WIDTHS["full"]))
    return _save_all_formats(request, architecture_figure(description), 1)


def make_figure(number: int, request: FigureRequest, *, progress: Progress = None) -> list[Path]:
    """Make figure 1, 2 or 3 and return the paths of its pictures."""
    if number == 1:
        return make_architecture_figure(request)
    (corpus,) = (each for each in CORPORA.values() if each.figure == number)
    made = make_corpus_figure(request, corpus, progress=progress)
    return made.pictures + made.companions


def make_corpus_figure(
    request: FigureRequest, corpus: Corpus, *, progress: Progress = None
) -> FigureFiles:
    """Map and relate the datasets of a corpus in its spaces, and draw its figure."""
    encoders = dict.fromkeys(encoder for encoder, _ in corpus.spaces)
    found: Mapping[str, Mapping[str, EmbeddingTable]] = {
        encoder: extract_corpus(request, corpus, encoder, progress=progress) for encoder in encoders
    }
    shown = [found[encoder][view] for encoder, view in corpus.spaces]
    maps = [project_cached(request, corpus, table) for table in shown]
    matrices = [relate_cached(request, corpus, table) for table in shown]
    title = (
        f"{corpus.name.capitalize()} datasets ({request.data_in_words}), weights “{corpus.weights}”"
    )
    uncertain = [relate_with_intervals_cached(request, corpus, table) for table in shown]
    stems = [table.space.stem for table in shown]
    drawing = maps_and_matrices_figure(maps, matrices, number=corpus.figure, title=title)
    return FigureFiles(
        _save_all_formats(request, drawing, corpus.figure),
        _save_all_formats(
            request, plot_intervals(uncertain, title=title), corpus.figure, "-uncertainty"
        ),
        {table.space.stem: table for views in found.values() for table in views.values()},
        dict(zip(stems, matrices, strict=True)),
        dict(zip(stems, uncertain, strict=True)),
    )


def _save_all_formats(
    request: FigureRequest, drawing: Drawing, number: int, what: str = ""
) -> list[Path]:
    return [
        drawing.save(request.out / f"figure{number}{what}{suffix}", overwrite=request.overwrite)
        for suffix in _SUFFIXES
    ]
