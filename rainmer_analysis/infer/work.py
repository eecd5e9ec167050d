"""The work of an extraction: what is unfinished goes to the encoder, shard by shard."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import unstorable_name_reason
from rainmer_analysis.infer.outputs import COLUMNS, resume_key
from rainmer_analysis.infer.shards import SHARD, EncodedImage, Shard, ShardStore
from rainmer_analysis.infer.stream import ImageJob, content_hashes
from rainmer_analysis.values import Rows, Space

__all__ = [
    "Encode",
    "Progress",
    "ResumableExtraction",
    "WorkVanishedError",
    "reclaim",
    "work_folder",
]

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Encode = Callable[[Iterable[ImageJob]], Generator[EncodedImage, None, None]]


class WorkVanishedError(SourceError):
    """Finished work is gone: another process has removed it."""


def work_folder(folder: Path | None, spaces: Mapping[str, Space], rows: Rows) -> Path | None:
    """Return the hidden folder of a request's unfinished work."""
    if folder is None:
        return None
    return folder / f"{_prefix(spaces)}{resume_key(spaces, rows)[:16]}"


def reclaim(folder: Path, spaces: Mapping[str, Space]) -> None:
    """Remove unfinished work of other requests to these tables: they answer another one now."""
    for left in folder.glob(f"{_prefix(spaces)}*"):
        shutil.rmtree(left, ignore_errors=True)


def _prefix(spaces: Mapping[str, Space]) -> str:
    encoder = next(iter(spaces.values())).encoder
    return f".extract-{encoder.replace(':', '-').replace('/', '-')}-"


class ResumableExtraction:
    """The shards of an extraction; a few of them are in memory at a time.

    Parameters
    ----------
    rows
        Those of the image set.
    views
        View names and their dimensions.
    shards
        What is finished.
    """

    def __init__(self, rows: Rows, views: Mapping[str, int], shards: ShardStore) -> None:
        self._rows = rows
        self._views = views
        self._shards = shards
        self._known: dict[int, list[EncodedImage]] = {}
        self._stale: set[int] = set()

    def parts(self, view: str | None = None) -> Iterator[Shard]:
        """Return what was finished, shard by shard, with the vectors of one view or of none.

        Raises
        ------
        WorkVanishedError
            The kept work of a shard has vanished.
        """
        wanted = {} if view is None else {view: self._views[view]}
        for number in range(len(self._shard_ranges())):
            part = self._shards.load(number, wanted)
            if part is None:
                raise WorkVanishedError(
                    "finished work of this extraction has vanished from its folder; start it again"
                )
            yield part

    def run(self, encode: Encode, progress: Progress | None) -> None:
        """Complete the shards: finished images are kept, those left out before are tried again."""
        total, done = len(self._rows), self._count_finished()
        if done:
            _log.info("continuing: %d of %d images were finished before", done, total)
        with closing(encode(self._unfinished_jobs())) as stream:
            for number, outcomes in groupby(stream, key=lambda outcome: outcome.index // SHARD):
                fresh: list[EncodedImage] = []
                try:
                    for outcome in outcomes:
                        fresh.append(outcome)
                        done += 1
                        if progress is not None:
                            progress(done, total)
                finally:  # an interruption keeps what this shard has so far
                    part = Shard.of([*self._known.pop(number), *fresh], self._views)
                    self._shards.save(number, part)

    def _shard_ranges(self) -> list[range]:
        total = len(self._rows)
        return [range(low, min(low + SHARD, total)) for low in range(0, total, SHARD)]

    def _count_finished(self) -> int:
        """Count what was finished before and is of the bytes that the files hold now."""
        count = 0
        for number in range(len(self._shard_ranges())):
            part = self._shards.load(number, {})
            if part is None or not part.good.any():
                continue
            index, stated = part.index[part.good], part.sha256[part.good]
            now = np.array(list(content_hashes(self._rows.take(index))), np.str_)
            self._stale.update(index[now != stated].tolist())
            count += int((now == stated).sum())
        if self._stale:
            _log.info("%d images have changed since and are read anew", len(self._stale))
        return count

    def _unfinished_jobs(self) -> Iterator[ImageJob]:
        """Return what is to do; what is known of a shard waits in memory until it is complete."""
        for number, span in enumerate(self._shard_ranges()):
            part = self._shards.load(number, self._views)
            before = [] if part is None else part.outcomes()
            known = [each for each in before if each.index not in self._stale]
            left = sorted(set(span) - {outcome.index for outcome in known})
            if left:
                self._known[number] = known
                yield from _jobs_of_rows(self._rows.take(left).frame, left)


def _jobs_of_rows(frame: pd.DataFrame, indices: list[int]) -> Iterator[ImageJob]:
    texts = frame[[name for name in COLUMNS if name in frame.columns]]
    for index, path, region, cells in zip(
        indices, frame["path"], frame["region"], texts.itertuples(index=False), strict=True
    ):
        yield ImageJob(index, str(path), region, unstorable_name_reason(*cells))
