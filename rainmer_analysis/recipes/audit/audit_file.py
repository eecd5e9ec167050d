"""An audit as a value, its file, and whether the file answers a request already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rainmer_analysis.auditing.findings import Finding
from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.recipes.audit.gather_images import AuditedImage
from rainmer_analysis.recipes.audit.unfinished import hashes_of
from rainmer_analysis.values import digest, read_json, versions_of

__all__ = ["Audit", "find_existing", "read_audit", "request_digest"]


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


def request_digest(
    images: Sequence[AuditedImage], contents: Sequence[tuple[str, str]], asked: Mapping[str, Any]
) -> str:
    """Return the digest of a request: labels, the bytes of files and where they lie, options."""
    labels = ([each.image_id, each.split, each.scene, *_places(each)] for each in images)
    hashes = (list(each) for each in contents)
    versions = versions_of("audit")
    return digest({"audit": labels, "contents": hashes, "asked": asked, "versions": versions})


def _places(image: AuditedImage) -> list[str | bool | None]:
    job = image.job
    return [job.path, job.region, job.target, job.target_region, image.expects_partner]


def find_existing(
    path: Path, images: Sequence[AuditedImage], asked: Mapping[str, Any], workers: int
) -> Audit | None:
    """Return what the file holds if it answers this request; None where there is no file.

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
    if found is not None:
        with ThreadPoolExecutor(workers) as pool:
            contents = list(pool.map(hashes_of, (each.job for each in images)))
        if found.request == request_digest(images, contents, asked):
            return replace(found, up_to_date=True)
    raise OutputExistsError(
        f"{path} already exists and holds something else; "
        "give another name or allow --overwrite (overwrite=True in Python)"
    )
