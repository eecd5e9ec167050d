"""What an entry of a manifest says of clean partners, and what follows for its images."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.read_lists import read_pair_list
from rainmer_analysis.images.datasets.search import (
    NO_IMAGE,
    UNMATCHED,
    Dataset,
    ImageCandidate,
    Pattern,
    list_images,
    merge_accounts,
    nfc_name,
    normal_path,
    pair_names,
    pair_with_target_folder,
    parse_patterns,
)
from rainmer_analysis.images.reading import Region

__all__ = [
    "HALVES",
    "has_patterns",
    "is_list_of_text",
    "pair_by_manifest_entry",
    "pair_patterns_of_entry",
]

HALVES: Mapping[str, tuple[Region, Region]] = {
    "rain-clean": ("left", "right"),
    "clean-rain": ("right", "left"),
}
"""Which half of a file is the image and which is its target, by what a manifest calls them."""


def pair_by_manifest_entry(
    dataset: Dataset, entry: Mapping[str, Any], where: str, base: Path
) -> Dataset:
    """Pair the images of a dataset as an entry of a manifest says.

    The dataset may be paired already by names of its subfolders; the keys ``halves``, ``targets``
    and ``pair`` count; `where` names the entry in errors, and `base` is the manifest's folder.

    Raises
    ------
    SourceError
        The keys contradict each other, or say what no image fits.
    """
    halves = _halves_regions(entry, where)
    if halves is not None:
        return _pair_halves(dataset, halves)
    pair = entry.get("pair")
    if pair is not None and not has_patterns(pair):
        if "targets" in entry:
            raise SourceError(f"{where} gives targets and a list of pairs; give one of them")
        return _pair_by_list_file(dataset, base / pair, where)
    if "targets" in entry:
        return _pair_by_targets_key(dataset, entry, where, base)
    if pair is None:
        return dataset
    if not isinstance(entry["images"], str):
        raise SourceError(f"{where} pairs listed images by a pattern; say where with targets")
    return (
        dataset
        if dataset.paired
        else _pair_within_folder_by_patterns(dataset, pair_patterns_of_entry(entry, where), where)
    )


def has_patterns(pair: object) -> bool:
    """Return whether ``pair`` holds patterns; otherwise it names a file that lists pairs."""
    return not isinstance(pair, str) or "->" in pair


def pair_patterns_of_entry(entry: Mapping[str, Any], where: str) -> tuple[Pattern, ...] | None:
    """Read the patterns of an entry; None where it has none.

    Raises
    ------
    SourceError
        ``pair`` is something else.
    """
    pair = entry.get("pair")
    if pair is None or (isinstance(pair, str) and not has_patterns(pair)):
        return None
    if not (isinstance(pair, str) or is_list_of_text(pair)) or not pair:
        raise SourceError(
            f"{where} gives pair = {pair!r}; give 'IMAGE -> TARGET', a list of such patterns, or "
            "a file that lists pairs"
        )
    try:
        return parse_patterns(pair)
    except SourceError as error:
        raise SourceError(f"{where}: {error}") from error


def is_list_of_text(value: object) -> TypeGuard[list[str]]:
    """Return whether this is a list of texts, none of them empty."""
    return isinstance(value, list) and all(isinstance(each, str) and each for each in value)


def _halves_regions(entry: Mapping[str, Any], where: str) -> tuple[Region, Region] | None:
    given = entry.get("halves")
    if given is None or given is False:
        return None
    name = "rain-clean" if given is True else given
    if not isinstance(name, str) or name not in HALVES:
        raise SourceError(
            f"{where} gives halves = {given!r}; give true or false, or which half is which: "
            f"{' or '.join(repr(each) for each in HALVES)}"
        )
    if more := [key for key in ("targets", "pair") if key in entry]:
        raise SourceError(
            f"{where} gives halves and {more[0]}; with halves, each file holds its own target"
        )
    return HALVES[name]


def _pair_halves(dataset: Dataset, regions: tuple[Region, Region]) -> Dataset:
    region, target_region = regions
    images = tuple(
        replace(each, target=each.path, region=region, target_region=target_region)
        for each in dataset.images
    )
    return replace(dataset, images=images, paired=True, unclear={})


def _pair_by_targets_key(
    dataset: Dataset, entry: Mapping[str, Any], where: str, base: Path
) -> Dataset:
    given, patterns = entry["targets"], pair_patterns_of_entry(entry, where)
    listed_images = not isinstance(entry["images"], str)
    if isinstance(given, str):
        folder = base / given
        if not folder.is_dir():
            raise SourceError(f"{where}: there is no folder {folder}; correct targets = {given!r}")
        if not listed_images:
            dataset = _drop_images_among_targets(
                dataset, folder, where, has_patterns=patterns is not None
            )
            if patterns and normal_path(dataset.folder) == normal_path(folder):
                return _pair_within_folder_by_patterns(dataset, patterns, where)
        names = [
            Path(each.path).name if listed_images else each.relative for each in dataset.images
        ]
        found = pair_with_target_folder(dataset, list_images(folder), folder, names, rule=patterns)
        if patterns:
            _demand_any_pair(found, patterns, where)
        return found
    if not is_list_of_text(given):
        raise SourceError(f"{where} gives targets = {given!r}; it must be a folder or a list")
    if not listed_images or len(given) != len(dataset.images):
        raise SourceError(
            f"{where} lists {len(given)} targets; that needs a list of as many images"
        )
    if patterns:
        raise SourceError(f"{where} lists targets and gives pair; a list needs no pattern")
    targets = [os.path.normpath(base / each) for each in given]
    return _pair_by_position(dataset, targets)


def _drop_images_among_targets(
    dataset: Dataset, targets: Path, where: str, *, has_patterns: bool
) -> Dataset:
    """Leave away images that lie in the folder of the targets, which may be inside their own."""
    own, theirs = normal_path(dataset.folder), normal_path(targets)
    if own == theirs:
        if has_patterns:
            return dataset
        raise SourceError(
            f"{where}: images and targets are the same folder; say with pair which is which, as in "
            "pair = 'rain-* -> norain-*'"
        )
    if not theirs.startswith(own + os.sep):
        return dataset
    inside = Path(theirs).relative_to(own).as_posix() + "/"
    images = tuple(each for each in dataset.images if not each.relative.startswith(inside))
    account = replace(dataset.account, images=len(images))
    return replace(dataset, images=images, account=account)


def _pair_by_position(dataset: Dataset, targets: Sequence[str | None]) -> Dataset:
    """Return each image the target of the same position, or none."""
    images = tuple(
        replace(each, target=target, target_region=None if target is None else "whole")
        for each, target in zip(dataset.images, targets, strict=True)
    )
    own = {each.path for each in images}
    partners = {target for target in targets if target is not None} - own
    account = replace(dataset.account, images=len(images), targets=len(partners))
    return replace(dataset, images=images, paired=True, account=account, unclear={})


def _pair_by_list_file(dataset: Dataset, path: Path, where: str) -> Dataset:
    """Pair by a list of files; images that are targets in it do not count as images."""
    pairs = {nfc_name(image): target for image, target in read_pair_list(path)}
    targets = {nfc_name(target) for target in pairs.values()}
    keys = [nfc_name(normal_path(each.path)) for each in dataset.images]
    kept = [
        (each, pairs.get(key))
        for each, key in zip(dataset.images, keys, strict=True)
        if key in pairs or key not in targets
    ]
    used = set(keys) & set(pairs)
    if not used:
        raise SourceError(
            f"{where}: none of the {len(pairs)} pairs that {path.name} lists is of an image of "
            f"{dataset.name}; write paths relative to {path.name}, with slashes"
        )
    notes = list(dataset.notes)
    if missing := [key for key in pairs if key not in used]:
        notes.append(
            f"{len(missing):,} of {len(pairs):,} lines of {path.name} name no image that is here "
            f"(the first is {missing[0]})"
        )
    chosen = replace(dataset, images=tuple(each for each, _ in kept), notes=tuple(notes))
    return _pair_by_position(chosen, [target for _, target in kept])


def _pair_within_folder_by_patterns(
    dataset: Dataset, patterns: tuple[Pattern, ...] | None, where: str
) -> Dataset:
    """Pair images with targets of the same folder by patterns, and count its other files."""
    assert patterns is not None
    by_name = {each.relative: each for each in dataset.images}
    names = list(by_name)
    looking = [each for each in names if any(pattern.matches_image(each) for pattern in patterns)]
    pairing = pair_names(looking, names, patterns)
    targets = {target for _, target in pairing.pairs}
    partners = dict(pairing.pairs)
    inputs = [each for each in looking if each not in targets]
    known = targets | set(inputs)
    rest = [each for each in names if each not in known]
    alone = [each for each in rest if any(pattern.matches_target(each) for pattern in patterns)]
    others = set(rest) - set(alone)
    more = {
        NO_IMAGE: _count_by_folder_and_leading_letters(alone),
        UNMATCHED: _count_by_folder_and_leading_letters(sorted(others)),
    }
    chosen = replace(dataset, images=tuple(by_name[each] for each in inputs))
    paths = {name: each.path for name, each in by_name.items()}
    found = _pair_by_position(chosen, [paths.get(partners.get(each, "")) for each in inputs])
    _demand_any_pair(found, patterns, where, first=names[:1])
    return replace(
        found,
        account=merge_accounts([found.account], more_passed_over=more),
        unclear=pairing.unclear,
    )


def _demand_any_pair(
    dataset: Dataset, patterns: tuple[Pattern, ...], where: str, *, first: Sequence[str] = ()
) -> None:
    if any(each.target for each in dataset.images):
        return
    if not dataset.images:
        raise SourceError(
            f"{where}: no file fits the left side of pair"
            + (f", as {first[0]!r} does not" if first else "")
            + "; correct the pattern"
        )
    image: ImageCandidate = dataset.images[0]
    stem = os.path.splitext(image.relative)[0]  # noqa: PTH122
    wanted = next((key for each in patterns for key in each.target_stems(stem)), None)
    raise SourceError(
        f"{where}: pair finds no target for any of the {len(dataset.images)} images; the first, "
        f"{image.relative!r}, "
        + (f"wants {wanted!r}" if wanted else "does not fit its left side")
        + "; correct the pattern, or say with targets where they lie"
    )


def _count_by_folder_and_leading_letters(names: Sequence[str]) -> dict[str, int]:
    """Count names by the letters that they begin with."""
    found: Counter[str] = Counter()
    for name in names:
        head, _, last = name.rpartition("/")
        letters = re.match(r"[^\W\d_]*", last)
        start = f"{letters[0] if letters else ''}*"
        found[f"{head}/{start}" if head else start] += 1
    return dict(sorted(found.items()))
