"""Folders of images to a table of the published measures."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rainmer_analysis.errors import ImageError, ParameterError, SourceError
from rainmer_analysis.images import (
    Sources,
    file_sha256,
    find_datasets,
    sample_datasets,
    unstorable_name_reason,
)
from rainmer_analysis.recipes.file_accounts import account_for_files
from rainmer_analysis.recipes.properties.measure_pairs import ImageMeter, Job, Measured
from rainmer_analysis.recipes.properties.resumable_measures import ResumableMeasures
from rainmer_analysis.recipes.properties.text_outputs import csv_text, holds_text, write_text_once
from rainmer_analysis.values import (
    ImageSet,
    PropertyTable,
    Rows,
    digest,
    holding,
    is_up_to_date,
    lock_of,
    read_as,
    versions_of,
    write,
)

__all__ = ["Description", "describe", "skipped_path"]

_log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
_COLUMNS = ("image_id", "dataset", "group", "split", "target", "path")
_SKIPPED = ("image_id", "dataset", "path", "reason")


@dataclass(frozen=True, eq=False)
class Description:
    """The measures of images, and what could not be used.

    Parameters
    ----------
    table
        A row per image that can be read.
    left_out
        Images that cannot be used: ``image_id``, ``dataset``, ``path``, ``reason``.
    partners
        Clean partners that cannot be used, in the same columns; their images have rows, without
        the measures of the pair.
    path
        The file; None where nothing was written.
    up_to_date
        Whether the file answered the identical request already.
    accounts
        By dataset, what became of all files that lie in its folder.
    """

    table: PropertyTable
    left_out: pd.DataFrame
    partners: pd.DataFrame
    path: Path | None = None
    up_to_date: bool = False
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def skipped_path(out: str | Path) -> Path:
    """Return the list beside a table that names files which could not be used."""
    return Path(out).with_suffix(".skipped.csv")


def describe(
    sources: Sources | ImageSet,
    *,
    out: str | Path | None = None,
    root: str | Path | None = None,
    per_dataset: int | None = None,
    seed: int = 42,
    workers: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Description:
    """Measure images and pairs as the published measurements did (REFERENCE.md, section 7).

    Every image that can be read has a row. A measure that is not defined is NaN, null in the
    file: those of a pair for an image without a usable partner, the rain's gradient and colour
    where no pixel changes by more than 8 levels.

    Parameters
    ----------
    sources
        As for `extract`, or an image set.
    out
        Parquet file; files that cannot be used are named beside it in ``<stem>.skipped.csv``.
        Without it nothing is written. An interrupted run is continued.
    root
        Folder of the paper's datasets.
    per_dataset, seed
        Images drawn from each dataset, by default all, and the seed of the draw.
    workers
        Threads, by default up to four; the measures do not depend on them.
    overwrite
        Whether another file may be replaced.
    progress
        Called as ``progress(done, total)``.

    Raises
    ------
    SourceError
        A source cannot be used, or no image can.
    OutputExistsError
        Something else lies at `out` or where the list goes.
    ParameterError
        `out` does not end in ``.parquet``, or `workers` is under 1.
    """
    path = None if out is None else _check_output(Path(out))
    threads = _thread_count(workers)
    if path is not None:
        _check_skipped_list(skipped_path(path), overwrite=overwrite)
    datasets = () if isinstance(sources, ImageSet) else find_datasets(sources, root=root)
    images = (
        sources
        if isinstance(sources, ImageSet)
        else sample_datasets(datasets, per_dataset=per_dataset, seed=seed)
    )
    jobs = _measuring_jobs(images.rows)
    with ExitStack() as held:
        if path is not None:
            held.enter_context(holding(lock_of(path)))
        known = (
            None
            if path is None
            else _find_existing_table(path, images, jobs, threads, overwrite=overwrite)
        )
        current = known is not None
        if known is None:
            known = _measure_and_write(images, jobs, path, threads, progress, overwrite=overwrite)
        left_out, partners = (_listed_rows(known, key) for key in ("left_out", "partners"))
        if path is not None:
            lines = [*left_out.itertuples(index=False), *_partner_lines(partners)]
            write_text_once(skipped_path(path), csv_text(_SKIPPED, lines), overwrite=True)
    counts = Counter(left_out["dataset"])
    accounts = account_for_files(datasets, images.rows.counts, counts)
    return Description(known, left_out, partners, path, current, accounts)


def _check_output(path: Path) -> Path:
    if path.suffix.lower() != ".parquet":
        raise ParameterError(
            f"a table of properties cannot be written as {path.name!r}; "
            "use a name that ends in .parquet"
        )
    return path


def _check_skipped_list(path: Path, *, overwrite: bool) -> None:
    """Make sure that nothing but an earlier list lies where the list of files goes."""
    header = csv_text(_SKIPPED, [])
    if path.is_file() and path.read_bytes().startswith(header.encode()):
        return
    holds_text(path, header, overwrite=overwrite)


def _thread_count(workers: int | None) -> int:
    if workers is not None and workers < 1:
        raise ParameterError(f"workers is {workers}; it must be at least 1")
    return workers or min(4, os.cpu_count() or 1)


def _measuring_jobs(rows: Rows) -> list[Job]:
    frame = rows.frame
    texts = frame[list(_COLUMNS)].itertuples(index=False)
    places = frame[["path", "region", "target", "target_region"]].itertuples(index=False)
    return [
        Job(str(path), region, target, target_region or "whole", unstorable_name_reason(*cells))
        for (path, region, target, target_region), cells in zip(places, texts, strict=True)
    ]


def _find_existing_table(
    path: Path, images: ImageSet, jobs: Sequence[Job], threads: int, *, overwrite: bool
) -> PropertyTable | None:
    """Return what the file holds if it answers this request; it needs all files' bytes."""
    if not path.exists() or (overwrite and not path.is_dir()):
        return None
    places = list(dict.fromkeys(each for job in jobs for each in (job.path, job.target) if each))
    with ThreadPoolExecutor(threads) as pool:
        contents = dict(zip(places, pool.map(_sha256_or_empty, places), strict=True))
    hashes = [(contents[job.path], contents[job.target] if job.target else "") for job in jobs]
    is_up_to_date(path, _request_digest(images.rows, hashes))
    return read_as(path, PropertyTable)


