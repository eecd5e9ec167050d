"""All figures, matrices and claims from one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.recipes.paper.claims import (
    evaluate_claims,
    find_matching_controls,
    run_controls,
)
from rainmer_analysis.recipes.paper.corpora_and_requests import (
    CORPORA,
    FigureRequest,
    extract_corpus,
    rename_to_imitated_datasets,
    write_unless_other_request,
)
from rainmer_analysis.recipes.paper.paper_figures import (
    FigureFiles,
    make_architecture_figure,
    make_corpus_figure,
)
from rainmer_analysis.recipes.paper.released_run import (
    ReleasedRunComparison,
    compare_with_released,
    find_released_run_folder,
)
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    library_versions,
    to_json_types,
)

__all__ = ["Reproduction", "reproduce"]

# Every claim's statistic is taken for these too, whether a figure shows them or not.
_COMPARED = ("airnet", "statistics")


@dataclass(frozen=True)
class Reproduction:
    """What `reproduce` made.

    Parameters
    ----------
    pictures
        Paths of the figures in every format.
    claims
        One mapping per claim: statement, statistic, values and verdict.
    controls
        The stored controls, or None.
    companions
        Paths of the pictures of the matrices' intervals, in every format.
    matrices
        Matrices by corpus and stem of their space.
    uncertain
        The same matrices with intervals, ceilings and tests of their pairs.
    agreement
        Comparison with the released run, or None where there is none beside the package.
    note
        What the numbers are a property of.
    """

    pictures: tuple[Path, ...]
    companions: tuple[Path, ...]
    claims: tuple[Mapping[str, Any], ...]
    controls: Mapping[str, Any] | None
    matrices: Mapping[str, RelationshipMatrix]
    uncertain: Mapping[str, RelationshipMatrix]
    agreement: ReleasedRunComparison | None
    note: str


def reproduce(
    out: str | Path = "figures",
    *,
    root: str | Path | None = None,
    per_dataset: int | None = None,
    seed: int = 42,
    device: str = "auto",
    precision: str = "exact",
    engine: str = "umap-learn",
    controls: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Reproduction:
    """Make figures 1 to 3 with their matrices and claims.

    Parameters
    ----------
    out
        Folder of results; finished parts of the identical request are kept.
    root
        Folder that holds the paper's datasets; without it, simulated datasets stand in.
    per_dataset
        Images of each dataset: 120 simulated or 500 real ones by default.
    seed
        Seed of simulation, sampling and projection.
    device
        Where encoders run.
    precision
        ``exact``, or ``fast`` (bfloat16, a space of its own).
    engine
        What lays maps out: ``umap-learn``, as published, or ``sphere``.
    controls
        Whether to run the untrained control networks (slow).
    overwrite
        Whether other existing results in `out` may be replaced.
    progress
        Called with finished and total images of each extraction.

    Raises
    ------
    RainmerAnalysisError
        Data or weights are missing, or another result is in the way.
    """
    request = FigureRequest.with_default_count(
        Path(out),
        root,
        per_dataset,
        seed=seed,
        overwrite=overwrite,
        device=device,
        precision=precision,
        engine=engine,
    )
    first = make_architecture_figure(request)
    tables: dict[tuple[str, str, str], EmbeddingTable] = {}
    figures: dict[str, FigureFiles] = {}
    for name, corpus in CORPORA.items():
        figures[name] = made = make_corpus_figure(request, corpus, progress=progress)
        shown = made.tables
        drawn_encoders = {table.space.encoder for table in shown.values()}
        beside = [
            table
            for encoder in _COMPARED
            if encoder not in drawn_encoders
            for table in extract_corpus(request, corpus, encoder, progress=progress).values()
        ]
        for table in (*shown.values(), *beside):
            space = table.space
            tables[name, space.encoder, space.view] = rename_to_imitated_datasets(table)
    claims = tuple(evaluate_claims(tables))
    if controls:
        run_controls(request, progress=progress)
    return _write_results(request, first, claims, figures)


def _write_results(
    request: FigureRequest,
    first: list[Path],
    claims: tuple[Mapping[str, Any], ...],
    figures: Mapping[str, FigureFiles],
) -> Reproduction:
    matrices, uncertain = (
        {
            f"{name}/{stem}": matrix
            for name, made in figures.items()
            for stem, matrix in getattr(made, kind).items()
        }
        for kind in ("matrices", "uncertain")
    )
    folder = find_released_run_folder()
    stored = find_matching_controls(request, folder)
    note = _data_caveat(request)
    numbers = _numbers_to_compare(request, claims, matrices)
    write_unless_other_request(request, "numbers.json", numbers)
    document = {
        "kind": "claims",
        "version": 1,
        "request": numbers["request"],
        "note": note,
        "claims": [dict(claim) for claim in claims],
        "controls": stored,
        "libraries": library_versions(),
    }
    write_unless_other_request(request, "claims.json", to_json_types(document))
    compared = None if folder is None else compare_with_released(numbers, folder)
    pictures = (*first, *(path for made in figures.values() for path in made.pictures))
    companions = tuple(path for made in figures.values() for path in made.companions)
    return Reproduction(pictures, companions, claims, stored, matrices, uncertain, compared, note)


def _data_caveat(request: FigureRequest) -> str:
    if request.root is None:
        return (
            "these are properties of the simulated datasets and of the shipped weights, "
            "not findings about the real ones"
        )
    return "real datasets, seen by the shipped weights, which are not the authors'"


def _numbers_to_compare(
    request: FigureRequest,
    claims: tuple[Mapping[str, Any], ...],
    matrices: Mapping[str, RelationshipMatrix],
) -> dict[str, Any]:
    weights = {
        name: matrix.space.weights_sha256
        for name, matrix in matrices.items()
        if matrix.space is not None
    }
    asked = {
        "data": request.data_in_words,
        "per_dataset": request.per_dataset,
        "seed": request.seed,
        "weights": weights,
    }
    if request.precision != "exact":
        asked["precision"] = request.precision
    numbers = {
        "request": asked,
        "datasets": {name: matrix.datasets for name, matrix in matrices.items()},
        "matrices": {name: matrix.values for name, matrix in matrices.items()},
        "verdicts": {claim["claim"]: claim["verdict"] for claim in claims},
    }
    return dict(to_json_types(numbers))
