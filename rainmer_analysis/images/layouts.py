"""How images, clean partners and scenes lie in folders.

A folder is searched recursively; file names that end in a known image suffix are candidates (what
they hold is judged when they are read), everything else is passed over without a word, as are
hidden names and ``__MACOSX``. Links are followed, circles of links are not.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.reading import IMAGE_SUFFIXES, Region

__all__ = ["Dataset", "Found", "Layout", "discover", "search"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """One candidate: its POSIX path relative to the dataset's own folder, and where all lies."""

    relative: str
    path: Path
    target: Path | None = None
    region: Region = "whole"
    target_region: Region | None = None
    scene: str | None = None


@dataclass(frozen=True)
class Dataset:
    """A named set of candidates in the order of `Found.relative`, before sampling.

    ``paired`` says that partners are expected; ``scene_first`` that the scene names of the images
    describe more than the partner's pixels (a place, a frame cut into crops); ``clean`` that each
    image is itself a clean photograph; ``groups`` maps normalised absolute paths to scenes.
    """

    name: str
    folder: Path
    images: tuple[Found, ...]
    paired: bool = False
    scene_first: bool = False
    clean: bool = False
    split: str | None = None
    expected: int | None = None
    weight: float | None = None
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    r"""Where a dataset of the catalogue lies below the root, as data.

    Parameters
    ----------
    name, split, note
        Name, ``train`` or ``test``, and a remark for readers.
    folders
        The dataset's own folder; the first that exists counts.
    images
        Regular expression that a path relative to the own folder must match as a whole.
    targets
        Templates of the partner's path relative to the own folder: ``\1`` and so on stand for the
        groups of `images`, and a file name with ``*`` for its first match in sorted order. The
        first template that is there counts.
    scene
        Template of the scene's name; `scene_first` puts it before the partner's pixels.
    skip
        Paths that this expression finds are left out.
    halves
        Rain on the left and the clean partner on the right of one file.
    part
        Only these positions of the files in the order of their integer stems.
    expected
        Number of images, where it is known.
    """

    name: str
    folders: tuple[str, ...]
    images: str
    targets: tuple[str, ...] = ()
    scene: str | None = None
    scene_first: bool = False
    clean: bool = False
    skip: str | None = None
    halves: bool = False
    part: tuple[int, int] | None = None
    expected: int | None = None
    split: str = "train"
    note: str = ""


def search(folder: Path) -> tuple[tuple[Found, ...], bool]:
    """Search a folder of images; a folder that holds ``input`` and ``target`` is paired.

    Partners have equal file names. Where the equal name is missing, the only file of the same
    stem counts (``1.jpg`` with ``1.png``); where there are several or none, the image has none.

    Returns
    -------
    The candidates sorted by relative path, and whether a paired folder was among them.
    """
    paired = False
    images: list[Found] = []
    for parent, names, is_pair in _walk(folder, pairs=True):
        paired = paired or is_pair
        if not is_pair:
            images += [_found(folder, parent / name) for name in names]
            continue
        inputs = [path for path, _ in _files(parent / "input")]
        partners = Partners(parent / "target")
        images += [
            _found(folder, path, partners.of(path.relative_to(parent / "input"))) for path in inputs
        ]
    return tuple(sorted(images, key=lambda each: each.relative)), paired


class Partners:
    """Partner files below one folder, by relative path or else by the only equal stem."""

    def __init__(self, folder: Path) -> None:
        self._names: dict[PurePosixPath, Path] = {}
        self._stems: dict[PurePosixPath, list[Path]] = {}
        for path, relative in _files(folder):
            self._names[relative] = path
            self._stems.setdefault(relative.with_suffix(""), []).append(path)

    def of(self, relative: Path) -> Path | None:
        """Give the partner of an input's relative path, or None."""
        key = PurePosixPath(relative.as_posix())
        if key in self._names:
            return self._names[key]
        candidates = self._stems.get(key.with_suffix(""), [])
        return candidates[0] if len(candidates) == 1 else None


