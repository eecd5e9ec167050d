"""Images flow from files to vectors: threads read ahead of the encoder, within bounds.

On a CPU an encoder that allows it works in several threads at once, each on images of its own and
with one torch thread. Threads that share one image wait for each other after every layer: where
other programs use the cores as well, two of them took three times as long as one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from rainmer_analysis.images import (
    Region,
    map_ahead_in_threads,
    read_hashed_image,
    resize,
    unstorable_name_reason,
)
from rainmer_analysis.infer.encoders import Encoder
from rainmer_analysis.infer.extraction.adaptive_batches import AdaptiveBatchEncoder, Vectors
from rainmer_analysis.values import Rows

__all__ = [
    "NO_UNIT",
    "EncodedImage",
    "ImageJob",
    "image_jobs",
    "map_with_one_torch_thread_each",
    "stream_encoded_images",
]

NO_UNIT = "the encoder gave no unit vector"
"""How the reason begins where the fault is not the image's."""
_UNIT_TOLERANCE = 1e-4

_log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ImageJob:
    """One image to look at: its position in the set, its file, the part of the file that counts.

    A job with a `fault` is left out for that reason, whatever the file holds.
    """

    index: int
    path: str
    region: Region
    fault: str = ""


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """What became of one image: vectors, or the reason why there are none.

    Parameters
    ----------
    index
        Its position in the image set.
    sha256
        Of the file's bytes; empty where the file cannot be opened.
    width, height
        Of the image before resizing, pixels; 0 where there are no vectors.
    vectors
        One vector per view, shape (d,); empty where there are none.
    reason
        Why the image is left out; empty where it is not.
    """

    index: int
    sha256: str
    width: int
    height: int
    vectors: Mapping[str, npt.NDArray[np.float32]]
    reason: str


@dataclass(frozen=True, eq=False)
class _DecodedImage:
    index: int
    sha256: str
    width: int
    height: int
    pixels: npt.NDArray[np.float32] | None
    reason: str


@dataclass
class _WaitingClock:
    """Seconds spent waiting for the next of something, given out by `each`."""

    seconds: float = field(default=0.0, init=False)

    def time_waiting(self, items: Iterable[T]) -> Generator[T, None, None]:
        """Return the items, and count the time that each one took to come."""
        iterator = iter(items)
        while True:
            start = time.perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self.seconds += time.perf_counter() - start
            yield item


def image_jobs(rows: Rows, indices: Sequence[int], *, stored: Sequence[str]) -> Iterator[ImageJob]:
    """Return a job per row; what its `stored` columns hold must be text that a file can keep."""
    frame = rows.frame
    texts = frame[[name for name in stored if name in frame.columns]]
    for index, path, region, cells in zip(
        indices, frame["path"], frame["region"], texts.itertuples(index=False), strict=True
    ):
        yield ImageJob(index, str(path), region, unstorable_name_reason(*cells))


def stream_encoded_images(
    jobs: Iterable[ImageJob], encoder: Encoder, *, rule: str, batch_size: int, workers: int
) -> Generator[EncodedImage, None, None]:
    """Read, resize and encode images.

    Yields
    ------
    The outcome of each job, in the order of the jobs. An image that cannot be used has a reason and
    no vectors, and does not touch the others. What the time went to goes to the log.
    """
    reading, whole, any_encoded = _WaitingClock(), _WaitingClock(), False

    def decode(job: ImageJob) -> _DecodedImage:
        return _decode_job(job, rule)

    room = AdaptiveBatchEncoder(encoder)

    def encode(batch: Sequence[_DecodedImage]) -> list[EncodedImage]:
        return _encode_batch(batch, room)

    encoding = torch.get_num_threads() if getattr(encoder, "concurrent", False) else 1
    ahead = (encoding + 1) * batch_size + workers
    with closing(map_ahead_in_threads(jobs, decode, workers=workers, ahead=ahead)) as readings:
        batches = _batches_of_usable_images(reading.time_waiting(readings), batch_size)
        with closing(map_with_one_torch_thread_each(batches, encode, workers=encoding)) as found:
            for outcomes in whole.time_waiting(found):
                any_encoded = any_encoded or bool(outcomes)
                yield from outcomes
    if any_encoded:
        _log_bottleneck(reading.seconds / whole.seconds, whole.seconds)


def _log_bottleneck(share: float, whole: float) -> None:
    """Log whether reading, with this share of the seconds, or the network bounds a run."""
    _log.info(
        "bound by %s: of %.1f s, %.0f %% were spent waiting for images to be read and %.0f %% "
        "for the network",
        *("reading" if share > 0.5 else "the network", whole, 100 * share, 100 * (1 - share)),
    )


def _batches_of_usable_images(
    readings: Iterable[_DecodedImage], size: int
) -> Iterator[list[_DecodedImage]]:
    """Gather readings until `size` of them are usable; unusable ones keep their places."""
    batch: list[_DecodedImage] = []
    usable = 0
    for reading in readings:
        batch.append(reading)
        usable += not reading.reason
        if usable == size:
            yield batch
            batch, usable = [], 0
    yield batch


def map_with_one_torch_thread_each(
    tasks: Iterable[T], work: Callable[[T], R], *, workers: int
) -> Generator[R, None, None]:
    """Do `work` on tasks in threads with one torch thread each, and yield the results in order.

    With one worker it is done here, with as many torch threads as are set.
    """
    if workers == 1:
        yield from map(work, tasks)
        return

    def work_with_one_torch_thread(task: T) -> R:
        if torch.get_num_threads() != 1:
            torch.set_num_threads(1)
        return work(task)

    before = torch.get_num_threads()
    try:
        with closing(
            map_ahead_in_threads(
                tasks, work_with_one_torch_thread, workers=workers, ahead=workers + 1
            )
        ) as results:
            yield from results
    finally:
        torch.set_num_threads(before)


def _decode_job(job: ImageJob, rule: str) -> _DecodedImage:
    found = read_hashed_image(job.path, region=job.region)
    if found.pixels is None or job.fault:
        return _DecodedImage(job.index, found.sha256, 0, 0, None, job.fault or found.reason)
    height, width = found.pixels.shape[1:]
    pixels = resize(found.pixels, rule=rule)
    return _DecodedImage(job.index, found.sha256, width, height, pixels, "")


def _encode_batch(batch: Sequence[_DecodedImage], room: AdaptiveBatchEncoder) -> list[EncodedImage]:
    pixels = [reading.pixels for reading in batch if reading.pixels is not None]
    vectors = iter(room.encode(pixels))
    return [
        _encoded_image(reading, {} if reading.pixels is None else next(vectors))
        for reading in batch
    ]


def _encoded_image(reading: _DecodedImage, found: Vectors | None) -> EncodedImage:
    if found is None:
        reason = "the encoder needs more memory for it than there is"
        return EncodedImage(reading.index, reading.sha256, 0, 0, {}, reason)
    faulty = sorted(view for view, vector in found.items() if not _has_unit_length(vector))
    reason = reading.reason
    if faulty:
        reason = f"{NO_UNIT} for the view {faulty[0]}"
    if reason:
        return EncodedImage(reading.index, reading.sha256, 0, 0, {}, reason)
    return EncodedImage(reading.index, reading.sha256, reading.width, reading.height, found, "")


def _has_unit_length(vector: npt.NDArray[np.float32]) -> bool:
    return bool(abs(float(np.linalg.norm(vector.astype(np.float64))) - 1) <= _UNIT_TOLERANCE)
