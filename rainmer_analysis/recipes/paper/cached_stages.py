"""Images to tables, maps and matrices, each kept as a file and made only when it is not there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import SourceError
from rainmer_analysis.recipes.cached_results import cached_map
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.recipes.paper.corpora import Corpus, corpus_sources
from rainmer_analysis.recipes.relate_tables import RelateOptions, cached_matrix
from rainmer_analysis.sphere import project
from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, SphereMap

__all__ = [
    "Request",
    "extract_corpus",
    "project_cached",
    "relate_cached",
    "relate_with_intervals_cached",
]

_log = logging.getLogger(__name__)
_SIMULATED = 120
_REAL = 500
_RESAMPLES = 1000
_PERMUTATIONS = 1000
# The published call, by umap-learn: on the sphere with 50 neighbours and no minimal distance.
_ENGINE = "umap-learn"
_LAYOUT = {"neighbors": 50, "min_dist": 0.0, "stability": 0}


@dataclass(frozen=True)
class Request:
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
    def of(
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
    ) -> Request:
        """Fill in the number of images: 120 simulated or 500 real ones unless told otherwise.

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
    def data(self) -> str:
        """Which images, in words for a title."""
        if self.root is None:
            return f"simulated, {self.per_dataset} images each"
        return f"real, up to {self.per_dataset} images each"


def extract_corpus(
    request: Request,
    corpus: Corpus,
    encoder: str,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Mapping[str, EmbeddingTable]:
    """Return one table per view of an encoder over a corpus; finished tables are read back."""
    sources = corpus_sources(
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


def project_cached(request: Request, corpus: Corpus, table: EmbeddingTable) -> SphereMap:
    """Return the map of a table, made only where it is not there."""
    path = request.out / "maps" / corpus.name / f"{table.space.stem}.parquet"

    def layout_of(table: EmbeddingTable, **options: Any) -> SphereMap:
        _log.info("projecting %s of %d images", table.space.name, len(table))
        return project(table, **options)

    options = {"engine": request.engine, **_LAYOUT, "seed": request.seed}
    return cached_map(table, path, layout_of, options=options, overwrite=request.overwrite).value


def relate_cached(request: Request, corpus: Corpus, table: EmbeddingTable) -> RelationshipMatrix:
    """Return the matrix of a table's datasets, and keep it as a file."""
    path = request.out / "matrices" / corpus.name / f"{table.space.stem}.json"
    return cached_matrix(table, path, overwrite=request.overwrite).value


def relate_with_intervals_cached(
    request: Request, corpus: Corpus, table: EmbeddingTable
) -> RelationshipMatrix:
    """Return the same matrix with intervals, ceilings and tests of its pairs, kept as a file."""
    path = request.out / "matrices" / corpus.name / f"{table.space.stem}-intervals.json"
    options = RelateOptions(resamples=_RESAMPLES, null=_PERMUTATIONS, seed=request.seed)
    return cached_matrix(table, path, options=options, overwrite=request.overwrite).value
