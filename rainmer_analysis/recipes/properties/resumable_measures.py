"""Measures of an unfinished run, kept beside its output until the whole is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TextIO

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import file_sha256
from rainmer_analysis.recipes.properties.measure_pairs import Job, Measured
from rainmer_analysis.values import PROPERTIES, digest, versions_of

__all__ = ["ResumableMeasures"]


class ResumableMeasures:
    """A hidden file with one line an image that was measured.

    It is found again for files at the same places; what was measured is taken again only where
    they still hold the same bytes.

    Parameters
    ----------
    out
        The file that the run is going to write; None keeps nothing.
    jobs
        What is to be measured.
    """

    def __init__(self, out: Path | None, jobs: Sequence[Job]) -> None:
        self._path = (
            None if out is None else out.parent / f".describe-{_request_key(out, jobs)}.jsonl"
        )
        self._jobs = jobs
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def load(self) -> dict[int, Measured]:
        """Return what was measured before, by position; what could not be used is tried again."""
        if self._path is None or not self._path.is_file():
            return {}
        known = {}
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            found = _parse_line(line)
            if found is not None and found[0] < len(self._jobs):
                known[found[0]] = found[1]
        return {
            index: each
            for index, each in known.items()
            if not (each.reason or each.target_reason) and _is_of(each, self._jobs[index])
        }

    def add(self, index: int, measured: Measured) -> None:
        """Write down one image; threads take turns."""
        if self._path is None:
            return
        with self._lock:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8", errors="backslashreplace")
                self._file.write("\n")  # ends a line that an interruption has cut
            self._file.write(json.dumps({"index": index, **asdict(measured)}) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        """Remove the file: the whole has been written."""
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _is_of(measured: Measured, job: Job) -> bool:
    """Say whether the files still hold the bytes that were measured."""
    stated = (measured.sha256, measured.target_sha256)
    return stated == (_sha256(job.path), _sha256(job.target))


def _sha256(path: str | None) -> str:
    if path is None:
        return ""
    try:
        return file_sha256(path)
    except ImageError:
        return ""


def _parse_line(line: str) -> tuple[int, Measured] | None:
    try:
        found = json.loads(line)
        index = found.pop("index")
        values = tuple(map(float, found.pop("values")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    names = {each.name for each in fields(Measured)} - {"values"}
    if set(found) != names or len(values) != len(PROPERTIES) or not isinstance(index, int):
        return None
    return index, Measured(**found, values=values)


def _request_key(out: Path, jobs: Sequence[Job]) -> str:
    places: Iterator[object] = (
        [each.path, each.region, each.target, each.target_region] for each in jobs
    )
    told = {"out": out.name, "versions": versions_of("describe"), "places": places}
    return digest(told)[:16]
