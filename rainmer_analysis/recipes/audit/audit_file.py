"""An audit as a value, its file, and whether the file answers a request already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing.findings import Finding
from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.recipes.write_text_files import write_json_once
from rainmer_analysis.values import read_json

__all__ = ["Audit", "find_existing_audit", "read_audit", "write_audit_once"]


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit has found.

    Parameters
    ----------
    datasets
        By dataset a summary of JSON types.
    findings
        In the order of `FINDINGS`, then of images.
    images
        One row an image: ``image_id``, ``dataset``, ``split``, ``path``, ``region``, ``target``,
        ``target_region``, ``scene``, ``width``, ``height``.
    request
        Digest of what was asked for.
    path, up_to_date
        The file, and whether it answered the identical request already.
    """

    datasets: Mapping[str, Mapping[str, Any]]
    findings: tuple[Finding, ...]
    images: tuple[Mapping[str, Any], ...]
    request: str
    path: Path | None = None
    up_to_date: bool = False

    def document(self) -> dict[str, Any]:
        """Return the audit as JSON types."""
        return {
            "kind": "audit",
            "version": 1,
            "request": self.request,
            "datasets": self.datasets,
            "findings": [each.document() for each in self.findings],
            "images": list(self.images),
        }


def read_audit(path: str | Path) -> Audit:
    """Read what `audit` wrote.

    Raises
    ------
    FileFormatError
        The file is missing, damaged or of another kind.
    """
    place = Path(path)
    try:
        found = read_json(place)
        if found["kind"] != "audit":
            raise ValueError(found["kind"])
        findings = tuple(Finding.from_document(each) for each in found["findings"])
        return Audit(found["datasets"], findings, tuple(found["images"]), found["request"], place)
    except (FileFormatError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f" ({error})" if isinstance(error, FileFormatError) else ""
        raise FileFormatError(
            f"{place} cannot be read as an audit{why}; give a file that 'rainmer-analysis audit' "
            "wrote"
        ) from error


def write_audit_once(found: Audit, path: Path, *, overwrite: bool) -> Audit:
    """Write an audit, and return it with its place.

    Raises
    ------
    OutputExistsError
        Something else lies there.
    """
    write_json_once(path, found.document(), overwrite=overwrite)
    return replace(found, path=path)


def find_existing_audit(path: Path, current_request_digest: Callable[[], str]) -> Audit | None:
    """Return what the file holds if it answers the request; None where there is no file.

    `current_request_digest` is called only where the file holds an audit: it reads all images.

    Raises
    ------
    OutputExistsError
        It holds something else.
    """
    if not path.exists():
        return None
    try:
        found = read_audit(path)
    except FileFormatError:
        found = None
    if found is not None and found.request == current_request_digest():
        return replace(found, up_to_date=True)
    raise OutputExistsError.at(path)
