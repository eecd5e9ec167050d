"""Manifests: datasets listed in a TOML file.

::

    [[dataset]]
    name = "Rain100H"
    images = "rain/input"       # a folder, relative to the manifest, or a list of files
    targets = "rain/target"     # optional: a folder, or a list as long as `images`
    pair = "rain-* -> norain-*" # optional: how unequal names pair (see `name_pairing`);
                                # several such patterns in a list; or a file that lists pairs
    halves = "rain-clean"       # optional: rain and clean side by side; or "clean-rain"
    groups = "groups.csv"       # optional: columns image and group, relative to that file
    weight = 0.5                # optional: share in training

With `pair` and without `targets`, the partners lie in the folder of the images.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.manifest_partners import (
    is_list_of_text,
    pair_by_manifest_entry,
    pair_patterns_of_entry,
)
from rainmer_analysis.images.datasets.read_lists import read_scene_groups
from rainmer_analysis.images.datasets.scene_groups import find_declared_scene
from rainmer_analysis.images.datasets.search import (
    Account,
    Dataset,
    ImageCandidate,
    list_images,
    nfc_name,
    normal_path,
    search_folder,
)

__all__ = ["checked_dataset_name", "dataset_from_entry", "read_manifest"]

_KEYS = ("name", "images", "targets", "pair", "groups", "weight", "halves")


def read_manifest(path: Path) -> tuple[Dataset, ...]:
    """Read the datasets of a manifest.

    Raises
    ------
    SourceError
        The file is missing, is no TOML, or an entry is incomplete, unknown or contradicts itself.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SourceError(
            f"the manifest {path} cannot be opened ({error.strerror}); correct its name"
        ) from error
    except RecursionError as error:
        raise SourceError(
            f"the manifest {path} is nested too deeply; it is a list of tables"
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
    return _note_unused_group_lines(
        tuple(dataset_from_entry(entry, path) for entry in entries), entries
    )


def checked_dataset_name(name: str) -> str:
    """Return a dataset's name, or refuse it.

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


def dataset_from_entry(entry: Mapping[str, Any], manifest: Path) -> Dataset:
    """Find the dataset that an entry of a manifest speaks of.

    Raises
    ------
    SourceError
        The entry is incomplete, unknown or contradicts itself.
    """
    unknown = sorted(set(entry) - set(_KEYS))
    if "rows" in unknown:
        raise SourceError(
            f"the manifest {manifest} lists row numbers of an array, which name no images; "
            "balance a file that 'rainmer-analysis describe' wrote for a list of images"
        )
    if unknown:
        raise SourceError(
            f"the manifest {manifest} holds the unknown key {unknown[0]!r}; "
            f"allowed are {', '.join(_KEYS)}"
        )
    name = checked_dataset_name(_optional_text(entry, "name", manifest) or "")
    where = f"dataset {name!r} of the manifest {manifest}"
    base = manifest.parent.absolute()
    dataset = pair_by_manifest_entry(
        _dataset_of_images_key(entry, name, where, base), entry, where, base
    )
    if not dataset.images:
        raise SourceError(f"{where} names no image; check images = {entry['images']!r}")
    groups = _optional_text(entry, "groups", manifest)
    dataset = replace(
        dataset,
        weight=_read_weight(entry, where),
        groups=read_scene_groups(base / groups) if groups else {},
    )
    return _demand_known_groups_and_note(dataset, where, base / groups) if groups else dataset


def _optional_text(entry: Mapping[str, Any], key: str, manifest: Path) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise SourceError(
            f"the manifest {manifest} gives {key} = {value!r}; give text in quotation marks"
        )
    return value


def _demand_known_groups_and_note(dataset: Dataset, where: str, groups: Path) -> Dataset:
    """Refuse a file of groups that names no image of a dataset; note if it names some only."""
    named = sum(find_declared_scene(dataset, image) is not None for image in dataset.images)
    total = len(dataset.images)
    if not named:
        example = Path(os.path.relpath(dataset.images[0].path, groups.parent)).as_posix()
        raise SourceError(
            f"{where}: {groups.name} names {len(dataset.groups)} files, none of them an image of "
            f"{dataset.name} or its target; write paths relative to {groups.name}, with slashes, "
            f"such as {example!r}"
        )
    if named == total:
        return dataset
    note = (
        f"{groups.name} names the scene of {named:,} of {total:,} images; the others keep the "
        "scene that they have without it"
    )
    return replace(dataset, notes=(*dataset.notes, note))


def _note_unused_group_lines(
    datasets: tuple[Dataset, ...], entries: Sequence[Mapping[str, Any]]
) -> tuple[Dataset, ...]:
    """Note lines of files of groups that speak of no dataset of the manifest."""
    noted = list(datasets)
    last = {entry["groups"]: place for place, entry in enumerate(entries) if "groups" in entry}
    for groups, place in last.items():
        users = [
            each
            for each, entry in zip(datasets, entries, strict=True)
            if entry.get("groups") == groups
        ]
        used = {
            nfc_name(normal_path(path))
            for dataset in users
            for image in dataset.images
            for path in (image.path, image.target)
            if path is not None
        }
        left = [path for path in users[0].groups if path not in used]
        if left:
            note = (
                f"{len(left):,} of {len(users[0].groups):,} lines of {groups} name no image or "
                f"target of this manifest (the first is {left[0]})"
            )
            noted[place] = replace(noted[place], notes=(*noted[place].notes, note))
    return tuple(noted)


def _read_weight(entry: Mapping[str, Any], where: str) -> float | None:
    value = entry.get("weight")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e308:
        raise SourceError(f"{where} gives weight = {value!r}; it must be a number from 0 up")
    return float(value)


def _dataset_of_images_key(entry: Mapping[str, Any], name: str, where: str, base: Path) -> Dataset:
    given = entry.get("images")
    if isinstance(given, str):
        folder = base / given
        if not folder.is_dir():
            raise SourceError(f"{where}: there is no folder {folder}; correct images = {given!r}")
        patterns = pair_patterns_of_entry(entry, where)
        if patterns and ("targets" in entry or any(each.has_folders for each in patterns)):
            listing = list_images(folder)
            images = tuple(ImageCandidate(each, str(folder)) for each in listing.paths())
            return Dataset(
                name, folder, images, account=replace(listing.account, images=len(images))
            )
        return search_folder(name, folder, rule=patterns)
    if not is_list_of_text(given):
        raise SourceError(f"{where} gives images = {given!r}; it must be a folder or a list")
    images = tuple(_listed_candidate(each, base) for each in given)
    twice = len(images) - len({each.relative for each in images})
    if twice:
        raise SourceError(f"{where} lists {twice} file(s) more than once; list each once")
    return Dataset(name, base, images, account=Account(images=len(images)))


def _listed_candidate(file: str, base: Path) -> ImageCandidate:
    path = os.path.normpath(base / file)
    relative = path if Path(file).is_absolute() else os.path.relpath(path, base)
    return ImageCandidate(Path(relative).as_posix(), str(base), path)
