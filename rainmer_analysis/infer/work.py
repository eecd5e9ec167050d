"""The work of an extraction: what is unfinished goes to the encoder, shard by shard."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path

import pandas as pd

from rainmer_analysis.images import name_fault
from rainmer_analysis.infer.outputs import COLUMNS, work_key
from rainmer_analysis.infer.shards import SHARD, Outcome, Part, Shards
from rainmer_analysis.infer.stream import Job
from rainmer_analysis.values import Space

__all__ = ["Progress", "run", "work_folder"]

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


def work_folder(
    folder: Path | None, spaces: Mapping[str, Space], frame: pd.DataFrame
) -> Path | None:
    """Give the hidden folder of a request's unfinished work."""
    return None if folder is None else folder / f".extract-{work_key(spaces, frame)[:16]}"


def run(
    frame: pd.DataFrame,
    views: Mapping[str, int],
    shards: Shards,
    *,
    encode: Callable[[list[Job]], Generator[Outcome, None, None]],
    progress: Progress | None,
) -> Part:
    """Complete the shards: finished ones are read, images left out before are tried again."""
    total = len(frame)
    spans = [range(low, min(low + SHARD, total)) for low in range(0, total, SHARD)]
    finished = [shards.load(number, views) for number in range(len(spans))]
    known = [part.outcomes() if part is not None else [] for part in finished]
    todo = [
        sorted(set(span) - {outcome.index for outcome in outcomes})
        for span, outcomes in zip(spans, known, strict=True)
    ]
    jobs = _jobs(frame)
    done = total - sum(map(len, todo))
    if done:
        _log.info("continuing: %d of %d images were finished before", done, total)
    parts = []
    with closing(encode([jobs[index] for indices in todo for index in indices])) as stream:
        for number, indices in enumerate(todo):
            fresh: list[Outcome] = []
            try:
                for outcome in islice(stream, len(indices)):
                    fresh.append(outcome)
                    done += 1
                    if progress is not None:
                        progress(done, total)
            finally:  # an interruption keeps what this shard has so far
                parts.append(Part.of([*known[number], *fresh], views))
                if fresh:
                    shards.save(number, parts[-1])
    return Part.joined(parts)


def _jobs(frame: pd.DataFrame) -> list[Job]:
    texts = frame[[name for name in COLUMNS if name in frame.columns]]
    return [
        Job(index, str(path), region, name_fault(*cells))
        for index, (path, region, cells) in enumerate(
            zip(frame["path"], frame["region"], texts.itertuples(index=False), strict=True)
        )
    ]
