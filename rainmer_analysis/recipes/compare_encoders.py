"""Two tables to one file about how their encoders agree."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rainmer_analysis.recipes.cached_results import CachedResult
from rainmer_analysis.scores import Agreement, compare
from rainmer_analysis.values import (
    EmbeddingTable,
    checked_suffix,
    digest,
    library_versions,
    to_json_types,
    up_to_date_or_refuse,
    write_json,
)

__all__ = ["agreement_document", "compare_and_write_agreement"]


def compare_and_write_agreement(
    first: EmbeddingTable,
    second: EmbeddingTable,
    path: Path,
    *,
    resamples: int = 1000,
    seed: int = 42,
    overwrite: bool = False,
) -> CachedResult[Agreement]:
    """Compare two encoders and keep the result at `path`, ``.json``."""
    checked_suffix(path, "an agreement", ".json")
    request = digest(["compare", first.content_sha256, second.content_sha256, resamples, seed])
    current = up_to_date_or_refuse(path, request, overwrite=overwrite)
    found = compare(first, second, resamples=resamples, seed=seed)
    if not current:
        write_json(path, agreement_document(found) | {"request": request})
    return CachedResult(found, up_to_date=current)


def agreement_document(found: Agreement) -> dict[str, Any]:
    """Return an agreement as a JSON document."""
    estimates: dict[str, Any] = {
        name: None if each is None else each._asdict() for name, each in found.estimates.items()
    }
    if estimates["rsa"] is not None:
        estimates["rsa"]["ceiling"] = found.rsa_ceiling
    document = {
        "kind": "agreement",
        "version": 1,
        "spaces": [asdict(space) for space in found.spaces],
        "datasets": found.datasets,
        "images": found.images,
        "scenes": found.scenes,
        "left_out": found.left_out,
        **estimates,
        "parameters": dict(found.parameters),
        "libraries": library_versions(),
    }
    return dict(to_json_types(document))
