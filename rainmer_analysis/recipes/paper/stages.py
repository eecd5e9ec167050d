"""Images to tables, maps and matrices, each kept as a file and made only when it is not there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.recipes.embed import extract
from rainmer_analysis.recipes.paper.corpora import Corpus, sources_of
from rainmer_analysis.scores import relate
from rainmer_analysis.sphere import project
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    SphereMap,
    digest,
    read,
    standing,
    write,
)

__all__ = ["Request", "kept_map", "kept_matrix", "tables_of"]

_log = logging.getLogger(__name__)
_SIMULATED = 120
_REAL = 500
# The published call: UMAP on the sphere with 50 neighbours and no minimal distance.
_ENGINE, _NEIGHBORS, _MIN_DIST = "umap-learn", 50, 0.0


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
    """

    out: Path
    root: str | None = None
    per_dataset: int = _SIMULATED
    seed: int = 42
    overwrite: bool = False
    device: str = "auto"

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
    ) -> Request:
        """Fill in the number of images: 120 simulated or 500 real ones unless told otherwise."""
        place = None if root is None else str(root)
        wanted = per_dataset or (_SIMULATED if place is None else _REAL)
        return cls(out, place, wanted, seed, overwrite, device)

    @property
    def data(self) -> str:
        """Which images, in words for a title."""
        kind = "simulated" if self.root is None else "real"
        return f"{kind} datasets, up to {self.per_dataset} images each"


def tables_of(
    request: Request,
    corpus: Corpus,
    encoder: str,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, EmbeddingTable]:
    """Give one table per view of an encoder over a corpus; finished tables are read back."""
    sources = sources_of(
        corpus,
        request.out,
        root=request.root,
        per_dataset=request.per_dataset,
        seed=request.seed,
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
        overwrite=request.overwrite,
        progress=progress,
    )


def kept_map(request: Request, corpus: Corpus, table: EmbeddingTable) -> SphereMap:
    """Project a table, or read the map where the identical one was kept."""
    path = request.out / "maps" / corpus.name / f"{table.space.stem}.parquet"
    wanted = digest([table.content_sha256, _ENGINE, _NEIGHBORS, _MIN_DIST, request.seed])
    if standing(path, wanted, overwrite=request.overwrite):
        found = read(path)
        if isinstance(found, SphereMap):
            return found
        raise FileFormatError(f"{path} holds no map; remove it or allow --overwrite")
    _log.info("projecting %s of %d images", table.space.name, len(table))
    made = project(
        table, engine=_ENGINE, neighbors=_NEIGHBORS, min_dist=_MIN_DIST, seed=request.seed
    )
    write(made, path, request=wanted, overwrite=request.overwrite)
    return made


def kept_matrix(request: Request, corpus: Corpus, table: EmbeddingTable) -> RelationshipMatrix:
    """Relate a table's datasets, and keep the matrix as a file."""
    made = relate(table)
    path = request.out / "matrices" / corpus.name / f"{table.space.stem}.json"
    wanted = digest([table.content_sha256, made.score])
    write(made, path, request=wanted, overwrite=request.overwrite)
    return made
