"""How images and their clean partners are found in folders.

A folder is searched recursively; file names that end in a known image suffix are candidates (what
they hold is judged when they are read), everything else is passed over without a word, as are
hidden names and ``__MACOSX``. Links are followed, circles of links are not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.reading import IMAGE_SUFFIXES, Region

__all__ = ["Dataset", "Found", "Partners", "candidate", "files", "normal", "search"]


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
            images += [candidate(folder, parent / name) for name in names]
            continue
        inputs = [path for path, _ in files(parent / "input")]
        partners = Partners(parent / "target")
        images += [
            candidate(folder, path, partners.of(path.relative_to(parent / "input")))
            for path in inputs
        ]
    return tuple(sorted(images, key=lambda each: each.relative)), paired


class Partners:
    """Partner files below one folder, by relative path or else by the only equal stem."""

    def __init__(self, folder: Path) -> None:
        self._names: dict[PurePosixPath, Path] = {}
        self._stems: dict[PurePosixPath, list[Path]] = {}
        for path, relative in files(folder):
            self._names[relative] = path
            self._stems.setdefault(relative.with_suffix(""), []).append(path)

    def of(self, relative: Path) -> Path | None:
        """Give the partner of an input's relative path, or None."""
        key = PurePosixPath(relative.as_posix())
        if key in self._names:
            return self._names[key]
        candidates = self._stems.get(key.with_suffix(""), [])
        return candidates[0] if len(candidates) == 1 else None


def normal(path: Path) -> str:
    """Give an absolute path without ``..``, links left as they are."""
    return os.path.normpath(path.absolute())


def candidate(folder: Path, path: Path, target: Path | None = None) -> Found:
    """Give a file below the dataset's own folder as a whole image."""
    relative = path.relative_to(folder).as_posix()
    return Found(relative, path, target, target_region=None if target is None else "whole")


def files(folder: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Give every candidate below a folder and its relative path, sorted folder by folder."""
    for parent, names, _ in _walk(folder, pairs=False):
        for name in names:
            path = parent / name
            yield path, PurePosixPath(path.relative_to(folder).as_posix())


def _walk(
    folder: Path, *, pairs: bool, above: frozenset[tuple[int, int]] = frozenset()
) -> Iterator[tuple[Path, list[str], bool]]:
    """Give each folder with its candidates' names; with `pairs`, stop at input beside target."""
    try:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        with os.scandir(folder) as entries:
            visible = sorted(
                (entry for entry in entries if _is_visible(entry.name)),
                key=lambda entry: entry.name,
            )
    except OSError as error:
        raise SourceError(
            f"the folder {folder} cannot be searched ({error.strerror}); make it readable"
        ) from error
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


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"
