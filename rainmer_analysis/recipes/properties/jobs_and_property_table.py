"""Rows of an image set to jobs that are measured, and measures to the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import content_hashes, unstorable_name_reason
from rainmer_analysis.recipes.image_meter import MeasuredImage, MeasuringJob
from rainmer_analysis.values import ImageSet, PropertyTable, Rows, algorithm_versions, digest

__all__ = ["current_description_digest", "description_digest", "measuring_jobs", "property_table"]

_COLUMNS = ("image_id", "dataset", "group", "split", "target", "path")


def measuring_jobs(rows: Rows) -> list[MeasuringJob]:
    """Return what is measured of each row: an image, and its clean partner where it has one."""
    frame = rows.frame
    texts = frame[list(_COLUMNS)].itertuples(index=False)
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
    return digest(
        {"describe": labels, "contents": contents, "versions": algorithm_versions("describe")}
    )


def current_description_digest(rows: Rows) -> str:
    """Return the digest of a request for what the files hold now; it reads all their bytes."""
    jobs = measuring_jobs(rows)
    places = list(dict.fromkeys(each for job in jobs for each in (job.path, job.target) if each))
    contents = dict(zip(places, content_hashes(places), strict=True))
    hashes = [(contents[job.path], contents[job.target] if job.target else "") for job in jobs]
    return description_digest(rows, hashes)


def property_table(images: ImageSet, found: Sequence[MeasuredImage]) -> PropertyTable:
    """Return a row for each image that could be read.

    Raises
    ------
    SourceError
        None could be.
    """
    rows = images.rows
    good = [index for index, each in enumerate(found) if not each.reason]
    if not good:
        path = str(next(iter(rows.cells("path"))))
        raise SourceError(
            f"none of the {len(found)} images could be used (the first is {path!r}: "
            f"{found[0].reason})"
        )
    whole = all(region == "whole" for region in rows.cells("region"))
    columns = [*_COLUMNS] if whole else [*_COLUMNS, "region"]
    own = [found[index] for index in good]
    labels = (
        rows.take(good)
        .frame[columns]
        .assign(
            sha256=[each.sha256 for each in own],
            width=[each.width for each in own],
            height=[each.height for each in own],
        )
    )
    sampling = dict(images.sampling)
    made = {
        "seed": sampling.pop("seed", None),
        "sampling": sampling,
        "left_out": _unusable_file_rows(rows, found, "path", "reason"),
        "partners": _unusable_file_rows(rows, found, "target", "target_reason"),
    }
    return PropertyTable(np.array([each.values for each in own]), Rows(labels), made)


def _unusable_file_rows(
    rows: Rows, found: Sequence[MeasuredImage], column: str, kind: str
) -> list[list[str]]:
    cells = zip(rows.cells("image_id"), rows.cells("dataset"), rows.cells(column), strict=True)
    return [
        [*(_escape_surrogates(cell) for cell in labels), getattr(each, kind)]
        for labels, each in zip(cells, found, strict=True)
        if getattr(each, kind)
    ]


def _escape_surrogates(text: str) -> str:
    """Escape what is no Unicode in a file's name, so that JSON and CSV can hold it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
