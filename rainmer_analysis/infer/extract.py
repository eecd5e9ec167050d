"""Image set in, one table of unit vectors per view out."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rainmer_analysis.errors import ParameterError, SourceError
from rainmer_analysis.images import RESIZE_RULES
from rainmer_analysis.infer.encoders.contract import Encoder, identity
from rainmer_analysis.infer.extraction import Extraction, TablesOnDisk, standing_extraction
from rainmer_analysis.infer.outputs import COLUMNS, SKIPPED, discard_form, request, write_skipped
from rainmer_analysis.infer.shards import Outcome, Part, Shards
from rainmer_analysis.infer.stream import Job, encoded
from rainmer_analysis.infer.work import Progress, Work, work_folder
from rainmer_analysis.values import EmbeddingTable, ImageSet, Rows, Space, write_table

__all__ = ["extract"]

_log = logging.getLogger(__name__)


def extract(
    images: ImageSet,
    encoder: Encoder,
    *,
    out: str | Path | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    resize_rule: str | None = None,
    overwrite: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> Extraction:
    """Read, resize and encode every image, all views in one pass.

    An image that cannot be used is left out and named; it never stops the others or changes their
    vectors. Vectors agree within 1e-5 whatever the batch size, the workers and the order.

    Parameters
    ----------
    images
        What to look at.
    encoder
        What looks; see `load_encoder`.
    out
        Folder for ``<encoder>-<view>.parquet`` and ``skipped.csv``. Finished shards of an
        interrupted run in it are used; files that answer the identical request are left as they
        are. Without it nothing is written.
    batch_size
        Images per pass; by default what the encoder prefers.
    workers
        Threads that read and resize ahead of the encoder; by default up to four.
    resize_rule
        Name of a resize rule; by default the encoder's ``preprocessing``.
    overwrite
        Whether other tables in `out` may be replaced.
    strict
        Whether an image left out is an error, after everything is written.
    progress
        Called as ``progress(done, total)`` after each image.

    Raises
    ------
    SourceError
        No image could be used, or one was left out under `strict`.
    OutputExistsError
        Another table lies in `out`.
    ParameterError
        A parameter lies outside what is allowed.
    """
    rule = resize_rule or encoder.preprocessing
    threads = _checked(batch_size, workers, rule)
    spaces = identity(encoder, rule=rule)
    rows = images.rows
    folder = None if out is None else Path(out)
    if folder is not None:
        known = standing_extraction(folder, spaces, rows, overwrite=overwrite)
        if known is not None:
            discard_form(folder, spaces.values(), parts=False)
            _judge(known.skipped, len(rows), folder, strict=strict)
            return known
    shards = Shards(work_folder(folder, spaces, rows))
    work = Work(rows, encoder.views, shards)
    batch = batch_size or int(getattr(encoder, "preferred_batch", 8))

    def encode(jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        return encoded(jobs, encoder, rule=rule, batch_size=batch, workers=threads)

    work.run(encode, progress)
    skipped = _skipped(rows, work)
    some, made = len(skipped) < len(rows), _made(images, encoder)
    tables: Mapping[str, EmbeddingTable] = {}
    paths: dict[str, Path] = {}
    if folder is not None:
        write_skipped(folder / SKIPPED, skipped, encoder.name)
        for view, space in spaces.items() if some else ():
            key = request(space, rows, _contents(work))
            batches = _batches(rows, work, (space, made))
            path = folder / f"{space.stem}.parquet"
            paths[view] = write_table(batches, path, overwrite=overwrite, request=key)
        discard_form(folder, spaces.values(), parts=False)
        shards.discard()
        tables = TablesOnDisk(paths)
    elif some:
        tables = {view: _whole(rows, work, (space, made)) for view, space in spaces.items()}
    _judge(skipped, len(rows), folder, strict=strict)
    return Extraction(tables, skipped, paths)


def _checked(batch_size: int | None, workers: int | None, rule: str) -> int:
    """Check the numbers and give the number of threads that read."""
    for name, value in (("batch_size", batch_size), ("workers", workers)):
        if value is not None and value < 1:
            raise ParameterError(f"{name} is {value}; it must be at least 1")
    if rule not in RESIZE_RULES:
        raise ParameterError(
            f"unknown resize rule {rule!r}; allowed are {', '.join(sorted(RESIZE_RULES))}"
        )
    return workers or min(4, os.cpu_count() or 1)


def _skipped(rows: Rows, work: Work) -> pd.DataFrame:
    columns, found = ["image_id", "dataset", "path"], []
    for part in work.parts():
        bad = ~part.good
        if bad.any():
            left_out = rows.take(part.index[bad]).frame[columns]
            found.append(left_out.assign(reason=part.reason[bad].tolist()))
    if not found:
        return pd.DataFrame(columns=[*columns, "reason"], dtype=object)
    return pd.concat(found, ignore_index=True)


def _contents(work: Work) -> Iterator[str]:
    return (sha256 for part in work.parts() for sha256 in part.sha256.tolist())


def _batches(
    rows: Rows, work: Work, told: tuple[Space, dict[str, Any]]
) -> Iterator[EmbeddingTable]:
    """Return the good images of each shard as a small table."""
    space, made = told
    columns = list(COLUMNS)
    if any(region != "whole" for region in rows.cells("region")):
        columns.append("region")
    for part in work.parts(space.view):
        if part.good.any():
            labels = _labels(rows, part, columns)
            yield EmbeddingTable(part.vectors[space.view], labels, space, made)


def _whole(rows: Rows, work: Work, told: tuple[Space, dict[str, Any]]) -> EmbeddingTable:
    """Return the good images of all shards as one table."""
    batches = list(_batches(rows, work, told))
    joined = Rows(pd.concat([batch.rows.frame for batch in batches], ignore_index=True))
    return EmbeddingTable(np.concatenate([batch.vectors for batch in batches]), joined, *told)


def _labels(rows: Rows, part: Part, columns: list[str]) -> Rows:
    good = part.good
    measured = {
        "sha256": part.sha256[good].tolist(),
        "width": part.width[good],
        "height": part.height[good],
    }
    return Rows(rows.take(part.index[good]).frame[columns].assign(**measured))


def _made(images: ImageSet, encoder: Encoder) -> dict[str, Any]:
    sampling = dict(images.sampling)
    return {
        "encoder": {
            "name": encoder.name,
            "sha256": encoder.sha256,
            "api_version": encoder.api_version,
            "configuration": dict(getattr(encoder, "configuration", {})),
        },
        "seed": sampling.pop("seed", None),
        "sampling": sampling,
    }


def _judge(skipped: pd.DataFrame, total: int, folder: Path | None, *, strict: bool) -> None:
    """Say what was left out, as a note or as an error."""
    if skipped.empty:
        return
    where = f"; see {folder / SKIPPED}" if folder is not None else ""
    first = f"the first is {skipped['path'].iloc[0]!r}: {skipped['reason'].iloc[0]}"
    if len(skipped) == total:
        raise SourceError(f"none of the {total} images could be used ({first}){where}")
    if strict:
        raise SourceError(
            f"{len(skipped)} of {total} images were left out ({first}){where}; "
            "repair or remove them, or do without strict"
        )
    _log.info("%d of %d images were left out (%s)%s", len(skipped), total, first, where)
