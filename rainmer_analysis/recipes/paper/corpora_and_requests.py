"""The two corpora of the supplement, real or simulated, and what a figure asks of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError, OutputExistsError, SourceError
from rainmer_analysis.recipes.datasets.write_simulated_datasets import write_simulated_datasets
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.values import EmbeddingTable, Rows, read_json, write_json

__all__ = [
    "ALL_IN_ONE",
    "CORPORA",
    "DERAINING",
    "Corpus",
    "FigureRequest",
    "extract_corpus",
    "find_or_simulate_sources",
    "rename_to_imitated_datasets",
    "write_unless_other_request",
]

_log = logging.getLogger(__name__)
_PREFIX = "sim-"
_SIMULATED = 120
_REAL = 500
_ENGINE = "umap-learn"


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
    figure
        Number of the paper's figure that shows them.
    """

    name: str
    weights: str
    datasets: tuple[str, ...]
    spaces: tuple[tuple[str, str], ...]
    figure: int


DERAINING = Corpus(
    "deraining",
    "derain",
    ("Rain200H", "Rain800", "DDN_1", "DDN_5", "GT-Rain", "GTAV-balance"),
    (("rainmer", "chromatic"), ("rainmer", "degradation"), ("airnet", "degradation")),
    2,
)
ALL_IN_ONE = Corpus(
    "all-in-one",
    "allweather",
    ("Snow", "Rain", "Raindrop"),
    (("rainmer", "chromatic"), ("rainmer", "degradation")),
    3,
)
CORPORA = {corpus.name: corpus for corpus in (DERAINING, ALL_IN_ONE)}


@dataclass(frozen=True)
class FigureRequest:
    """What a figure is made from.

    Parameters
    ----------
    out
        Folder of results.
    root
        Folder that holds the paper's datasets, or None for simulated ones.
    per_dataset
        Images of each dataset, at most.
    seed
        Seed of simulation, sampling and projection.
    overwrite
        Whether other existing results may be replaced.
    device
        Where encoders run.
    precision
        ``exact``, or ``fast`` (bfloat16).
    engine
        What lays maps out: ``umap-learn``, as published, or ``sphere``.
    """

    out: Path
    root: str | None = None
    per_dataset: int = _SIMULATED
    seed: int = 42
    overwrite: bool = False
    device: str = "auto"
    precision: str = "exact"
    engine: str = _ENGINE

    @classmethod
    def with_default_count(
        cls,
        out: Path,
        root: str | Path | None,
        per_dataset: int | None,
        *,
        seed: int,
        overwrite: bool,
        device: str,
        precision: str = "exact",
        engine: str = _ENGINE,
    ) -> FigureRequest:
        """Fill in the number of images: 120 simulated or 500 real ones where `per_dataset` is None.

        Raises
        ------
        SourceError
            There is no folder `root`.
        """
        place = None if root is None else str(root)
        if place is not None and not Path(place).is_dir():
            raise SourceError(
                f"there is no folder {place}; give the folder that holds the paper's datasets, "
                "or no root for simulated ones"
            )
        wanted = per_dataset or (_SIMULATED if place is None else _REAL)
        return cls(out, place, wanted, seed, overwrite, device, precision, engine)

    @property
    def data_in_words(self) -> str:
        """Which images, in words for a title."""
        if self.root is None:
            return f"simulated, {self.per_dataset} images each"
        return f"real, up to {self.per_dataset} images each"


def find_or_simulate_sources(
    corpus: Corpus,
    out: Path,
    *,
    root: str | Path | None,
    per_dataset: int,
    seed: int,
    overwrite: bool = False,
) -> list[str]:
    """Return SOURCE texts: catalogue names with `root`, else a manifest simulated below `out`."""
    if root is not None:
        return list(corpus.datasets)
    names = [f"{_PREFIX}{name}" for name in corpus.datasets]
    folder = out / "simulated" / corpus.name
    if not folder.exists():
        _log.info("simulating the %s sets, %d pairs each", corpus.name, per_dataset)
    made = write_simulated_datasets(
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
    sources = find_or_simulate_sources(
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


def write_unless_other_request(
    request: FigureRequest, name: str, document: Mapping[str, Any]
) -> None:
    """Write a document where none of another request lies, unless that may be replaced."""
    path = request.out / name
    if (
        path.exists()
        and not request.overwrite
        and _read_request_of_document(path) != document["request"]
    ):
        raise OutputExistsError(
            f"{path} already exists and belongs to another request; "
            "give another folder or allow --overwrite (overwrite=True in Python)"
        )
    write_json(path, document)


def _read_request_of_document(path: Path) -> Any:
    try:
        found = read_json(path)
    except FileFormatError:
        return None
    return found.get("request") if isinstance(found, dict) else None
