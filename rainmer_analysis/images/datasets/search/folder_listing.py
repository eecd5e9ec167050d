"""What lies below a folder, each folder searched once, and nothing opened.

Files that are named like images are candidates (what they hold is judged when they are read).
Everything else is counted by kind: hidden files, the folders in which systems keep thumbnails,
snapshots and deleted files, pictures in formats that are not read, other files.

Links are followed, but a folder that several of them lead to is searched once: where it really
lies, or else by the first of the links, in the order of their names. So links that lead in circles
end, and folders that link to each other do not multiply. A link that leads nowhere and is not named
like an image counts as a folder that cannot be searched, as when a disk is missing.
"""

from __future__ import annotations

import heapq
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.search.file_accounting import (
    BESIDE,
    HIDDEN,
    OTHER,
    UNREAD,
    Account,
)
from rainmer_analysis.images.decoding import IMAGE_SUFFIXES, UNREAD_SUFFIXES

__all__ = ["PAIR", "Listing", "count_files", "list_images", "list_side_of_pair"]

PAIR = ("input", "target")
"""Names of subfolders that pair a folder."""

_SYSTEM = frozenset(
    (
        *("__macosx", "lost+found", "system volume information", "$recycle.bin", "recycler"),
        *("@eadir", "#recycle", "#snapshot", "@tmp", "@recycle", "@recently-snapshot", "@sharebin"),
        *("~snapshot", "network trash folder", "temporary items", "thumbs.db", "$extend"),
    )
)


@dataclass(frozen=True)
class Listing:
    """Candidates below a folder.

    Parameters
    ----------
    folders
        Folder by folder, sorted: the relative POSIX path (empty for the folder itself) and the
        sorted names of its candidates.
    pairs
        Relative paths of folders that hold ``input`` and ``target``, which were not searched.
    account
        What was passed over. Its numbers of images and targets are left to those who know.
    """

    folders: tuple[tuple[str, tuple[str, ...]], ...]
    pairs: tuple[str, ...]
    account: Account

    def paths(self) -> list[str]:
        """Return the relative POSIX paths of all candidates, folder by folder."""
        return [
            f"{folder}/{name}" if folder else name
            for folder, names in self.folders
            for name in names
        ]


@dataclass
class _ListingInProgress:
    """What a search has found so far."""

    folders: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    passed: dict[str, Counter[str]] = field(default_factory=dict)
    unread: list[tuple[str, str]] = field(default_factory=list)
    unsearched: list[tuple[str, str]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def count_passed_over(self, kind: str, name: str, count: int = 1) -> None:
        if count:
            self.passed.setdefault(kind, Counter())[name] += count

    def account(self) -> Account:
        """Put together what was passed over, in an order that the file system does not decide."""
        kinds = [kind for kind in (HIDDEN, UNREAD, OTHER, BESIDE) if kind in self.passed]
        return Account(
            passed_over={kind: dict(sorted(self.passed[kind].items())) for kind in kinds},
            unread=tuple(sorted(self.unread)),
            unsearched=tuple(sorted(self.unsearched)),
            repeated=tuple(sorted(self.repeated)),
        )


def list_images(folder: Path, *, stop_at_pairs: bool = False) -> Listing:
    """List the candidates below a folder.

    Parameters
    ----------
    folder
        Where to look.
    stop_at_pairs
        Whether folders that hold ``input`` and ``target`` are named instead of searched.

    Raises
    ------
    SourceError
        The folder itself cannot be searched. Folders below it that cannot are in the account.
    """
    found, seen = _ListingInProgress(), set[tuple[int, int]]()
    real, links = [""], list[str]()
    while real or links:
        inside = real.pop() if real else heapq.heappop(links)
        try:
            status = os.stat(folder / inside)  # noqa: PTH116 - one of 100,000
            if (status.st_dev, status.st_ino) in seen:
                found.repeated.append(inside)
                continue
            seen.add((status.st_dev, status.st_ino))
            names, own, linked = _classify_entries(folder / inside, inside, found)
        except OSError as error:
            if not inside:
                raise SourceError(
                    f"the folder {folder} cannot be searched ({error.strerror}); make it readable"
                ) from error
            found.unsearched.append((inside, str(error.strerror)))
            continue
        if stop_at_pairs and set(PAIR) <= {*own, *linked}:
            found.pairs.append(inside)
            found.count_passed_over(BESIDE, "files", len(names))
            for name in sorted({*own, *linked} - set(PAIR)):
                found.count_passed_over(BESIDE, name, count_files(folder / inside / name))
            continue
        found.folders.append((inside, tuple(sorted(names))))
        real += [_join_relative(inside, name) for name in own]
        for name in linked:
            heapq.heappush(links, _join_relative(inside, name))
    found.folders.sort(key=lambda each: each[0].split("/") if each[0] else [])
    return Listing(tuple(found.folders), tuple(sorted(found.pairs)), found.account())


def list_side_of_pair(folder: Path, relative: str) -> Listing:
    """List the candidates of one side of a pair; one that cannot be searched is in the account.

    Parameters
    ----------
    folder, relative
        The dataset's own folder, and where the side lies in it.
    """
    try:
        return list_images(folder / relative)
    except SourceError as error:
        reason = getattr(error.__cause__, "strerror", None) or str(error)
        return Listing((), (), Account(unsearched=((relative, reason),)))


def count_files(folder: Path) -> int:
    """Count the files below a folder, hidden ones too; links are not followed."""
    count, left = 0, [str(folder)]
    while left:  # one by one: a thousand folders inside each other are too deep for `os.walk`
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    count += not _is_folder(entry)
    return count


def _join_relative(inside: str, name: str) -> str:
    return f"{inside}/{name}" if inside else name


def _classify_entries(
    folder: Path, inside: str, found: _ListingInProgress
) -> tuple[list[str], list[str], list[str]]:
    """Sort out one folder: names of candidates, of its own subfolders, and of linked ones."""
    names: list[str] = []
    own: list[str] = []
    linked: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if _is_folder(entry):
                if name[0] == "." or name.casefold() in _SYSTEM:
                    found.count_passed_over(HIDDEN, name, count_files(folder / name))
                else:
                    (linked if entry.is_symlink() else own).append(name)
                continue
            if name[0] == ".":
                found.count_passed_over(HIDDEN, "hidden files")
                continue
            _, dot, end = name.rpartition(".")  # one of 100,000, and the quickest way
            suffix = f"{dot}{end.lower()}" if dot else ""
            if suffix in IMAGE_SUFFIXES:
                names.append(name)
            elif suffix in UNREAD_SUFFIXES:
                found.count_passed_over(UNREAD, UNREAD_SUFFIXES[suffix])
                found.unread.append((_join_relative(inside, name), UNREAD_SUFFIXES[suffix]))
            elif entry.is_symlink() and not os.path.exists(entry.path):  # noqa: PTH110
                linked.append(name)
            else:
                found.count_passed_over(OTHER, suffix or "no suffix")
    return names, own, linked


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether this is a folder; a link that leads nowhere is none."""
    try:
        return entry.is_dir()
    except OSError:  # too many levels of links
        return False
