"""Files in, restored files out: decoding, restoring, and encoding with writing overlap.

While one image is restored, the next is decoded and the last is compressed and written, each in a
thread of its own. At most one image waits before and one behind the network. A restored image is
kept in 8 bits, strip by strip as it is finished, so that no size needs more than its own pixels.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ImageError, OutputExistsError
from rainmer_analysis.images import (
    file_sha256,
    map_ahead_in_threads,
    read_hashed_image,
    read_png_request_digest,
    to_uint8_hwc,
    write_uint8_png,
)
from rainmer_analysis.infer import ImageRestorer
from rainmer_analysis.recipes.restoration.plan_restoration_jobs import RestorationJob
from rainmer_analysis.values import digest, report_progress

__all__ = [
    "RestoredFile",
    "TileSize",
    "restore_and_write_files",
    "split_into_pending_existing_skipped",
]

_AHEAD = 2  # the image in hand, and the next
Request = tuple[RestorationJob, str, str]


@dataclass(frozen=True)
class TileSize:
    """How large images are cut, see `ImageRestorer.restore`."""

    tile: int
    overlap: int | None


@dataclass(frozen=True)
class RestoredFile:
    """A job that was done, or why it could not be."""

    job: RestorationJob
    fault: str = ""


@dataclass(frozen=True, eq=False)
class _Decoded:
    job: RestorationJob
    request: str
    pixels: npt.NDArray[np.float32] | None
    fault: str = ""


def split_into_pending_existing_skipped(
    jobs: Sequence[RestorationJob], made: dict[str, object], *, overwrite: bool
) -> tuple[list[tuple[RestorationJob, str, str]], tuple[Path, ...], dict[str, str]]:
    """Separate what is to be done from what exists already and what cannot be opened.

    Returns
    -------
    What `restore_and_write_files` takes; files that answer the identical request; reasons by name.

    Raises
    ------
    OutputExistsError
        Something else lies where a result should go.
    """
    todo, existing, skipped = [], [], {}
    for job in jobs:
        try:
            sha256 = file_sha256(job.source)
        except ImageError as error:
            skipped[job.name] = str(error)
            continue
        request = digest({"derain": sha256, **made})
        if job.target.exists() and read_png_request_digest(job.target) == request:
            existing.append(job.target)
            continue
        if job.target.is_dir() or (job.target.exists() and not overwrite):
            raise OutputExistsError.at(job.target, "folder")
        todo.append((job, sha256, request))
    return todo, tuple(existing), skipped


def restore_and_write_files(
    todo: Iterable[Request], restorer: ImageRestorer, cut: TileSize, *, alone: bool = False
) -> Generator[RestoredFile, None, None]:
    """Restore image files, each to a PNG that names the request it answers, in order.

    `todo` holds jobs, the SHA-256 of their files' bytes, and the digests of their requests. Of an
    image that is `alone`, progress is reported in rows.
    """
    waiting: Future[RestoredFile] | None = None
    with (
        ThreadPoolExecutor(1, thread_name_prefix="write") as writer,
        closing(
            map_ahead_in_threads(todo, _decode_if_unchanged, workers=1, ahead=_AHEAD)
        ) as decoded,
    ):
        for each in decoded:
            made: Future[RestoredFile]
            if each.pixels is None:
                made = writer.submit(RestoredFile, each.job, each.fault)
            else:
                samples = _restore_to_uint8(each.pixels, restorer, cut, alone=alone)
                made = writer.submit(_write_restored, each.job, samples, each.request)
            if waiting is not None:
                yield waiting.result()
            waiting = made
        if waiting is not None:
            yield waiting.result()


def _decode_if_unchanged(task: Request) -> _Decoded:
    job, sha256, request = task
    found = read_hashed_image(job.source)
    fault = found.reason
    if found.pixels is not None and found.sha256 != sha256:
        fault = "changed while it was waiting for its turn; start again"
    return _Decoded(job, request, None if fault else found.pixels, fault)


def _restore_to_uint8(
    pixels: npt.NDArray[np.float32], restorer: ImageRestorer, cut: TileSize, *, alone: bool
) -> npt.NDArray[np.uint8]:
    samples = np.empty((*pixels.shape[1:], 3), np.uint8)
    for rows, strip in restorer.restore_strips(pixels, tile=cut.tile, overlap=cut.overlap):
        samples[rows] = to_uint8_hwc(strip)
        if alone:
            report_progress(rows.stop, len(samples), "row")
    return samples


def _write_restored(
    job: RestorationJob, samples: npt.NDArray[np.uint8], request: str
) -> RestoredFile:
    write_uint8_png(samples, job.target, request=request)
    return RestoredFile(job)
