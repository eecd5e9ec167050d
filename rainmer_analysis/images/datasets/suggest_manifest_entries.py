"""Layouts of published datasets, recognised by their names, as ready entries of a manifest.

Nothing here pairs anything: it says what could be paired, to people, who then say so.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rainmer_analysis.images.datasets.search import (
    Dataset,
    list_images,
    nfc_without_suffix,
    parse_patterns,
)

__all__ = [
    "CLEAN_FOLDERS",
    "NO_IMAGE_FOLDERS",
    "Suggestion",
    "recognised_layout_note",
    "suggest_entries_and_rest",
]

CLEAN_FOLDERS = (
    *("gt", "target", "targets", "norain", "no_rain", "nonrain", "clean", "clear", "clean_images"),
    *("label", "labels", "ground_truth", "groundtruth", "gtruth", "reference", "hq", "nosnow"),
)
NO_IMAGE_FOLDERS = ("mask", "masks", "depth", "streak", "streaks", "rainlayer", "rain_layer")
_INPUTS = re.compile("(input|lq|rain|rainy|snow|snowy|hazy|foggy|degraded)s?(_images?)?")
_DEGRADED = re.compile(
    "input|lq|rain(?!.?(streak|layer))|snow|haz|fog|drop|blur|noise|noisy|low|night"
)
_LOOKED_AT = 20  # folders, of a great many
_SAMPLE = 40  # names of a folder
_SHARE = 0.8  # of them must find a target

Folders = Mapping[str, Sequence[str]]  # names of images by relative folder


@dataclass(frozen=True)
class _KnownLayout:
    """A layout: what images are called, where their targets lie, and how names correspond."""

    name: str
    stems: str
    patterns: tuple[str, ...] = ()
    folder: str = ""
    targets: tuple[str, ...] = ()  # relative to the folder of the images; none: clean siblings
    levels_up: int = 0  # the images of all folders below a common one are one dataset


_RAINDS = tuple(
    f"{place}{kind}-* -> {place}norain-*"
    for place in ("", "pie-")
    for kind in ("rd-rain", "rd", "rain")
)
_RAIN_CLEAN = ("*_rain -> *_clean",)
_ENDS = "(gt|GT|clean|norain|target)"
_MARKED = tuple(f"* -> *_{end}" for end in _ENDS[1:-1].split("|"))
_BEGINNINGS = "(rain|rainy|input|snow|hazy|degraded|lq)"
_PER_SCENE = tuple(
    f"*/{rainy} -> */{clean}"
    for rainy in _BEGINNINGS[1:-1].split("|")
    for clean in ("clean", "norain", "gt", "target", "clear", "hq")
)
_KNOWN = (
    _KnownLayout("RainTrainL or RainTrainH", r"rain-\d+", ("rain-* -> norain-*",), targets=(".",)),
    _KnownLayout("DeRaindrop", r"\d+_rain", _RAIN_CLEAN, targets=("../gt", ".")),
    _KnownLayout("Outdoor-Rain", r"im_\d+_s\d+_a\d+", ("*_s*_a* -> *",)),
    _KnownLayout("GT-Rain", r".*R-\d+", ("*/*R-* -> */*C-000",), targets=(".",), levels_up=1),
    _KnownLayout(
        "RainDS", r"(pie-)?(rd-rain|rd|rain)-\d+", _RAINDS, r"rain(drop|streak).*", ("../gt",)
    ),
    _KnownLayout("Rain14000 (DDN) or RESIDE", r"\d+_[\d._]+", ("*_* -> *",)),
    _KnownLayout(
        "Rain200H or Rain200L", r".*\dx2", ("*x2 -> *",), targets=("../norain", "../../norain")
    ),
    _KnownLayout("SPA-Data", r"\d+", ("* -> *gt",)),
    _KnownLayout("Snow100K", r".*", (), "synthetic|snowy?", ("../gt",)),
    _KnownLayout("AllWeather", r".*", (), "input", ("../gt",)),
    _KnownLayout("Rain800, repacked", r".*", (), "rain|rainy", ("../norain",)),
    _KnownLayout("two folders of equal names", r".*"),
    _KnownLayout(
        "rainy and clean images in one folder",
        r".*_(rain|rainy)",
        ("*_rain -> *_clean",),
        "",
        (".",),
    ),
    _KnownLayout("images with clean ones beside them", rf"(?!.*_{_ENDS}$).*", _MARKED, "", (".",)),
    _KnownLayout("one folder per scene", _BEGINNINGS, _PER_SCENE, "", (".",), 1),
)


@dataclass(frozen=True)
class Suggestion:
    """An entry for a manifest; paths are relative to the folder that was looked at."""

    layout: str
    images: str
    targets: str | None
    patterns: tuple[str, ...]
    count: int

    def manifest_entry(self, folder: Path, name: str) -> dict[str, object]:
        """Return the entry for paths that begin with `folder`."""
        found: dict[str, object] = {"name": name, "images": (folder / self.images).as_posix()}
        if self.targets is not None:
            found["targets"] = (folder / self.targets).as_posix()
        if self.patterns:
            found["pair"] = list(self.patterns) if len(self.patterns) > 1 else self.patterns[0]
        return found


def suggest_entries_and_rest(folder: Path) -> tuple[tuple[Suggestion, ...], dict[str, int]]:
    """Recognise the layouts below a folder.

    Returns
    -------
    Suggestions in the order of their folders, and the numbers of images of the folders that are
    part of none.

    Raises
    ------
    SourceError
        The folder cannot be searched.
    """
    folders = {place: names for place, names in list_images(folder).folders if names}
    found = _without_results(dict.fromkeys(_suggest_by_folder(folders)))
    used = {each.targets for each in found} | {each.images for each in found}
    used |= {place for each in found for place in folders if _is_inside_suggestion(place, each)}
    rest = {place or ".": len(names) for place, names in folders.items() if place not in used}
    return found, rest


def recognised_layout_note(dataset: Dataset) -> str:
    """Say in a note which layout a dataset that is not paired in full looks like, if any."""
    paired = sum(each.target is not None for each in dataset.images)
    if dataset.paired and 2 * paired >= len(dataset.images):
        return ""
    folders = (
        {place: names for place, names in list_images(dataset.folder).folders if names}
        if dataset.paired
        else _names_by_first_folders(each.relative for each in dataset.images)
    )
    found = _without_results(_suggest_by_folder(dict(list(folders.items())[:_LOOKED_AT])))
    first = next((each for each in found if each.patterns or not dataset.paired), None)
    if first is None:
        return ""
    where = f"{first.images or '.'}" + (f" with {first.targets}" if first.targets else "")
    return (
        f"{where} looks like {first.layout}, but nothing is paired by guess, and clean images "
        "count as any others; for a manifest that pairs them: rainmer-analysis datasets check "
        f"{shlex.quote(str(dataset.folder))} --suggest"
    )


def _without_results(found: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Leave away what lies beside a folder of inputs and is not called like them.

    Restored images of some method and layers of streaks have the names of the targets too.
    """
    listed = list(found)
    names = {each: PurePosixPath(each.images).name.lower() for each in listed}
    known = {each.targets for each in listed if _INPUTS.fullmatch(names[each])} - {None}
    return tuple(
        each for each in listed if each.targets not in known or _DEGRADED.search(names[each])
    )


