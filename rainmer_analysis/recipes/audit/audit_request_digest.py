"""What an audit was asked for, as a digest of labels, the bytes of files, and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rainmer_analysis.recipes.audit.examine_all_resumably import current_sha256_of_pair
from rainmer_analysis.recipes.audit.gather_images import AuditedImage
from rainmer_analysis.values import algorithm_versions, digest

__all__ = ["audit_request_digest", "current_audit_request_digest"]


def audit_request_digest(
    images: Sequence[AuditedImage], contents: Iterable[tuple[str, str]], asked: Mapping[str, Any]
) -> str:
    """Return the digest of a request: labels, the bytes of files and where they lie, options."""
    labels = ([each.image_id, each.split, each.scene, *_file_labels(each)] for each in images)
    hashes = (list(each) for each in contents)
    versions = algorithm_versions("audit")
    return digest({"audit": labels, "contents": hashes, "asked": asked, "versions": versions})


def _file_labels(image: AuditedImage) -> list[str | bool | None]:
    job = image.job
    return [job.path, job.region, job.target, job.target_region, image.expects_partner]


def current_audit_request_digest(
    images: Sequence[AuditedImage], asked: Mapping[str, Any], workers: int
) -> str:
    """Return the digest of a request for what the files hold now; it reads all their bytes."""
    with ThreadPoolExecutor(workers) as pool:
        return audit_request_digest(
            images, pool.map(current_sha256_of_pair, (each.job for each in images)), asked
        )
