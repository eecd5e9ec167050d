"""Parts of manifests as text: datasets with their files, relative to where the manifest lies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from rainmer_analysis.values import checked_suffix

__all__ = [
    "demand_manifest_suffix",
    "groups_csv_path",
    "manifest_dataset_lines",
    "relative_path",
    "toml_quoted",
]


_HALVES = {"left": "rain-clean", "right": "clean-rain"}


def manifest_dataset_lines(
    name: str, kind: str, *, images: Iterable[str], targets: Iterable[str], base: Path
) -> list[str]:
    """Return the lines of a dataset in a manifest that lies in the folder `base`.

    `kind` is ``paired``, ``unpaired``, or the half that is the image, ``left`` or ``right``; paths
    of targets count where it is ``paired``.
    """
    lines = [
        "",
        "[[dataset]]",
        f"name = {toml_quoted(name)}",
        *_toml_path_list_lines("images", images, base),
    ]
    if kind == "paired":
        lines += _toml_path_list_lines("targets", targets, base)
    if kind in _HALVES:
        lines.append(f"halves = {toml_quoted(_HALVES[kind])}")
    return lines


def _toml_path_list_lines(key: str, paths: Iterable[str], base: Path) -> list[str]:
    return [f"{key} = [", *(f"  {toml_quoted(relative_path(each, base))}," for each in paths), "]"]


def demand_manifest_suffix(path: Path) -> None:
    """Refuse a manifest whose name does not end in ``.toml``.

    Raises
    ------
    ParameterError
        It ends in something else.
    """
    checked_suffix(path, "a manifest", ".toml")


def groups_csv_path(manifest: Path) -> Path:
    """Return the file beside a manifest that names the scenes of its images."""
    return manifest.with_suffix(".groups.csv")


def relative_path(path: str, base: Path) -> str:
    """Return a path as a manifest in `base` writes it: relative, with slashes."""
    try:
        return Path(os.path.relpath(path, base)).as_posix()
    except ValueError:  # another drive
        return Path(path).as_posix()


def toml_quoted(text: str) -> str:
    """Return text in quotation marks as TOML has it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
