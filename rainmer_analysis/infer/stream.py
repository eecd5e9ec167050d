"""Images flow from files to vectors: threads read ahead of the encoder, within bounds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images.reading import Region, file_sha256, read_image
from rainmer_analysis.images.resize import resize
from rainmer_analysis.infer.encoders.contract import Encoder
from rainmer_analysis.infer.shards import Outcome

__all__ = ["Job", "encoded", "read_ahead"]

_UNIT_TOLERANCE = 1e-4

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Job:
    """One image to look at: its position in the set, its file, the part of the file that counts.

    A job with a `fault` is left out for that reason, whatever the file holds.
    """

    index: int
    path: str
    region: Region
    fault: str = ""


@dataclass(frozen=True, eq=False)
class _Reading:
    index: int
    sha256: str
    width: int
    height: int
    pixels: npt.NDArray[np.float32] | None
    reason: str


def read_ahead(
    tasks: Iterable[T], work: Callable[[T], R], *, workers: int, ahead: int
) -> Generator[R, None, None]:
    """Do `work` on tasks in threads and give the results in order.

    At most `ahead` results wait at any time, so memory stays bounded however slow the consumer is.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="read")
    waiting: deque[Future[R]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def encoded(
    jobs: Sequence[Job], encoder: Encoder, *, rule: str, batch_size: int, workers: int
) -> Generator[Outcome, None, None]:
    """Read, resize and encode images.

    Yields
    ------
    The outcome of each job, in the order of the jobs. An image that cannot be used has a reason and
    no vectors, and does not touch the others.
    """

    def look(job: Job) -> _Reading:
        return _read(job, rule)

    with closing(
        read_ahead(jobs, look, workers=workers, ahead=2 * batch_size + workers)
    ) as readings:
        batch: list[_Reading] = []
        usable = 0
        for reading in readings:
            batch.append(reading)
            usable += not reading.reason
            if usable == batch_size:
                yield from _encode(batch, encoder)
                batch, usable = [], 0
        yield from _encode(batch, encoder)


def _read(job: Job, rule: str) -> _Reading:
    sha256 = ""
    try:
        sha256 = file_sha256(job.path)
        if job.fault:
            raise ImageError(job.fault)
        image = read_image(job.path, region=job.region)
    except ImageError as error:
        return _Reading(job.index, sha256, 0, 0, None, str(error))
    height, width = image.shape[1:]
    return _Reading(job.index, sha256, width, height, resize(image, rule=rule), "")


def _encode(batch: Sequence[_Reading], encoder: Encoder) -> Iterator[Outcome]:
    pixels = [reading.pixels for reading in batch if reading.pixels is not None]
    vectors = _vectors(np.stack(pixels), encoder) if pixels else {}
    row = 0
    for reading in batch:
        if reading.pixels is None:
            yield Outcome(reading.index, reading.sha256, 0, 0, {}, reading.reason)
            continue
        found = {view: rows[row] for view, rows in vectors.items()}
        row += 1
        faulty = sorted(view for view, vector in found.items() if not _is_unit(vector))
        if faulty:
            reason = f"the encoder gave no unit vector for the view {faulty[0]}"
            yield Outcome(reading.index, reading.sha256, 0, 0, {}, reason)
        else:
            size = (reading.width, reading.height)
            yield Outcome(reading.index, reading.sha256, *size, found, "")


def _vectors(
    pixels: npt.NDArray[np.float32], encoder: Encoder
) -> dict[str, npt.NDArray[np.float32]]:
    found = encoder.encode(pixels)
    for view, dim in encoder.views.items():
        shape = np.shape(found.get(view, ()))
        if shape != (len(pixels), dim):
            raise ParameterError(
                f"the encoder {encoder.name} gave {list(shape)} numbers for the view {view} of "
                f"{len(pixels)} images, but states {dim} dimensions; it breaks its own contract"
            )
    return {view: np.asarray(found[view], np.float32) for view in encoder.views}


def _is_unit(vector: npt.NDArray[np.float32]) -> bool:
    return bool(abs(float(np.linalg.norm(vector.astype(np.float64))) - 1) <= _UNIT_TOLERANCE)
