"""Where a dataset of the catalogue lies, how it is paired and what its scenes are, as data."""

from __future__ import annotations

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.search import (
    NOT_THIS_SET,
    Account,
    Dataset,
    ImageCandidate,
    Listing,
    list_images,
    merge_accounts,
)

__all__ = ["DatasetLayout", "find_catalogue_dataset"]


@dataclass(frozen=True)
class DatasetLayout:
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


def find_catalogue_dataset(layout: DatasetLayout, root: Path) -> Dataset:
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
    listings = _FolderListings()
    listing = list_images(folder)
    listed = listing.paths()
    images = []
    for relative in listed:
        match = pattern.fullmatch(relative)
        if match and not (skip and skip.search(relative)):
            images.append(_candidate_with_target(layout, folder, relative, match, listings))
    images = _select_numbered_range(layout, images)
    if not images:
        raise SourceError(
            f"dataset {layout.name}: {folder} holds none of its images "
            f"(relative paths of the form {layout.images}); check what lies there"
        )
    paired = layout.halves or any(
        "\\" in str(Path(template).parent) or (folder / template).parent.is_dir()
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
        account=_account_of_layout(listing, images),
    )


def _account_of_layout(listing: Listing, images: Sequence[ImageCandidate]) -> Account:
    """Count the candidates that are neither images of this set nor their partners."""
    folder = str(images[0].folder)
    own = {each.path for each in images}
    targets = {each.target for each in images if each.target} - own
    known = own | targets
    others = Counter(
        relative.rpartition("/")[0] or "."
        for relative in listing.paths()
        if os.path.join(folder, relative) not in known  # noqa: PTH118 - one of 100,000
    )
    account = replace(listing.account, images=len(images), targets=len(targets))
    return merge_accounts([account], more_passed_over={NOT_THIS_SET: dict(sorted(others.items()))})


def _select_numbered_range(
    layout: DatasetLayout, images: list[ImageCandidate]
) -> list[ImageCandidate]:
    if layout.part is None:
        return images
    start, stop = layout.part
    return sorted(images, key=lambda each: (int(Path(each.path).stem), each.relative))[start:stop]


def _candidate_with_target(
    layout: DatasetLayout,
    folder: Path,
    relative: str,
    match: re.Match[str],
    listings: _FolderListings,
) -> ImageCandidate:
    found = ImageCandidate(relative, str(folder))
    if layout.scene:
        found = replace(found, scene=match.expand(layout.scene))
    if layout.halves:
        return replace(found, target=found.path, region="left", target_region="right")
    for template in layout.targets:
        wanted = Path(os.path.normpath(folder / match.expand(template)))
        target = listings.find_file(wanted, has_wildcard="*" in template)
        if target is not None:
            return replace(found, target=str(target), target_region="whole")
    return found


class _FolderListings:
    """Answers whether files are there, listing each folder once."""

    def __init__(self) -> None:
        self._names: dict[Path, dict[str, None]] = {}
        self._first_match: dict[Path, Path | None] = {}

    def find_file(self, wanted: Path, *, has_wildcard: bool) -> Path | None:
        """Return the file, or with a wildcard the first that matches; None if there is none."""
        if not has_wildcard:
            return wanted if wanted.name in self._names_in(wanted.parent) else None
        if wanted not in self._first_match:
            names = fnmatch.filter(self._names_in(wanted.parent), wanted.name)
            self._first_match[wanted] = wanted.parent / names[0] if names else None
        return self._first_match[wanted]

    def _names_in(self, folder: Path) -> dict[str, None]:
        if folder not in self._names:
            names = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
            self._names[folder] = dict.fromkeys(names)
        return self._names[folder]
