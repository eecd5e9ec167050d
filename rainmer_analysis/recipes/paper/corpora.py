"""The two corpora of the supplement: real where they lie on disk, simulated otherwise."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.recipes.datasets.write_simulated_datasets import simulate_datasets
from rainmer_analysis.values import EmbeddingTable, Rows

__all__ = [
    "ALL_IN_ONE",
    "CORPORA",
    "DERAINING",
    "Corpus",
    "corpus_sources",
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


def corpus_sources(
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
