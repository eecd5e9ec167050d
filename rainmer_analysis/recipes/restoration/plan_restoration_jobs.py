"""Which images a folder holds, and which file the restored one goes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images import IMAGE_SUFFIXES
from rainmer_analysis.images.datasets import Account, list_images

__all__ = [
    "RestorationJob",
    "images_and_account_of",
    "input_target_folders",
    "plan_restoration_jobs",
    "unique_png_names",
]

Relative = PurePosixPath


@dataclass(frozen=True)
class RestorationJob:
    """One image to restore: the file, its name for people, and the file to write."""

    source: Path
    name: str
    target: Path


def images_and_account_of(folder: Path) -> tuple[dict[Relative, Path], Account]:
    """Return the files below a folder that are named like images, and an account of all files.

    Raises
    ------
    SourceError
        There are none.
    """
    listing = list_images(folder)
    found = {Relative(relative): folder / relative for relative in listing.paths()}
    account = replace(listing.account, images=len(found))
    if not found:
        held = (
            "; ".join(account.warnings()) or f"of its {account.file_count} files none is an image"
        )
        raise SourceError(f"the folder {folder} holds no images ({held}); give one that holds some")
    return found, account


def input_target_folders(folder: Path) -> tuple[str, ...]:
    """Return the relative paths of folders that hold ``input`` and ``target``."""
    return tuple(each or "." for each in list_images(folder, stop_at_pairs=True).pairs)


def plan_restoration_jobs(source: Path, out: Path) -> tuple[RestorationJob, ...]:
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
        found, _ = images_and_account_of(source)
        names = unique_png_names(list(found))
        jobs = tuple(
            RestorationJob(path, relative.as_posix(), out / names[relative])
            for relative, path in found.items()
        )
    elif source.exists():
        jobs = (RestorationJob(source, str(source), _output_of_single_image(source, out)),)
    else:
        raise SourceError(
            f"there is no file or folder {source}; give an image or a folder of images"
        )
    _check_not_overwriting_inputs(jobs)
    return jobs


def unique_png_names(relatives: Sequence[Relative]) -> dict[Relative, Relative]:
    """Return each image a name that ends in ``.png``, in the folder that it had.

    A ``.png`` keeps its name; other suffixes become ``.png``. Where that name would belong to
    another image or a folder as well, the whole name is kept before it: ``a.jpg.png``.
    """
    wishes = {each: each if _is_png(each) else each.with_suffix(".png") for each in relatives}
    # a.png and A.png count as one name here, as on file systems that tell no case apart
    counts = Counter(_case_folded(wish) for wish in wishes.values())
    taken = {each for each in relatives if _is_png(each)}
    taken |= {parent for each in relatives for parent in each.parents}
    names: dict[Relative, Relative] = {}
    for each, wish in wishes.items():
        name = wish
        if not _is_png(each):
            # nor may b.jpg.jpg become b.jpg.png, which would be read as the result of b.jpg
            shared = counts[_case_folded(wish)] > 1 or wish.with_suffix("") in wishes
            if shared or wish in taken:
                name = each.with_name(f"{each.name}.png")
            while name in taken:
                name = name.with_name(f"{name.name}.png")
            taken.add(name)
        names[each] = name
    return names


def _is_png(relative: Relative) -> bool:
    return relative.suffix.lower() == ".png"


def _case_folded(relative: Relative) -> str:
    return relative.as_posix().casefold()


def _output_of_single_image(source: Path, out: Path) -> Path:
    """Return the file for a single image: the one named, or one in the folder named."""
    if out.is_dir() or out.suffix.lower() not in IMAGE_SUFFIXES:
        relative = Relative(source.name)
        return out / unique_png_names([relative])[relative]
    if out.suffix.lower() != ".png":
        raise ParameterError(
            f"a restored image cannot be written as {out.name!r}; "
            "give a name that ends in .png, or a folder"
        )
    return out


def _check_not_overwriting_inputs(jobs: Sequence[RestorationJob]) -> None:
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
