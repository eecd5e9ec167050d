"""Image set in, one table of unit vectors per view out."""

from __future__ import annotations

from pathlib import Path

from rainmer_analysis.infer.encoders import Encoder
from rainmer_analysis.infer.extraction.extract_to_memory_or_folder import (
    extract_in_memory,
    extract_into_folder,
)
from rainmer_analysis.infer.extraction.extraction_result import (
    Extraction,
    report_or_refuse_left_out,
)
from rainmer_analysis.infer.extraction.extraction_task import ExtractionTask, Progress
from rainmer_analysis.values import ImageSet

__all__ = ["extract"]


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
    task = ExtractionTask(images, encoder, batch_size, workers, resize_rule, progress)
    folder = None if out is None else Path(out)
    if folder is None:
        done = extract_in_memory(task)
    else:
        done = extract_into_folder(task, folder, overwrite=overwrite)
    report_or_refuse_left_out(done.skipped, len(images.rows), folder, strict=strict)
    return done
