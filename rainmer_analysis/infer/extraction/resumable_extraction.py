"""The work of an extraction: what is unfinished goes to the encoder, shard by shard."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rainmer_analysis.images import content_hashes
from rainmer_analysis.infer.extraction.output_folder import COLUMNS, resumed_work_digest
from rainmer_analysis.infer.extraction.shards import SHARD, Shard, ShardStore, WorkVanishedError
from rainmer_analysis.infer.extraction.stream_encoded_images import (
    EncodedImage,
    ImageJob,
    image_jobs,
)
from rainmer_analysis.values import EmbeddingTable, Rows, Space

__all__ = [
    "ResumableExtraction",
    "WorkVanishedError",
    "find_unfinished_work_folder",
    "remove_unfinished_work",
]

_log = logging.getLogger(__name__)

Encode = Callable[[Iterable[ImageJob]], Generator[EncodedImage, None, None]]


def find_unfinished_work_folder(
    folder: Path | None, spaces: Mapping[str, Space], rows: Rows
) -> Path | None:
    """Return the hidden folder of a request's unfinished work."""
    if folder is None:
        return None
    return folder / f"{_unfinished_prefix(spaces)}{resumed_work_digest(spaces, rows)[:16]}"


def remove_unfinished_work(folder: Path, spaces: Mapping[str, Space]) -> None:
    """Remove unfinished work of other requests to these tables: they answer another one now."""
    for left in folder.glob(f"{_unfinished_prefix(spaces)}*"):
        shutil.rmtree(left, ignore_errors=True)


def _unfinished_prefix(spaces: Mapping[str, Space]) -> str:
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
    folder
        Where finished shards are kept; None keeps them in memory.
    """

    def __init__(self, rows: Rows, views: Mapping[str, int], folder: Path | None) -> None:
        self._rows = rows
        self._views = views
        self._shards = ShardStore(folder)
        self._known: dict[int, list[EncodedImage]] = {}
        self._stale: set[int] = set()

    def stored_shards(self, view: str | None = None) -> Iterator[Shard]:
        """Return what was finished, shard by shard, with the vectors of one view or of none.

        Raises
        ------
        WorkVanishedError
            The kept work of a shard has vanished.
        """
        wanted = {} if view is None else {view: self._views[view]}
        for number in range(len(self._shard_ranges())):
            yield self._shards.require(number, wanted)

    def run(self, encode: Encode, progress: Callable[[int, int], None] | None) -> None:
        """Complete the shards: finished images are kept, those left out before are tried again."""
        total, done = len(self._rows), self._count_finished_and_note_stale()
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
                    part = Shard.from_images([*self._known.pop(number), *fresh], self._views)
                    self._shards.save(number, part)

    def left_out_images(self) -> pd.DataFrame:
        """Return the images left out: ``image_id, dataset, path, reason``."""
        columns, found = ["image_id", "dataset", "path"], []
        for part in self.stored_shards():
            bad = ~part.good_mask
            if bad.any():
                named = self._rows.take(part.index[bad]).frame[columns]
                found.append(named.assign(reason=part.reason[bad].tolist()))
        if not found:
            return pd.DataFrame(columns=[*columns, "reason"], dtype=object)
        return pd.concat(found, ignore_index=True)

    def file_digests(self) -> Iterator[str]:
        """Return the SHA-256 of each row's file; empty where it cannot be opened."""
        return (sha256 for part in self.stored_shards() for sha256 in part.sha256.tolist())

    def table_batches(
        self, space: Space, provenance: Mapping[str, Any]
    ) -> Iterator[EmbeddingTable]:
        """Return the good images of each shard as a small table."""
        columns = list(COLUMNS)
        if any(region != "whole" for region in self._rows.cells("region")):
            columns.append("region")
        for part in self.stored_shards(space.view):
            if part.good_mask.any():
                labels = _labels_of_good_images(self._rows, part, columns)
                yield EmbeddingTable(part.vectors[space.view], labels, space, provenance)

    def joined_table(self, space: Space, provenance: Mapping[str, Any]) -> EmbeddingTable:
        """Return the good images of all shards as one table."""
        batches = list(self.table_batches(space, provenance))
        joined = Rows(pd.concat([batch.rows.frame for batch in batches], ignore_index=True))
        vectors = np.concatenate([batch.vectors for batch in batches])
        return EmbeddingTable(vectors, joined, space, provenance)

    def discard(self) -> None:
        """Remove what is kept of unfinished work: the whole is written."""
        self._shards.discard()

    def _shard_ranges(self) -> list[range]:
        total = len(self._rows)
        return [range(low, min(low + SHARD, total)) for low in range(0, total, SHARD)]

    def _count_finished_and_note_stale(self) -> int:
        """Count what was finished before and is of the bytes that the files hold now."""
        count = 0
        for number in range(len(self._shard_ranges())):
            part = self._shards.load(number, {})
            if part is None or not part.good_mask.any():
                continue
            index, stated = part.index[part.good_mask], part.sha256[part.good_mask]
            now = np.array(list(content_hashes(self._rows.take(index).cells("path"))), np.str_)
            self._stale.update(index[now != stated].tolist())
            count += int((now == stated).sum())
        if self._stale:
            _log.info("%d images have changed since and are read anew", len(self._stale))
        return count

    def _unfinished_jobs(self) -> Iterator[ImageJob]:
        """Yield the jobs still to do; what is known of a shard waits until it is complete."""
        for number, span in enumerate(self._shard_ranges()):
            part = self._shards.load(number, self._views)
            before = [] if part is None else part.good_images()
            known = [each for each in before if each.index not in self._stale]
            left = sorted(set(span) - {outcome.index for outcome in known})
            if left:
                self._known[number] = known
                yield from image_jobs(self._rows.take(left), left, stored=COLUMNS)


def _labels_of_good_images(rows: Rows, part: Shard, columns: list[str]) -> Rows:
    good = part.good_mask
    measured = {
        "sha256": part.sha256[good].tolist(),
        "width": part.width[good],
        "height": part.height[good],
    }
    return Rows(rows.take(part.index[good]).frame[columns].assign(**measured))