def _suggest_by_folder(folders: Folders) -> Iterator[Suggestion]:
    for place, names in folders.items():
        last = PurePosixPath(place).name.lower()
        if last in CLEAN_FOLDERS or last in NO_IMAGE_FOLDERS:
            continue
        found = next(
            filter(
                None, (_suggest_if_layout_fits(known, place, names, folders) for known in _KNOWN)
            ),
            None,
        )
        if found is not None:
            yield found


def _suggest_if_layout_fits(
    known: _KnownLayout, place: str, names: Sequence[str], folders: Folders
) -> Suggestion | None:
    """Say how a folder fits a layout, or that it does not."""
    last = PurePosixPath(place).name.lower()
    if known.folder and not re.fullmatch(known.folder, last):
        return None
    stems = re.compile(known.stems)
    same = known.targets == (".",)
    sample = [each for each in _spread_sample(names) if stems.fullmatch(nfc_without_suffix(each))]
    if not sample or (not same and len(sample) < 0.9 * min(len(names), _SAMPLE)):
        return None
    for target in _possible_target_folders(known, place, folders):
        patterns = _find_patterns_that_pair(known.patterns, sample, folders[target])
        if patterns is not None:
            if known.levels_up:
                parent = str(PurePosixPath(place).parent)
                place = "" if parent == "." else parent
            elsewhere = None if target == place or known.levels_up else target
            count = sum(stems.fullmatch(nfc_without_suffix(each)) is not None for each in names)
            return Suggestion(
                known.name, place, elsewhere, patterns, 0 if known.levels_up else count
            )
    return None


def _find_patterns_that_pair(
    patterns: tuple[str, ...], sample: Sequence[str], targets: Sequence[str]
) -> tuple[str, ...] | None:
    """Return the patterns that pair a sample of names (none for equal ones), or None."""
    here = set(targets)
    suffixes = {PurePosixPath(each).suffix for each in targets[:_SAMPLE]}

    def images_with_target(possible_stems: Callable[[str], Iterable[str]]) -> set[str]:
        return {
            each
            for each in sample
            for stem in possible_stems(nfc_without_suffix(each))
            if any(f"{stem}{suffix}" in here for suffix in suffixes)
        }

    if not patterns:
        return () if len(images_with_target(lambda stem: [stem])) >= _SHARE * len(sample) else None
    bare = (each.replace("*/", "", 1).replace("> */", "> ") for each in patterns)
    found = {
        pattern: images_with_target(rule.target_stems)
        for pattern, rule in zip(patterns, parse_patterns(tuple(bare)), strict=True)
    }
    if len(set().union(*found.values())) < _SHARE * len(sample):
        return None
    return tuple(pattern for pattern, names in found.items() if names)


def _possible_target_folders(known: _KnownLayout, place: str, folders: Folders) -> list[str]:
    """List the folders where targets of a folder's images may lie."""
    if known.targets:
        wanted = [os.path.normpath(f"{place}/{each}" if place else each) for each in known.targets]
        return [each for each in ("" if one == "." else one for one in wanted) if each in folders]
    parent = PurePosixPath(place).parent
    siblings = (each for each in folders if each and PurePosixPath(each).parent == parent)
    return [each for each in siblings if PurePosixPath(each).name.lower() in CLEAN_FOLDERS]


def _spread_sample(names: Sequence[str]) -> Sequence[str]:
    """Take names from all over a folder."""
    step = max(1, len(names) // _SAMPLE)
    return names[::step] if step > 1 else names


def _names_by_first_folders(paths: Iterable[str]) -> dict[str, list[str]]:
    """Sort sorted paths into the first folders; the others are not looked at."""
    found: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder not in found and len(found) == _LOOKED_AT:
            break
        found.setdefault(folder, []).append(name)
    return found


def _is_inside_suggestion(place: str, suggestion: Suggestion) -> bool:
    own = suggestion.images
    return any("/" in each for each in suggestion.patterns) and (
        not own or place.startswith(f"{own}/")
    )
