"""The work of an extraction: what is unfinished goes to the encoder, shard by shard."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import name_fault
from rainmer_analysis.infer.outputs import COLUMNS, work_key
from rainmer_analysis.infer.shards import SHARD, Outcome, Part, Shards
from rainmer_analysis.infer.stream import Job
from rainmer_analysis.values import Rows, Space

__all__ = ["Encode", "Progress", "Work", "work_folder"]

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Encode = Callable[[Iterable[Job]], Generator[Outcome, None, None]]


def work_folder(folder: Path | None, spaces: Mapping[str, Space], rows: Rows) -> Path | None:
    """Return the hidden folder of a request's unfinished work."""
    return None if folder is None else folder / f".extract-{work_key(spaces, rows)[:16]}"


class Work:
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

    def __init__(self, rows: Rows, views: Mapping[str, int], shards: Shards) -> None:
        self._rows = rows
        self._views = views
        self._shards = shards
        self._known: dict[int, list[Outcome]] = {}

    def parts(self, view: str | None = None) -> Iterator[Part]:
        """Return what was finished, shard by shard, with the vectors of one view or of none.

        Raises
        ------
        SourceError
            The kept work of a shard has vanished.
        """
        wanted = {} if view is None else {view: self._views[view]}
        for number in range(len(self._spans())):
            part = self._shards.load(number, wanted)
            if part is None:
                raise SourceError(
                    "finished work of this extraction has vanished from its folder; start it again"
                )
            yield part

    def run(self, encode: Encode, progress: Progress | None) -> None:
        """Complete the shards: finished images are kept, those left out before are tried again."""
        total, done = len(self._rows), self._finished()
        if done:
            _log.info("continuing: %d of %d images were finished before", done, total)
        with closing(encode(self._jobs())) as stream:
            for number, outcomes in groupby(stream, key=lambda outcome: outcome.index // SHARD):
                fresh: list[Outcome] = []
                try:
                    for outcome in outcomes:
                        fresh.append(outcome)
                        done += 1
                        if progress is not None:
                            progress(done, total)
                finally:  # an interruption keeps what this shard has so far
                    part = Part.of([*self._known.pop(number), *fresh], self._views)
                    self._shards.save(number, part)

    def _spans(self) -> list[range]:
        total = len(self._rows)
        return [range(low, min(low + SHARD, total)) for low in range(0, total, SHARD)]

    def _finished(self) -> int:
        found = (self._shards.load(number, {}) for number in range(len(self._spans())))
        return sum(int(part.good.sum()) for part in found if part is not None)

    def _jobs(self) -> Iterator[Job]:
        """Return what is to do; what is known of a shard waits in memory until it is complete."""
        for number, span in enumerate(self._spans()):
            part = self._shards.load(number, self._views)
            known = [] if part is None else part.outcomes()
            left = sorted(set(span) - {outcome.index for outcome in known})
            if left:
                self._known[number] = known
                yield from _described(self._rows.take(left).frame, left)


def _described(frame: pd.DataFrame, indices: list[int]) -> Iterator[Job]:
    texts = frame[[name for name in COLUMNS if name in frame.columns]]
    for index, path, region, cells in zip(
        indices, frame["path"], frame["region"], texts.itertuples(index=False), strict=True
    ):
        yield Job(index, str(path), region, name_fault(*cells))
