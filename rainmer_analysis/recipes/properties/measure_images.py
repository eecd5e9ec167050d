"""A table of the measures of many images; what an interrupted run has measured is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rainmer_analysis.images import sha256_or_empty
from rainmer_analysis.recipes.image_meter import ImageMeter, MeasuredImage, MeasuringJob
from rainmer_analysis.recipes.properties.jobs_and_property_table import (
    current_description_digest,
    description_digest,
    measuring_jobs,
    property_table,
)
from rainmer_analysis.recipes.resumable_work import (
    FinishedItemsFile,
    complete_items,
    finished_items_path,
)
from rainmer_analysis.values import (
    PROPERTIES,
    ImageSet,
    PropertyTable,
    read_as,
    up_to_date_or_refuse,
    write,
)

__all__ = ["measure_and_write_table", "read_up_to_date_table"]


def read_up_to_date_table(path: Path, images: ImageSet, *, overwrite: bool) -> PropertyTable | None:
    """Return what the file holds if it answers this request; it needs all files' bytes."""
    if not path.exists() or (overwrite and not path.is_dir()):
        return None
    up_to_date_or_refuse(path, current_description_digest(images.rows))
    return read_as(path, PropertyTable)


def measure_and_write_table(
    images: ImageSet,
    path: Path | None,
    threads: int,
    progress: Callable[[int, int], None] | None,
    *,
    overwrite: bool,
) -> PropertyTable:
    """Measure all images, and write the table if it has a place."""
    jobs = measuring_jobs(images.rows)
    finished = _finished_measures_file(path, jobs)
    try:
        meter = ImageMeter(remembered=threads)
        found = complete_items(
            finished,
            lambda index: meter.measure(jobs[index]),
            threads=threads,
            progress=progress,
            done="measured",
        )
    finally:
        finished.close()
    table = property_table(images, found)
    if path is not None:
        hashes = [(each.sha256, each.target_sha256) for each in found]
        write(table, path, overwrite=overwrite, request=description_digest(images.rows, hashes))
        finished.discard()
    return table


def _finished_measures_file(
    out: Path | None, jobs: Sequence[MeasuringJob]
) -> FinishedItemsFile[MeasuredImage]:
    """Return what keeps the measures of an unfinished run; `out` None keeps nothing.

    It is found again for files at the same places; what was measured is taken again only where
    they still hold the same bytes, and what could not be used is tried again.
    """
    places = ([each.path, each.region, each.target, each.target_region] for each in jobs)
    return FinishedItemsFile(
        None if out is None else finished_items_path(out, "describe", places),
        len(jobs),
        encode=asdict,
        decode=_decode_measured,
        is_current=lambda index, measured: _is_measured_and_unchanged(measured, jobs[index]),
    )


def _decode_measured(document: dict[str, Any]) -> MeasuredImage:
    values = tuple(map(float, document.pop("values")))
    names = {each.name for each in fields(MeasuredImage)} - {"values"}
    if set(document) != names or len(values) != len(PROPERTIES):
        raise ValueError("the line is of another version")
    return MeasuredImage(**document, values=values)


def _is_measured_and_unchanged(measured: MeasuredImage, job: MeasuringJob) -> bool:
    """Return whether a job could be measured, and its files still hold the same bytes."""
    if measured.reason or measured.target_reason:
        return False
    stated = (measured.sha256, measured.target_sha256)
    return stated == (sha256_or_empty(job.path), sha256_or_empty(job.target))
