"""Which file a restored image goes to, which target it is compared with; by names alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images import IMAGE_SUFFIXES
from rainmer_analysis.images.datasets.folders import files

__all__ = ["Job", "Pairing", "images_in", "pair_up", "plan", "png_names"]

K = TypeVar("K", bound=Hashable)
Relative = PurePosixPath


@dataclass(frozen=True)
class Job:
    """One image to restore: the file, its name for people, and the file to write."""

    source: Path
    name: str
    target: Path


def images_in(folder: Path) -> dict[Relative, Path]:
    """Give the files below a folder that are named like images, by relative path.

    Raises
    ------
    SourceError
        There are none.
    """
    found = {relative: path for path, relative in files(folder)}
    if not found:
        raise SourceError(f"the folder {folder} holds no images; give one that holds some")
    return found


def plan(source: Path, out: Path) -> tuple[Job, ...]:
    """Say which file each image goes to.

    Raises
    ------
    SourceError
        There is no such source, or no image in it.
    ParameterError
        The results would lie among the images, or the name is not that of a PNG.
    OutputExistsError
        A folder is needed where a file lies.
    """
    if source.is_dir():
        if out.exists() and not out.is_dir():
            raise OutputExistsError(
                f"{out} is a file, but the images of a folder go into a folder; give another"
            )
        here, there = source.resolve(), out.resolve()
        if here == there or here in there.parents:
            raise ParameterError(
                f"the results would go to {out}, among the images of {source}; "
                "give a folder outside of it"
            )
        found = images_in(source)
        names = png_names(list(found))
        jobs = tuple(
            Job(path, relative.as_posix(), out / names[relative])
            for relative, path in found.items()
        )
    elif source.exists():
        jobs = (Job(source, str(source), _file(source, out)),)
    else:
        raise SourceError(
            f"there is no file or folder {source}; give an image or a folder of images"
        )
    _apart(jobs)
    return jobs


def png_names(relatives: Sequence[Relative]) -> dict[Relative, Relative]:
    """Give each image a name that ends in ``.png``, in the folder that it had.

    A ``.png`` keeps its name; other suffixes become ``.png``. Where that name would belong to
    another image or a folder as well, the whole name is kept before it: ``a.jpg.png``.
    """
    wishes = {each: each if _is_png(each) else each.with_suffix(".png") for each in relatives}
    # a.png and A.png count as one name here, as on file systems that tell no case apart
    counts = Counter(_folded(wish) for wish in wishes.values())
    taken = {each for each in relatives if _is_png(each)}
    taken |= {parent for each in relatives for parent in each.parents}
    names: dict[Relative, Relative] = {}
    for each, wish in wishes.items():
        name = wish
        if not _is_png(each):
            # nor may b.jpg.jpg become b.jpg.png, which would be read as the result of b.jpg
            shared = counts[_folded(wish)] > 1 or wish.with_suffix("") in wishes
            if shared or wish in taken:
                name = each.with_name(f"{each.name}.png")
            while name in taken:
                name = name.with_name(f"{name.name}.png")
            taken.add(name)
        names[each] = name
    return names


@dataclass(frozen=True)
class Pairing:
    """Results with their targets, and those of each that have no partner."""

    pairs: tuple[tuple[Relative, Relative], ...]
    results: tuple[Relative, ...]
    targets: tuple[Relative, ...]


def pair_up(results: Sequence[Relative], targets: Sequence[Relative]) -> Pairing:
    """Find each result's target, each target once.

    Equal relative paths first, then a target whose whole name stands before ``.png``
    (``a.jpg.png``), then the only two that are left of one folder and stem.
    """
    found: dict[Relative, Relative] = {}
    free = list(targets)
    for key_of_result, key_of_target in (
        (_itself, _itself),
        (_before_png, _itself),
        (_stem, _stem),
    ):
        left = [each for each in results if each not in found]
        mine, theirs = _only(left, key_of_result), _only(free, key_of_target)
        found |= {mine[key]: theirs[key] for key in mine if key in theirs}
        used = set(found.values())
        free = [each for each in free if each not in used]
    pairs = tuple((each, found[each]) for each in results if each in found)
    return Pairing(pairs, tuple(each for each in results if each not in found), tuple(free))


def _itself(relative: Relative) -> Relative:
    return relative


def _stem(relative: Relative) -> Relative:
    return relative.with_suffix("")


def _before_png(relative: Relative) -> Relative | None:
    return relative.with_suffix("") if _is_png(relative) else None


def _only(
    relatives: Sequence[Relative], key: Callable[[Relative], Relative | None]
) -> Mapping[Relative, Relative]:
    """Give those whose key is nobody else's, by key."""
    keys = {each: key(each) for each in relatives}
    counts = Counter(keys.values())
    return {k: each for each, k in keys.items() if k is not None and counts[k] == 1}


def _is_png(relative: Relative) -> bool:
    return relative.suffix.lower() == ".png"


def _folded(relative: Relative) -> str:
    return relative.as_posix().casefold()


def _file(source: Path, out: Path) -> Path:
    """Give the file for a single image: the one named, or one in the folder named."""
    if out.is_dir() or out.suffix.lower() not in IMAGE_SUFFIXES:
        relative = Relative(source.name)
        return out / png_names([relative])[relative]
    if out.suffix.lower() != ".png":
        raise ParameterError(
            f"a restored image cannot be written as {out.name!r}; "
            "give a name that ends in .png, or a folder"
        )
    return out


def _apart(jobs: Sequence[Job]) -> None:
    """Make sure that no image is written over one that is read."""
    read = {job.source.resolve() for job in jobs}
    for job in jobs:
        # through links of folders, but a link in the file's own place would itself be replaced
        place = job.target.parent.resolve() / job.target.name
        if place in read or job.target.resolve() in read:
            raise ParameterError(
                f"the result of {job.source} would go to {job.target}, which is an image that is "
                "read; give another folder"
            )
