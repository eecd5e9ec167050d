"""What a figure of the paper is made from, and documents that belong to one such request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError, OutputExistsError, SourceError
from rainmer_analysis.values import read_json, write_json

__all__ = ["FigureRequest", "write_unless_other_request"]

_SIMULATED = 120
_REAL = 500
_ENGINE = "umap-learn"


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
    def data(self) -> str:
        """Which images, in words for a title."""
        if self.root is None:
            return f"simulated, {self.per_dataset} images each"
        return f"real, up to {self.per_dataset} images each"


def write_unless_other_request(
    request: FigureRequest, name: str, document: Mapping[str, Any]
) -> None:
    """Write a document where none of another request lies, unless that may be replaced."""
    path = request.out / name
    if path.exists() and not request.overwrite and _read_request(path) != document["request"]:
        raise OutputExistsError(
            f"{path} already exists and belongs to another request; "
            "give another folder or allow --overwrite (overwrite=True in Python)"
        )
    write_json(path, document)


def _read_request(path: Path) -> Any:
    try:
        found = read_json(path)
    except FileFormatError:
        return None
    return found.get("request") if isinstance(found, dict) else None
