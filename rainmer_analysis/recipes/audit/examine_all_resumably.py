"""All files of an audit examined; what an unfinished one has examined lies beside its output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rainmer_analysis.images import sha256_or_empty
from rainmer_analysis.recipes.audit.examine_images import ExaminedImage, Examiner
from rainmer_analysis.recipes.audit.gather_images import AuditedImage
from rainmer_analysis.recipes.image_meter import MeasuringJob
from rainmer_analysis.recipes.resumable_work import (
    FinishedItemsFile,
    complete_items,
    finished_items_path,
)

__all__ = ["current_sha256_of_pair", "examine_all_images", "open_finished_images"]


def examine_all_images(
    images: Sequence[AuditedImage],
    finished: FinishedItemsFile[ExaminedImage],
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[ExaminedImage]:
    """Look at all files, a few at a time, and go on where an earlier run ended."""
    examiner = Examiner(remembered=workers)
    return complete_items(
        finished,
        lambda index: examiner.examine(images[index].job),
        threads=workers,
        progress=progress,
        done="seen",
    )


def open_finished_images(
    out: Path | None, jobs: Sequence[MeasuringJob]
) -> FinishedItemsFile[ExaminedImage]:
    """Return the store of what an unfinished audit that writes `out` has examined; None has none.

    It is found again for files at the same places; what was examined counts where they still hold
    the same bytes, and what could not be read is tried again.
    """
    places = ([each.path, each.region, each.target, each.target_region] for each in jobs)
    return FinishedItemsFile(
        None if out is None else finished_items_path(out, "audit", places),
        len(jobs),
        encode=ExaminedImage.document,
        decode=ExaminedImage.from_document,
        is_current=lambda index, each: (
            _is_readable(each) and current_sha256_of_pair(jobs[index]) == each.file_hashes
        ),
    )


def current_sha256_of_pair(job: MeasuringJob) -> tuple[str, str]:
    """Return the SHA-256 of an image's and its partner's bytes; empty where there are none."""
    return ("", "") if job.fault else (sha256_or_empty(job.path), sha256_or_empty(job.target))


def _is_readable(examined: ExaminedImage) -> bool:
    return not (examined.own.reason or (examined.partner and examined.partner.reason))
