"""Manifests: datasets listed in a TOML file.

::

    [[dataset]]
    name = "Rain100H"
    images = "rain/input"       # a folder, relative to the manifest, or a list of files
    targets = "rain/target"     # optional: a folder (equal names) or a list as long as `images`
    groups = "groups.csv"       # optional: columns image and group, relative to that file
    weight = 0.5                # optional: share in training
    halves = true               # optional: rain in the left half of each file, clean in the right
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.places.folders import Dataset, Found, Partners, normal, search

__all__ = ["check_name", "read_groups", "read_manifest"]

_SPOKEN = {str: "text in quotation marks", bool: "true or false"}
_KEYS = ("name", "images", "targets", "groups", "weight", "halves")


def read_manifest(path: Path) -> tuple[Dataset, ...]:
    """Read the datasets of a manifest.

    Raises
    ------
    SourceError
        The file is missing, is no TOML, or an entry is incomplete, unknown or contradicts itself.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"the manifest {path} cannot be opened ({error.strerror}); correct its name"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"the manifest {path} is not valid TOML: {error}") from error
    entries = document.get("dataset")
    unknown = sorted(set(document) - {"dataset"})
    if unknown or not isinstance(entries, list) or not entries:
        what = f"the unknown key {unknown[0]!r}" if unknown else "no [[dataset]]"
        raise SourceError(f"the manifest {path} holds {what}; it is a list of [[dataset]] tables")
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise SourceError(
            f"the manifest {path} lists a dataset that is no table; write [[dataset]]"
        )
    return tuple(_dataset(entry, path) for entry in entries)


def check_name(name: str) -> str:
    """Give back a dataset's name, or refuse it.

    Raises
    ------
    SourceError
        The name is empty, or holds a slash, a backslash or a control character.
    """
    if (
        not isinstance(name, str)
        or not name.strip()
        or any(sign in "/\\" or sign < " " or sign == "\x7f" for sign in name)
    ):
        raise SourceError(
            f"{name!r} cannot name a dataset; use text without slashes and control characters"
        )
    return name


def read_groups(path: Path) -> dict[str, str]:
    """Read a CSV file with the columns ``image`` (relative to the file's folder) and ``group``.

    Returns
    -------
    Scene by normalised absolute path.

    Raises
    ------
    SourceError
        The file is missing, is no CSV text, or lacks one of the columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"image", "group"} <= set(reader.fieldnames or ()):
                raise SourceError(
                    f"the file of groups {path} has the columns {reader.fieldnames}; "
                    "it needs image and group"
                )
            rows = [(row["image"], row["group"]) for row in reader]
    except OSError as error:
        raise SourceError(
            f"the file of groups {path} cannot be opened ({error.strerror}); correct its name"
        ) from error
    except (ValueError, csv.Error) as error:  # no UTF-8, or a zero byte in its name
        raise SourceError(f"the file of groups {path} is no CSV text in UTF-8: {error}") from error
    return {normal(path.parent / image): group for image, group in rows if image and group}


def _dataset(entry: Mapping[str, Any], manifest: Path) -> Dataset:
    unknown = sorted(set(entry) - set(_KEYS))
    if unknown:
        raise SourceError(
            f"the manifest {manifest} holds the unknown key {unknown[0]!r}; "
            f"allowed are {', '.join(_KEYS)}"
        )
    name = check_name(_typed(entry, "name", str, manifest) or "")
    where = f"dataset {name!r} of the manifest {manifest}"
    base = manifest.parent.absolute()
    folder, images, paired = _images(entry, where, base)
    if _typed(entry, "halves", bool, manifest):
        images = tuple(
            replace(each, target=each.path, region="left", target_region="right") for each in images
        )
        paired = True
    elif "targets" in entry:
        images, paired = _with_targets(entry, images, where, base), True
    groups = _typed(entry, "groups", str, manifest)
    return Dataset(
        name=name,
        folder=folder,
        images=images,
        paired=paired,
        weight=_weight(entry, where),
        groups=read_groups(base / groups) if groups else {},
    )


def _typed(entry: Mapping[str, Any], key: str, kind: type, manifest: Path) -> Any:
    value = entry.get(key)
    if value is not None and not isinstance(value, kind):
        raise SourceError(f"the manifest {manifest} gives {key} = {value!r}; give {_SPOKEN[kind]}")
    return value


def _weight(entry: Mapping[str, Any], where: str) -> float | None:
    value = entry.get("weight")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e308:
        raise SourceError(f"{where} gives weight = {value!r}; it must be a number from 0 up")
    return float(value)


def _images(
    entry: Mapping[str, Any], where: str, base: Path
) -> tuple[Path, tuple[Found, ...], bool]:
    given = entry.get("images")
    if isinstance(given, str):
        folder = base / given
        if not folder.is_dir():
            raise SourceError(f"{where}: there is no folder {folder}; correct images = {given!r}")
        images, paired = search(folder)
    elif _is_list_of_text(given):
        folder, paired = base, False
        images = tuple(_listed(each, base) for each in given)
        twice = len(images) - len({each.relative for each in images})
        if twice:
            raise SourceError(f"{where} lists {twice} file(s) more than once; list each once")
    else:
        raise SourceError(f"{where} gives images = {given!r}; it must be a folder or a list")
    if not images:
        raise SourceError(f"{where} names no image; check images = {given!r}")
    return folder, images, paired


def _listed(file: str, base: Path) -> Found:
    path = Path(os.path.normpath(base / file))
    relative = os.path.relpath(path, base) if not Path(file).is_absolute() else str(path)
    return Found(Path(relative).as_posix(), path)


def _with_targets(
    entry: Mapping[str, Any], images: tuple[Found, ...], where: str, base: Path
) -> tuple[Found, ...]:
    given = entry["targets"]
    if isinstance(given, str):
        folder = base / given
        if not folder.is_dir():
            raise SourceError(f"{where}: there is no folder {folder}; correct targets = {given!r}")
        partners = Partners(folder)
        by_folder = isinstance(entry["images"], str)
        targets = [
            partners.of(Path(each.relative if by_folder else each.path.name)) for each in images
        ]
    elif not _is_list_of_text(given):
        raise SourceError(f"{where} gives targets = {given!r}; it must be a folder or a list")
    elif isinstance(entry["images"], str) or len(given) != len(images):
        raise SourceError(
            f"{where} lists {len(given)} targets; that needs a list of as many images"
        )
    else:
        targets = [Path(os.path.normpath(base / each)) for each in given]
    return tuple(
        replace(each, target=target, target_region=None if target is None else "whole")
        for each, target in zip(images, targets, strict=True)
    )


def _is_list_of_text(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)