def _sha256_or_empty(path: str) -> str:
    try:
        return file_sha256(path)
    except ImageError:
        return ""


def _request_digest(rows: Rows, hashes: Sequence[tuple[str, str]]) -> str:
    """Return the digest of a request: labels, and the bytes of the files (not their places)."""
    names = ("image_id", "dataset", "group", "split", "region", "target_region")
    labels = {name: (None if pd.isna(x) else str(x) for x in rows.cells(name)) for name in names}
    contents = (list(each) for each in hashes)
    return digest({"describe": labels, "contents": contents, "versions": versions_of("describe")})


def _measure_and_write(
    images: ImageSet,
    jobs: Sequence[Job],
    path: Path | None,
    threads: int,
    progress: Progress | None,
    *,
    overwrite: bool,
) -> PropertyTable:
    """Measure all images, and write the table if it has a place."""
    unfinished = ResumableMeasures(path, jobs)
    try:
        found = _measure_all(jobs, unfinished, threads, progress)
    finally:
        unfinished.close()
    good = [index for index, each in enumerate(found) if not each.reason]
    if not good:
        first = f"the first is {jobs[0].path!r}: {found[0].reason}"
        raise SourceError(f"none of the {len(jobs)} images could be used ({first})")
    table = _property_table(images, found, good)
    if path is not None:
        hashes = [(each.sha256, each.target_sha256) for each in found]
        write(table, path, overwrite=overwrite, request=_request_digest(images.rows, hashes))
        unfinished.discard()
    return table


def _measure_all(
    jobs: Sequence[Job], unfinished: ResumableMeasures, threads: int, progress: Progress | None
) -> list[Measured]:
    known = unfinished.load()
    left = [index for index in range(len(jobs)) if index not in known]
    if known:
        _log.info("continuing: %d of %d images were measured before", len(known), len(jobs))
    meter = ImageMeter(remembered=threads)

    def work(index: int) -> Measured:
        measured = meter.measure(jobs[index])
        unfinished.add(index, measured)
        return measured

    pool = ThreadPoolExecutor(threads)
    try:
        for index, measured in zip(left, pool.map(work, left), strict=True):
            known[index] = measured
            if progress is not None:
                progress(len(known), len(jobs))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return [known[index] for index in range(len(jobs))]


def _property_table(
    images: ImageSet, found: Sequence[Measured], good: Sequence[int]
) -> PropertyTable:
    rows = images.rows
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
        "left_out": _fault_rows(rows, found, "path", "reason"),
        "partners": _fault_rows(rows, found, "target", "target_reason"),
    }
    return PropertyTable(np.array([each.values for each in own]), Rows(labels), made)


def _fault_rows(rows: Rows, found: Sequence[Measured], column: str, kind: str) -> list[list[str]]:
    cells = zip(rows.cells("image_id"), rows.cells("dataset"), rows.cells(column), strict=True)
    return [
        [*(_escape_surrogates(cell) for cell in labels), getattr(each, kind)]
        for labels, each in zip(cells, found, strict=True)
        if getattr(each, kind)
    ]


def _escape_surrogates(text: str) -> str:
    """Escape what is no Unicode in a file's name, so that JSON and CSV can hold it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _listed_rows(table: PropertyTable, key: str) -> pd.DataFrame:
    return pd.DataFrame([list(each) for each in table.made.get(key, ())], columns=list(_SKIPPED))


def _partner_lines(partners: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Return the lines of partners, which say what is missing for their sake."""
    for image_id, dataset, path, reason in partners.itertuples(index=False):
        yield image_id, dataset, path, f"as a target: {reason}; the pair has no measures"
