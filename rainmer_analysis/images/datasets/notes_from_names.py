"""What names say of images that nobody has paired, for people to judge; nothing is paired by it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath

from rainmer_analysis.images.datasets.search import Dataset, nfc_without_suffix
from rainmer_analysis.images.datasets.suggest_manifest_entries import (
    CLEAN_FOLDERS,
    NO_IMAGE_FOLDERS,
    recognised_layout_note,
)

__all__ = ["notes_from_names"]

_LOOKED_AT = 20_000  # names of a great many
_FEW = 6  # folders of one set; more of equal names are scenes or videos
_WORDS = "|".join(map(re.escape, (*CLEAN_FOLDERS, *NO_IMAGE_FOLDERS, "edge", "edges", "trimap")))
_MARKED = re.compile(rf"(?:{_WORDS})|(?:{_WORDS})[-_ ].*|.*[-_ ](?:{_WORDS})", re.IGNORECASE)
_CROP = re.compile(r"(.+)_(?:s|p|patch|crop|tile)_?\d+")
_CROPS = 0.8  # share of names that are called like crops


def notes_from_names(dataset: Dataset) -> tuple[str, ...]:
    """Note what names tell of a folder that no manifest describes."""
    layout = recognised_layout_note(dataset)
    unpaired = ""
    if not layout and not dataset.paired:
        unpaired = _folders_of_equal_names(dataset) or _marked_names(dataset)
    return tuple(note for note in (layout, unpaired, _crops(dataset)) if note)


def _folders_of_equal_names(dataset: Dataset) -> str:
    """Say which folders beside each other hold the same names: pairs, masks, or results."""
    names: dict[str, set[str]] = defaultdict(set)
    for image in dataset.images[:_LOOKED_AT]:
        folder, _, name = nfc_without_suffix(image.relative).rpartition("/")
        names[folder].add(name)
    alike: dict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
    for folder, held in names.items():
        if folder and len(held) > 1:
            alike[str(PurePosixPath(folder).parent), frozenset(held)].append(folder)
    found = next((each for each in alike.values() if 1 < len(each) <= _FEW), None)
    if found is None:
        return ""
    return (
        f"{' and '.join(found)} hold files of the same names, which all count as images: if they "
        "are pairs, masks or results for the same scenes, name images and targets in a manifest"
    )


def _marked_names(dataset: Dataset) -> str:
    """Say that some images are called like clean ones, masks or maps."""
    looked_at = [each.relative for each in dataset.images[:_LOOKED_AT]]
    marked = [
        relative
        for relative in looked_at
        if any(_MARKED.fullmatch(part) for part in nfc_without_suffix(relative).split("/"))
    ]
    if not marked or len(marked) == len(looked_at):
        return ""
    return (
        f"images that are called like clean ones, masks or maps: {len(marked):,} (the first is "
        f"{marked[0]}); they count as any others: pair them, or leave them out, in a manifest"
    )


def _crops(dataset: Dataset) -> str:
    """Say that images are called like crops of photographs that are fewer."""
    looked_at = [each.relative for each in dataset.images[:_LOOKED_AT]]
    found = [match for each in looked_at if (match := _CROP.fullmatch(nfc_without_suffix(each)))]
    whole = {match[1] for match in found}
    if not found or len(found) < _CROPS * len(looked_at) or 2 * len(whole) > len(found):
        return ""
    return (
        f"names look like crops of {len(whole):,} photographs (the first is {looked_at[0]}), but "
        "each counts as a scene of its own, so that intervals come out too narrow: name the "
        "scenes in a file of groups, in a manifest"
    )
