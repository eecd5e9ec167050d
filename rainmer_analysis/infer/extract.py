"""Image set in, one table of unit vectors per view out."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterable
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import ParameterError, SourceError, WeightsError
from rainmer_analysis.images import RESIZE_RULES
from rainmer_analysis.infer.encoders import Encoder, encoder_spaces
from rainmer_analysis.infer.extraction import Extraction
from rainmer_analysis.infer.outputs import SKIPPED
from rainmer_analysis.infer.publishing import Task, in_folder, in_memory
from rainmer_analysis.infer.shards import EncodedImage
from rainmer_analysis.infer.stream import NO_UNIT, ImageJob, encode_stream
from rainmer_analysis.infer.work import Progress
from rainmer_analysis.values import ImageSet

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
    WeightsError
        The encoder gave no vector for any image.
    OutputExistsError
        Another table lies in `out`.
    OutputInUseError
        Another process is writing these tables.
    StorageError
        The disk is full or fails.
    ParameterError
        A parameter lies outside what is allowed.
    """
    rule = resize_rule or encoder.preprocessing
    threads = _check_options(batch_size, workers, rule)
    spaces = encoder_spaces(encoder, rule=rule)
    batch = batch_size or int(getattr(encoder, "preferred_batch", 8))

    def encode(jobs: Iterable[ImageJob]) -> Generator[EncodedImage, None, None]:
        return encode_stream(jobs, encoder, rule=rule, batch_size=batch, workers=threads)

    folder = None if out is None else Path(out)
    task = Task(images, encoder, spaces, encode, progress)
    done = in_memory(task) if folder is None else in_folder(task, folder, overwrite=overwrite)
    _report_left_out(done.skipped, len(images.rows), folder, strict=strict)
    return done


def _check_options(batch_size: int | None, workers: int | None, rule: str) -> int:
    """Check the numbers and give the number of threads that read."""
    for name, value in (("batch_size", batch_size), ("workers", workers)):
        if value is not None and value < 1:
            raise ParameterError(f"{name} is {value}; it must be at least 1")
    if rule not in RESIZE_RULES:
        raise ParameterError(
            f"unknown resize rule {rule!r}; allowed are {', '.join(sorted(RESIZE_RULES))}"
        )
    return workers or min(4, os.cpu_count() or 1)


def _report_left_out(
    skipped: pd.DataFrame, total: int, folder: Path | None, *, strict: bool
) -> None:
    """Say what was left out, as a note or as an error."""
    if skipped.empty:
        return
    where = f"; see {folder / SKIPPED}" if folder is not None else ""
    first = f"the first is {skipped['path'].iloc[0]!r}: {skipped['reason'].iloc[0]}"
    if len(skipped) == total:
        if skipped["reason"].str.startswith(NO_UNIT).any():
            raise WeightsError(
                f"the encoder gave no unit vector for any of the images ({first}){where}; its "
                "weights are damaged or too large: give others"
            )
        raise SourceError(f"none of the {total} images could be used ({first}){where}")
    if strict:
        raise SourceError(
            f"{len(skipped)} of {total} images were left out ({first}){where}; "
            "repair or remove them, or do without strict"
        )
    _log.info("%d of %d images were left out (%s)%s", len(skipped), total, first, where)
