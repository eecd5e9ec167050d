"""What is measured of the rows of an image set, and the digests of such a request."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from rainmer_analysis.images import content_hashes, unstorable_name_reason
from rainmer_analysis.recipes.image_meter import MeasuringJob
from rainmer_analysis.values import Rows, digest, versions_of

__all__ = ["LABELS", "current_description_digest", "description_digest", "measuring_jobs"]

LABELS = ("image_id", "dataset", "group", "split", "target", "path")
"""Columns of an image set that a table of its measures keeps."""


def measuring_jobs(rows: Rows) -> list[MeasuringJob]:
    """Return what is measured of each row: an image, and its clean partner where it has one."""
    frame = rows.frame
    texts = frame[list(LABELS)].itertuples(index=False)
    places = frame[["path", "region", "target", "target_region"]].itertuples(index=False)
    return [
        MeasuringJob(
            str(path), region, target, target_region or "whole", unstorable_name_reason(*cells)
        )
        for (path, region, target, target_region), cells in zip(places, texts, strict=True)
    ]


def description_digest(rows: Rows, hashes: Sequence[tuple[str, str]]) -> str:
    """Return the digest of a request: labels, and the bytes of the files (not their places)."""
    names = ("image_id", "dataset", "group", "split", "region", "target_region")
    labels = {name: (None if pd.isna(x) else str(x) for x in rows.cells(name)) for name in names}
    contents = (list(each) for each in hashes)
    return digest({"describe": labels, "contents": contents, "versions": versions_of("describe")})


def current_description_digest(rows: Rows) -> str:
    """Return the digest of a request for what the files hold now; it reads all their bytes."""
    jobs = measuring_jobs(rows)
    places = list(dict.fromkeys(each for job in jobs for each in (job.path, job.target) if each))
    contents = dict(zip(places, content_hashes(places), strict=True))
    hashes = [(contents[job.path], contents[job.target] if job.target else "") for job in jobs]
    return description_digest(rows, hashes)
