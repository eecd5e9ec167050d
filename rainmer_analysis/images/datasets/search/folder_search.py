"""Datasets as folders hold them: images, their clean partners, and an account of all files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from rainmer_analysis.images.datasets.search.file_accounting import (
    NO_IMAGE,
    Account,
    merge_accounts,
)
from rainmer_analysis.images.datasets.search.folder_listing import (
    PAIR,
    Listing,
    list_images,
    list_side_of_pair,
)
from rainmer_analysis.images.datasets.search.name_pairing import Rule, pair_names
from rainmer_analysis.images.reading import Region

__all__ = [
    "Dataset",
    "ImageCandidate",
    "iterate_candidate_paths",
    "normal_path",
    "pair_with_target_folder",
    "search_folder",
]


@dataclass(frozen=True, slots=True)
class ImageCandidate:
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
    """A named set of candidates in the order of their relative paths, before sampling.

    ``paired`` says that partners are expected; ``scene_first`` that the scene names of the images
    describe more than the partner's pixels (a place, a frame cut into crops); ``clean`` that each
    image is itself a clean photograph; ``groups`` maps normalised absolute paths to scenes;
    ``unclear`` says of images which several partners are possible; ``notes`` are what people
    should hear of it.
    """

    name: str
    folder: Path
    images: tuple[ImageCandidate, ...]
    paired: bool = False
    scene_first: bool = False
    clean: bool = False
    split: str | None = None
    expected: int | None = None
    weight: float | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    account: Account = field(default_factory=Account)
    unclear: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def search_folder(name: str, folder: Path, *, rule: Rule = None) -> Dataset:
    """Search a folder of images; a folder that holds ``input`` and ``target`` is paired.

    Parameters
    ----------
    name, folder
        Of the dataset.
    rule
        How names in ``input`` and ``target`` correspond, as for `pair_names`.

    Returns
    -------
    The dataset; without images where there are none.

    Raises
    ------
    SourceError
        The folder cannot be searched.
    """
    listing = list_images(folder, stop_at_pairs=True)
    own = str(folder)
    plain = [ImageCandidate(relative, own) for relative in listing.paths()]
    parts = [Dataset(name, folder, tuple(plain), account=listing.account)]
    parts += [_search_pair_folder(name, folder, inside, rule) for inside in listing.pairs]
    images = sorted(
        (each for part in parts for each in part.images), key=lambda each: each.relative
    )
    account = merge_accounts((part.account for part in parts), more_passed_over={})
    return Dataset(
        name,
        folder,
        tuple(images),
        paired=bool(listing.pairs),
        account=replace(account, images=len(images)),
        unclear={key: value for part in parts for key, value in part.unclear.items()},
    )


def _search_pair_folder(name: str, folder: Path, inside: str, rule: Rule) -> Dataset:
    """Return the images of one folder that holds ``input`` and ``target``."""
    before = f"{inside}/" if inside else ""
    inputs, targets = (list_side_of_pair(folder, before + each) for each in PAIR)
    images = [
        ImageCandidate(f"{before}{PAIR[0]}/{relative}", str(folder)) for relative in inputs.paths()
    ]
    dataset = Dataset(name, folder, tuple(images), account=inputs.account)
    place = folder / inside / PAIR[1]
    return pair_with_target_folder(dataset, targets, place, inputs.paths(), rule=rule)


def pair_with_target_folder(
    dataset: Dataset, targets: Listing, folder: Path, names: Sequence[str], *, rule: Rule = None
) -> Dataset:
    """Pair the images of a dataset with `targets`, which lie in another folder.

    `names` are what each image is called when names are compared by a `rule` of `pair_names`.
    """
    listed = targets.paths()
    pairing = pair_names(list(names), listed, rule)
    partners = dict(pairing.pairs)
    at = str(folder)
    images = tuple(
        replace(
            each,
            target=os.path.join(at, partners[name]),  # noqa: PTH118 - one of 100,000
            target_region="whole",
        )
        if name in partners
        else replace(each, target=None, target_region=None)
        for each, name in zip(dataset.images, names, strict=True)
    )
    account = replace(targets.account, targets=len(listed) - len(pairing.targets))
    return replace(
        dataset,
        images=images,
        paired=True,
        account=merge_accounts(
            [dataset.account, account],
            more_passed_over={NO_IMAGE: _count_by_folder(pairing.targets, folder.name)},
        ),
        unclear={
            each.relative: pairing.unclear[name]
            for each, name in zip(dataset.images, names, strict=True)
            if name in pairing.unclear
        },
    )


def _count_by_folder(names: Iterable[str], top: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        head = name.rpartition("/")[0]
        place = f"{top}/{head}" if head else top
        found[place] = found.get(place, 0) + 1
    return found


def normal_path(path: str | Path) -> str:
    """Return an absolute path without ``..``, links left as they are."""
    return os.path.normpath(Path(path).absolute())


def iterate_candidate_paths(folder: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Return every candidate below a folder and its relative path, sorted folder by folder."""
    for relative in list_images(folder).paths():
        yield folder / relative, PurePosixPath(relative)
