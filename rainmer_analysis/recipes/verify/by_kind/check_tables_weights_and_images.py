"""Tables, weights and images that stand behind a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from rainmer_analysis.errors import RainmerAnalysisError
from rainmer_analysis.images import file_sha256
from rainmer_analysis.model import load_weights
from rainmer_analysis.recipes.verify.evidence import Check, GivenFile, GivenFiles, space_name
from rainmer_analysis.values import report_progress

__all__ = ["check_images", "check_weights", "find_and_check_table"]

_SHORT = 12  # digits of a digest that people compare


def find_and_check_table(
    content: str, space: Mapping[str, Any], inputs: GivenFiles
) -> tuple[Check, GivenFile | None]:
    """Look for the table of this content; return the comparison, and the table if found."""
    name = space_name(space)
    what, candidates = f"table {name}", inputs.of_kind("embeddings", name)
    for each in candidates:
        if each.content_sha256 == content:
            return Check(what, "agrees", f"{len(each.value):,} images: {each.path}"), each
    if not candidates:
        return Check(
            what, "not checked", f"no table of {name} (content {content[:_SHORT]}…) was given"
        ), None
    nearest = candidates[0]
    if nearest.fault:
        return Check(what, "differs", nearest.fault), None
    stated = nearest.document.get("space") or {}
    other = [key for key, value in space.items() if stated.get(key) != value]
    why = f"it has another {', '.join(other)}" if other else "its vectors or labels are others"
    return Check(
        what, "differs", f"{nearest.path} is not what the picture was made of: {why}"
    ), None


def check_weights(spaces: Iterable[Mapping[str, Any]], inputs: GivenFiles) -> list[Check]:
    """Compare the weights of all spaces with the files of weights that were given."""
    found = {}
    for path in inputs.weights:
        try:
            loaded = load_weights(path)
        except RainmerAnalysisError as error:
            inputs.passed_over[str(path)] = str(error)
            continue
        found[path] = (loaded.kind, loaded.sha256)
    checks = {}
    for space in spaces:
        what, wanted = f"weights {space['encoder']}", str(space["weights_sha256"])
        same = [path for path, (_, sha256) in found.items() if sha256 == wanted]
        others = [path for path, (kind, _) in found.items() if kind == space["encoder"]]
        if same:
            checks[wanted] = Check(what, "agrees", f"{wanted[:_SHORT]}…: {same[0]}")
        elif others:
            checks[wanted] = Check(
                what, "differs", f"{others[0]} holds other weights than {wanted[:_SHORT]}…"
            )
    return list(checks.values())


def check_images(rows: Iterable[tuple[str, str]], inputs: GivenFiles) -> list[Check]:
    """Compare images, pairs of id and SHA-256 of the file, with the image files that were given."""
    known: set[str] = set()
    by_name: dict[str, list[str]] = {}
    for finished, path in enumerate(inputs.images, start=1):
        report_progress(finished, len(inputs.images), "image")
        try:
            sha256 = file_sha256(path)
        except RainmerAnalysisError as error:
            inputs.passed_over[str(path)] = str(error)
            continue
        known.add(sha256)
        by_name.setdefault(path.name, []).append(path.as_posix())
    found, missing = 0, 0
    changed: list[str] = []
    for image_id, sha256 in rows:
        inner = image_id.partition("/")[2] or image_id
        if sha256 in known:
            found += 1
        elif any(path.endswith(f"/{inner}") for path in by_name.get(PurePosixPath(inner).name, ())):
            changed.append(image_id)
        else:
            missing += 1
    if changed:
        return [
            Check("images", "differs", f"{len(changed)} are others now, the first {changed[0]!r}")
        ]
    if not found:
        return []  # other pictures, such as figures beside their tables
    more = f"; {missing} were not given" if missing else ""
    return [Check("images", "agrees", f"{found} by the content of their files{more}")]
