"""What an unfinished audit has looked at, kept beside its output until the whole is written."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import file_sha256
from rainmer_analysis.recipes.audit.examine import Examined
from rainmer_analysis.recipes.measure_pairs import Job
from rainmer_analysis.values import digest, versions_of

__all__ = ["Unfinished", "hashes_of"]


class Unfinished:
    """A hidden file with one line an image that was looked at.

    It is found again for files at the same places; what was seen is seen again only where they
    still hold the same bytes.

    Parameters
    ----------
    out
        The file that the run is going to write; None keeps nothing.
    jobs
        What is to be looked at.
    """

    def __init__(self, out: Path | None, jobs: Sequence[Job]) -> None:
        self._path = None if out is None else out.parent / f".audit-{_key(out, jobs)}.jsonl"
        self._jobs = jobs
        self._lock = threading.Lock()
        self._file: TextIO | None = None

    def load(self) -> dict[int, Examined]:
        """Return what was seen before, by position; what could not be read is tried again."""
        if self._path is None or not self._path.is_file():
            return {}
        found = {}
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                parsed = _parsed(line)
                if parsed is not None and parsed[0] < len(self._jobs):
                    found[parsed[0]] = parsed[1]
        return {
            index: each
            for index, each in found.items()
            if _is_sound(each) and hashes_of(self._jobs[index]) == _hashes(each)
        }

    def add(self, index: int, examined: Examined) -> None:
        """Write down one image; threads take turns."""
        if self._path is None:
            return
        line = json.dumps({"index": index, **examined.document()})
        with self._lock:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("a", encoding="utf-8", errors="backslashreplace")
                self._file.write("\n")  # ends a line that an interruption has cut
            self._file.write(line + "\n")
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


def hashes_of(job: Job) -> tuple[str, str]:
    """Return the SHA-256 of an image's and its partner's bytes; empty where there are none."""
    return ("", "") if job.fault else (_sha256(job.path), _sha256(job.target))


def _sha256(path: str | None) -> str:
    try:
        return "" if path is None else file_sha256(path)
    except ImageError:
        return ""


def _hashes(examined: Examined) -> tuple[str, str]:
    return examined.own.sha256, examined.partner.sha256 if examined.partner else ""


def _is_sound(examined: Examined) -> bool:
    return not (examined.own.reason or (examined.partner and examined.partner.reason))


def _parsed(line: str) -> tuple[int, Examined] | None:
    try:
        found = json.loads(line)
        index = found["index"]
        examined = Examined.from_document(found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return (index, examined) if isinstance(index, int) and index >= 0 else None


def _key(out: Path, jobs: Sequence[Job]) -> str:
    places = ([each.path, each.region, each.target, each.target_region] for each in jobs)
    return digest({"out": out.name, "versions": versions_of("audit"), "places": places})[:16]
