"""Finished pieces of an extraction, kept until the whole is written.

A shard holds the outcomes of up to `SHARD` consecutive images in one ``.npz`` of plain arrays. It
is written atomically into a hidden folder that is named after the request, so an interrupted run
finds what it had finished, and a different request never sees it.
"""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import SourceError
from rainmer_analysis.infer.extraction.stream_encoded_images import EncodedImage
from rainmer_analysis.values import write_atomically

__all__ = ["SHARD", "Shard", "ShardStore", "WorkVanishedError"]

SHARD = 64
_VIEW = "view."
_COLUMNS = ("index", "sha256", "width", "height", "reason")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Shard:
    """Outcomes of several images as columns: all that were looked at, and vectors of the good ones.

    `index`, `sha256`, `width`, `height` and `reason` have shape (m,); the vectors of a view have
    shape (k, d), for the k images without a reason, in the same order.
    """

    index: npt.NDArray[np.int64]
    sha256: npt.NDArray[np.str_]
    width: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]
    reason: npt.NDArray[np.str_]
    vectors: Mapping[str, npt.NDArray[np.float32]]

    @property
    def good_mask(self) -> npt.NDArray[np.bool_]:
        """Which images have vectors, shape (m,)."""
        return np.asarray(self.reason == "")

    def good_images(self) -> list[EncodedImage]:
        """Return the good images one by one, for joining with later outcomes."""
        rows = range(int(self.good_mask.sum()))
        return [
            EncodedImage(
                int(self.index[at]),
                str(self.sha256[at]),
                int(self.width[at]),
                int(self.height[at]),
                {view: found[row] for view, found in self.vectors.items()},
                "",
            )
            for row, at in zip(rows, np.flatnonzero(self.good_mask), strict=True)
        ]

    @classmethod
    def from_images(cls, outcomes: Iterable[EncodedImage], views: Mapping[str, int]) -> Shard:
        """Gather outcomes, sorted by index."""
        ordered = sorted(outcomes, key=lambda outcome: outcome.index)
        good = [outcome for outcome in ordered if not outcome.reason]
        vectors = {
            view: np.array([outcome.vectors[view] for outcome in good], np.float32).reshape(-1, d)
            for view, d in views.items()
        }
        return cls(
            np.array([outcome.index for outcome in ordered], np.int64),
            np.array([outcome.sha256 for outcome in ordered], np.str_),
            np.array([outcome.width for outcome in ordered], np.int64),
            np.array([outcome.height for outcome in ordered], np.int64),
            np.array([outcome.reason for outcome in ordered], np.str_),
            vectors,
        )


class WorkVanishedError(SourceError):
    """Finished work is gone: another process has removed it."""


class ShardStore:
    """The finished shards of one request: in a folder, or without one in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._kept: dict[int, Shard] = {}

    def load(self, number: int, views: Mapping[str, int]) -> Shard | None:
        """Return a finished shard, or None where there is none that can be read."""
        path = self._find_shard_path(number)
        if path is None:
            return self._kept.get(number)
        if not path.is_file():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                columns = {name: archive[name] for name in _COLUMNS}
                vectors = {view: archive[_VIEW + view] for view in views}
            return Shard(**columns, vectors=vectors)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            _log.warning("the unfinished work in %s cannot be read, doing it anew: %s", path, error)
            return None

    def require(self, number: int, views: Mapping[str, int]) -> Shard:
        """Return a finished shard.

        Raises
        ------
        WorkVanishedError
            There is none that can be read.
        """
        part = self.load(number, views)
        if part is None:
            raise WorkVanishedError(
                "finished work of this extraction has vanished from its folder; start it again"
            )
        return part

    def save(self, number: int, part: Shard) -> None:
        """Keep a finished shard."""
        path = self._find_shard_path(number)
        if path is None:
            self._kept[number] = part
            return
        arrays = {name: getattr(part, name) for name in _COLUMNS}
        arrays |= {_VIEW + view: found for view, found in part.vectors.items()}
        write_atomically(path, lambda temporary: np.savez(temporary, **arrays))

    def discard(self) -> None:
        """Remove the folder: the whole is written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _find_shard_path(self, number: int) -> Path | None:
        return None if self._folder is None else self._folder / f"{number:07d}.npz"
