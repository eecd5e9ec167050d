"""Thumbnails of a table's images, kept by the content of their files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import LEAST_BYTES, encode_thumbnail, file_sha256, read_image
from rainmer_analysis.values import Rows, write_bytes

__all__ = ["Thumbnails", "thumbnail_or_none", "thumbnails_of_rows"]

# Of a page of 5,000 images, 8 MB of thumbnails are 10.7 MB in base64.
_ALL_BYTES = 8_000_000
_MOST_BYTES = 6_000
Progress = Callable[[int, int], None] | None


class Thumbnails(NamedTuple):
    """WebP bytes by row, None where there is none, and a sentence for each reason why."""

    data: list[bytes | None]
    notes: list[str]


def thumbnails_of_rows(rows: Rows, folder: Path, progress: Progress = None) -> Thumbnails:
    """Return the thumbnail of each image; those that `folder` holds already are not made anew.

    A file whose bytes are no longer those that were embedded gives none.
    """
    limit = max(LEAST_BYTES, min(_MOST_BYTES, _ALL_BYTES // len(rows)))
    if not (rows.has("path") and rows.has("sha256")):
        return Thumbnails([None] * len(rows), ["The table names no files, so no image is shown."])
    regions = rows.cells("region") if rows.has("region") else ["whole"] * len(rows)
    jobs = zip(rows.cells("path"), rows.cells("sha256"), regions, strict=True)
    data: list[bytes | None] = []
    faults: Counter[str] = Counter()
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for found, reason in pool.map(lambda job: _thumbnail_or_reason(folder, limit, job), jobs):
            data.append(found)
            faults.update([reason] if reason else [])
            if progress is not None:
                progress(len(data), len(rows))
    return Thumbnails(
        data,
        [f"{count:,} images are shown without a picture: {why}." for why, count in faults.items()],
    )


def thumbnail_or_none(path: object, limit: int) -> bytes | None:
    """Return the thumbnail of a file; None where there is no path, or no image any more."""
    if not isinstance(path, str):
        return None
    try:
        return encode_thumbnail(read_image(path), limit=limit)
    except ImageError:  # gone since a table was made, whose names still say what it was
        return None


def _thumbnail_or_reason(
    folder: Path, limit: int, job: tuple[Any, Any, Any]
) -> tuple[bytes | None, str]:
    path, sha256, region = job
    if not isinstance(path, str) or pd.isna(sha256):
        return None, "the table names no file"
    place = folder / f"{sha256}-{region}-{limit}.webp"
    if place.is_file():
        return place.read_bytes(), ""
    try:
        if file_sha256(path) != sha256:
            return None, "the file has changed since it was embedded"
        made = encode_thumbnail(read_image(path, region=region), limit=limit)
    except ImageError as error:
        return None, str(error)
    write_bytes(place, made)
    return made, ""
