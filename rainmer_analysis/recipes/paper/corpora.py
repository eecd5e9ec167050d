"""The two corpora of the supplement, real or simulated, and their tables."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.recipes.datasets.write_simulated_datasets import simulate_datasets
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.recipes.paper.figure_request import FigureRequest
from rainmer_analysis.values import EmbeddingTable, Rows

__all__ = [
    "ALL_IN_ONE",
    "CORPORA",
    "DERAINING",
    "Corpus",
    "extract_corpus",
    "find_or_simulate_corpus",
    "rename_to_imitated_datasets",
]

_log = logging.getLogger(__name__)
_PREFIX = "sim-"


@dataclass(frozen=True)
class Corpus:
    """Datasets that the supplement looks at together.

    Parameters
    ----------
    name
        ``deraining`` or ``all-in-one``.
    weights
        Name of the shipped weights that were trained on such sets.
    datasets
        Names as in the paper.
    spaces
        Encoder and view of each column of the figure, in the figure's order.
    """

    name: str
    weights: str
    datasets: tuple[str, ...]
    spaces: tuple[tuple[str, str], ...]


DERAINING = Corpus(
    "deraining",
    "derain",
    ("Rain200H", "Rain800", "DDN_1", "DDN_5", "GT-Rain", "GTAV-balance"),
    (("rainmer", "chromatic"), ("rainmer", "degradation"), ("airnet", "degradation")),
)
ALL_IN_ONE = Corpus(
    "all-in-one",
    "allweather",
    ("Snow", "Rain", "Raindrop"),
    (("rainmer", "chromatic"), ("rainmer", "degradation")),
)
CORPORA = {corpus.name: corpus for corpus in (DERAINING, ALL_IN_ONE)}


def find_or_simulate_corpus(
    corpus: Corpus,
    out: Path,
    *,
    root: str | Path | None,
    per_dataset: int,
    seed: int,
    overwrite: bool = False,
) -> list[str]:
    """Return the corpus as SOURCE texts, simulating it below `out` where there is no `root`.

    Returns
    -------
    list of str
        Catalogue names with `root`; else one manifest of simulated image folders.
    """
    if root is not None:
        return list(corpus.datasets)
    names = [f"{_PREFIX}{name}" for name in corpus.datasets]
    folder = out / "simulated" / corpus.name
    if not folder.exists():
        _log.info("simulating the %s sets, %d pairs each", corpus.name, per_dataset)
    made = simulate_datasets(
        folder,
        names,
        per_dataset=per_dataset,
        seed=seed,
        overwrite=overwrite,
        workers=os.cpu_count() or 1,
    )
    return [str(made.manifest)]


def rename_to_imitated_datasets(table: EmbeddingTable) -> EmbeddingTable:
    """Call simulated datasets by the name of the set they imitate, so that claims can find them."""
    frame = table.rows.frame
    frame["dataset"] = [name.removeprefix(_PREFIX) for name in frame["dataset"]]
    return EmbeddingTable(table.vectors, Rows(frame), table.space, table.made)


def extract_corpus(
    request: FigureRequest,
    corpus: Corpus,
    encoder: str,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Mapping[str, EmbeddingTable]:
    """Return one table per view of an encoder over a corpus; finished tables are read back."""
    sources = find_or_simulate_corpus(
        corpus,
        request.out,
        root=request.root,
        per_dataset=request.per_dataset,
        seed=request.seed,
        overwrite=request.overwrite,
    )
    return extract(
        sources,
        encoder,
        weights=corpus.weights if encoder in ("rainmer", "airnet") else None,
        out=request.out / "tables" / corpus.name,
        root=request.root,
        per_dataset=request.per_dataset,
        seed=request.seed,
        device=request.device,
        precision=request.precision,
        overwrite=request.overwrite,
        progress=progress,
    )
