"""What a check of datasets says: summaries, findings, and a comparison with a list of names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.images.datasets import Account

__all__ = ["CheckReport", "DatasetSummary", "FileFault", "NameListComparison", "Size"]

Size = tuple[int, int]


@dataclass(frozen=True)
class FileFault:
    """A fault of one image: ``unreadable``, ``missing-partner`` or ``size-mismatch``."""

    finding: str
    dataset: str
    image_id: str
    detail: str


@dataclass(frozen=True)
class DatasetSummary:
    """One dataset: how many images, readable ones and pairs, and the span of its sizes.

    ``pairs`` is None where no clean partners are expected; sizes are (width, height) in pixels.
    """

    folder: Path
    images: int
    readable: int
    pairs: int | None
    expected: int | None
    sizes: int
    smallest: Size | None
    largest: Size | None
    notes: tuple[str, ...]
    account: Account

    @property
    def file_account(self) -> dict[str, Any]:
        """What became of every file, as JSON types."""
        return self.account.document(used=self.readable, left_out=self.images - self.readable)


@dataclass(frozen=True)
class NameListComparison:
    """Images against a published list of names, both ways."""

    path: Path
    lines: int
    missing: tuple[str, ...]
    several: tuple[str, ...]
    unlisted: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the comparison as JSON types."""
        return {
            "path": str(self.path),
            "lines": self.lines,
            "listed_but_missing": list(self.missing),
            "listed_for_several": list(self.several),
            "not_listed": list(self.unlisted),
        }


@dataclass(frozen=True)
class CheckReport:
    """Summaries by dataset, and all findings in the order of datasets and image ids.

    ``comparison`` is there where a list of names was given.
    """

    datasets: Mapping[str, DatasetSummary]
    findings: tuple[FileFault, ...]
    comparison: NameListComparison | None = None

    def document(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        listed = {} if self.comparison is None else {"list": self.comparison.document()}
        return {
            "kind": "check",
            "datasets": {
                name: {
                    "folder": str(each.folder),
                    "images": each.images,
                    "readable": each.readable,
                    "pairs": each.pairs,
                    "expected": each.expected,
                    "sizes": each.sizes,
                    "smallest": each.smallest and list(each.smallest),
                    "largest": each.largest and list(each.largest),
                    "notes": list(each.notes),
                }
                for name, each in self.datasets.items()
            },
            "findings": [
                {"finding": each.finding, "image_id": each.image_id, "detail": each.detail}
                for each in self.findings
            ],
            "files": {name: each.file_account for name, each in self.datasets.items()},
            **listed,
        }
