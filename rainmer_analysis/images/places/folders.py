"""How images and their clean partners are found in folders.

A folder is searched recursively; file names that end in a known image suffix are candidates (what
they hold is judged when they are read), everything else is passed over without a word, as are
hidden names and ``__MACOSX``. Links are followed, circles of links are not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.reading import IMAGE_SUFFIXES, Region

__all__ = ["Dataset", "Found", "Partners", "candidate", "files", "normal", "search"]


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate: its POSIX path relative to the dataset's own folder, and where all lies.

    There may be millions of them, so that they hold text, and the path is put together when it is
    asked for; `place` is given where it is another than the folder's and the relative one.
    """

    relative: str
    folder: str
    place: str | None = None
    target: str | None = None
    region: Region = "whole"
    target_region: Region | None = None
    scene: str | None = None

    @property
    def path(self) -> str:
        """The image's file."""
        return self.place or os.path.join(self.folder, self.relative)  # noqa: PTH118


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
            images += _candidates(folder, parent, names)
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


def normal(path: str | Path) -> str:
    """Give an absolute path without ``..``, links left as they are."""
    return os.path.normpath(Path(path).absolute())


def candidate(folder: Path, path: Path, target: Path | None = None) -> Found:
    """Give a file below the dataset's own folder as a whole image."""
    found = Found(path.relative_to(folder).as_posix(), str(folder))
    return found if target is None else replace(found, target=str(target), target_region="whole")


def _candidates(folder: Path, parent: Path, names: Iterable[str]) -> Iterator[Found]:
    """Give files of one folder as whole images."""
    inside = parent.relative_to(folder).as_posix()
    before = "" if inside == "." else f"{inside}/"
    own = str(folder)
    return (Found(before + name, own) for name in names)


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
        names, subfolders = _listing(folder)
    except OSError as error:
        raise SourceError(
            f"the folder {folder} cannot be searched ({error.strerror}); make it readable"
        ) from error
    if pairs and {"input", "target"} <= set(subfolders):
        yield folder, [], True
        return
    yield folder, names, False
    for name in subfolders:
        yield from _walk(folder / name, pairs=pairs, above=above | {here})


def _listing(folder: Path) -> tuple[list[str], list[str]]:
    """Give the sorted names of a folder's candidates and of its subfolders."""
    names, subfolders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _is_visible(entry.name):
                continue
            if entry.is_dir():
                subfolders.append(entry.name)
            elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES:
                names.append(entry.name)
    return sorted(names), sorted(subfolders)


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"
