"""Results cached as files: made only where no file of the identical request exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from rainmer_analysis.values import (
    EmbeddingTable,
    SphereMap,
    algorithm_versions,
    digest,
    hold_lock,
    lock_path_of,
    read_as,
    up_to_date_or_refuse,
    write,
)

__all__ = ["CachedResult", "cached_map"]

V = TypeVar("V")


@dataclass(frozen=True)
class CachedResult(Generic[V]):
    """A value and whether its file answered the identical request already."""

    value: V
    up_to_date: bool

    @property
    def state(self) -> str:
        """``up to date`` or ``written``."""
        return "up to date" if self.up_to_date else "written"


def cached_map(
    table: EmbeddingTable,
    path: Path,
    project: Callable[..., SphereMap],
    *,
    options: Mapping[str, Any],
    overwrite: bool = False,
) -> CachedResult[SphereMap]:
    """Lay a table out, or read the map that the identical request left at `path`.

    `project` makes a map of the table and `options` as keywords. It is given by the caller because
    umap-learn takes seconds to import, which an existing map need not wait for.

    Raises
    ------
    OutputExistsError
        Something else lies at `path`.
    """
    versions = algorithm_versions(f"project/{options.get('engine', 'sphere')}")
    asked = ["project", table.content_sha256, options]
    request = digest([*asked, versions] if versions else asked)
    with hold_lock(lock_path_of(path)):
        current = up_to_date_or_refuse(path, request, overwrite=overwrite)
        if not current:
            write(project(table, **options), path, overwrite=overwrite, request=request)
        # read in both cases, so that a picture of it is made from the same value at every run
        return CachedResult(read_as(path, SphereMap), up_to_date=current)