def discover(layout: Layout, root: Path) -> Dataset:
    """Find a dataset of the catalogue below the root folder.

    Raises
    ------
    SourceError
        Its folder is missing or holds none of its images.
    """
    folder = next((root / each for each in layout.folders if (root / each).is_dir()), None)
    if folder is None:
        raise SourceError(
            f"dataset {layout.name}: there is no folder {root / layout.folders[0]}; "
            "put the dataset there or correct the root folder"
        )
    pattern = re.compile(layout.images)
    skip = re.compile(layout.skip) if layout.skip else None
    listings: dict[Path, list[str]] = {}
    images = []
    for path, relative in _files(folder):
        match = pattern.fullmatch(str(relative))
        if match and not (skip and skip.search(str(relative))):
            images.append(_placed(layout, folder, path, match, listings))
    images = _part(layout, images)
    if not images:
        raise SourceError(
            f"dataset {layout.name}: {folder} holds none of its images "
            f"(relative paths of the form {layout.images}); check what lies there"
        )
    paired = layout.halves or any(
        (folder / template).parent.is_dir() if "\\" not in str(Path(template).parent) else True
        for template in layout.targets
    )
    return Dataset(
        name=layout.name,
        folder=folder,
        images=tuple(sorted(images, key=lambda each: each.relative)),
        paired=paired,
        scene_first=layout.scene_first,
        clean=layout.clean,
        split=layout.split,
        expected=layout.expected,
    )


def _part(layout: Layout, images: list[Found]) -> list[Found]:
    if layout.part is None:
        return images
    start, stop = layout.part
    return sorted(images, key=lambda each: (int(each.path.stem), each.relative))[start:stop]


def _placed(
    layout: Layout,
    folder: Path,
    path: Path,
    match: re.Match[str],
    listings: dict[Path, list[str]],
) -> Found:
    found = _found(folder, path)
    if layout.scene:
        found = replace(found, scene=match.expand(layout.scene))
    if layout.halves:
        return replace(found, target=path, region="left", target_region="right")
    for template in layout.targets:
        target = _expanded(folder, match.expand(template), listings)
        if target is not None:
            return replace(found, target=target, target_region="whole")
    return found


def _expanded(folder: Path, template: str, listings: dict[Path, list[str]]) -> Path | None:
    wanted = Path(os.path.normpath(folder / template))
    if wanted.parent not in listings:
        inside = wanted.parent
        listings[inside] = sorted(os.listdir(inside)) if inside.is_dir() else []  # noqa: PTH208
    names = listings[wanted.parent]
    matching = (name for name in names if fnmatchcase(name, wanted.name))
    first = next(matching, None)
    return wanted.parent / first if first is not None else None


def _found(folder: Path, path: Path, target: Path | None = None) -> Found:
    relative = path.relative_to(folder).as_posix()
    return Found(relative, path, target, target_region=None if target is None else "whole")


def _files(folder: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Give every candidate below a folder and its relative path, sorted folder by folder."""
    for parent, names, _ in _walk(folder, pairs=False):
        for name in names:
            path = parent / name
            yield path, PurePosixPath(path.relative_to(folder).as_posix())


def _walk(
    folder: Path, *, pairs: bool, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[tuple[Path, list[str], bool]]:
    """Give each folder with its candidates' names; with `pairs`, stop at input beside target."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    with os.scandir(folder) as entries:
        visible = sorted(
            (entry for entry in entries if _is_named(folder, entry.name)),
            key=lambda entry: entry.name,
        )
    subfolders = [entry.name for entry in visible if entry.is_dir()]
    if pairs and {"input", "target"} <= set(subfolders):
        yield folder, [], True
        return
    yield (
        folder,
        [
            entry.name
            for entry in visible
            if not entry.is_dir() and Path(entry.name).suffix.lower() in IMAGE_SUFFIXES
        ],
        False,
    )
    for name in subfolders:
        yield from _walk(folder / name, pairs=pairs, above=above | {here})


def _is_named(folder: Path, name: str) -> bool:
    if name.startswith(".") or name == "__MACOSX":
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        _log.warning("left out %a in %a: its name is not UTF-8; rename it", name, str(folder))
        return False
    return True
