"""What is on disk: counts, sizes, pairs and faults of datasets, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import (
    Sources,
    find_datasets,
    read_header,
    read_image,
    unstorable_name_reason,
)
from rainmer_analysis.images.datasets import (
    Account,
    Dataset,
    ImageCandidate,
    compare_names,
    read_names,
)
from rainmer_analysis.images.reading import FloatImage, Region
from rainmer_analysis.images.side_by_side import (
    MIN_LIKENESS,
    bright_speck_balance,
    brightness_correlation,
)

__all__ = ["Check", "Comparison", "Finding", "Summary", "check_datasets"]

_COMPARED = 50  # files whose halves are compared
_DECISIVE = 0.1  # skewness from which one of two halves has the specks

Size = tuple[int, int]
_FileRegion = tuple[str, Region]
_Sizes = Mapping[_FileRegion, Size | str]  # width and height, or the reason why there are none
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """A fault of one image: ``unreadable``, ``missing-partner`` or ``size-mismatch``."""

    finding: str
    dataset: str
    image_id: str
    detail: str


@dataclass(frozen=True)
class Summary:
    """One dataset: how many images, readable ones and pairs, and the span of its sizes.

    ``pairs`` is None where no clean partners are expected; sizes are (width, height) in pixels.
    """

    folder: Path
    images: int
    readable: int
    pairs: int | None
    expected: int | None
    sizes: int
    smallest: Size | None
    largest: Size | None
    notes: tuple[str, ...]
    account: Account

    @property
    def files(self) -> dict[str, Any]:
        """What became of every file, as JSON types."""
        return self.account.document(used=self.readable, left_out=self.images - self.readable)


@dataclass(frozen=True)
class Comparison:
    """Images against a published list of names, both ways."""

    path: Path
    lines: int
    missing: tuple[str, ...]
    several: tuple[str, ...]
    unlisted: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the comparison as JSON types."""
        return {
            "path": str(self.path),
            "lines": self.lines,
            "listed_but_missing": list(self.missing),
            "listed_for_several": list(self.several),
            "not_listed": list(self.unlisted),
        }


@dataclass(frozen=True)
class Check:
    """Summaries by dataset, and all findings in the order of datasets and image ids.

    ``comparison`` is there where a list of names was given.
    """

    datasets: Mapping[str, Summary]
    findings: tuple[Finding, ...]
    comparison: Comparison | None = None

    def document(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        listed = {} if self.comparison is None else {"list": self.comparison.document()}
        return {
            "kind": "check",
            "datasets": {
                name: {
                    "folder": str(each.folder),
                    "images": each.images,
                    "readable": each.readable,
                    "pairs": each.pairs,
                    "expected": each.expected,
                    "sizes": each.sizes,
                    "smallest": each.smallest and list(each.smallest),
                    "largest": each.largest and list(each.largest),
                    "notes": list(each.notes),
                }
                for name, each in self.datasets.items()
            },
            "findings": [
                {"finding": each.finding, "image_id": each.image_id, "detail": each.detail}
                for each in self.findings
            ],
            "files": {name: each.files for name, each in self.datasets.items()},
            **listed,
        }


def check_datasets(
    sources: Sources,
    *,
    root: str | Path | None = None,
    names: str | Path | None = None,
    decode: bool = True,
    workers: int = 2,
    progress: Progress | None = None,
) -> Check:
    """Look at every image and partner of the sources.

    Parameters
    ----------
    sources, root
        As for `rainmer_analysis.images.load`; all images count, none is sampled.
    names
        A published list of the images, one name or relative path a line, to compare with.
    decode
        Decode each file; otherwise only its header is read, and truncated files go unnoticed.
    workers
        Threads that read; the report does not depend on them.
    progress
        Called with (files read, all files).

    Raises
    ------
    SourceError
        A source is unknown, missing or empty, or the list cannot be read.
    """
    datasets = find_datasets(sources, root=root)
    comparison = None if names is None else _compare_with_list(Path(names), datasets)
    places: dict[_FileRegion, None] = {}
    for dataset in datasets:
        for image in dataset.images:
            places[image.path, image.region] = None
            if image.target is not None:
                places[image.target, image.target_region or "whole"] = None
    looked = _read_sizes(list(places), decode=decode, workers=workers, progress=progress)
    findings = [finding for each in datasets for finding in _findings_of(each, looked)]
    halves = {each.name: _compare_halves(each, looked) if decode else () for each in datasets}
    return Check(
        {each.name: _summarise_dataset(each, looked, halves[each.name]) for each in datasets},
        tuple(findings),
        comparison,
    )


def _compare_with_list(path: Path, datasets: Sequence[Dataset]) -> Comparison:
    lines = read_names(path)
    images = {
        f"{each.name}/{image.relative}": image.relative
        for each in datasets
        for image in each.images
    }
    missing, several, unlisted = compare_names(images, lines)
    return Comparison(path, len(lines), tuple(missing), tuple(several), tuple(unlisted))


def _compare_halves(dataset: Dataset, looked: _Sizes) -> tuple[str, ...]:
    """Note where the halves of files are no pair, or look like one the other way round."""
    sound = [
        image
        for image in dataset.images
        if image.region != "whole" and not isinstance(looked[image.path, image.region], str)
    ]
    looked_at = sound[:: max(1, len(sound) // _COMPARED)]
    if not looked_at:
        return ()
    found = [
        (brightness_correlation(*pair), bright_speck_balance(*pair))
        for image in looked_at
        for pair in [(read_image(image.path, region=image.region), _read_target(image))]
    ]
    notes, total = [], len(found)
    strangers = sum(alike < MIN_LIKENESS for alike, _ in found)
    if strangers:
        notes.append(
            f"in {strangers:,} of {total:,} files looked at, the halves hardly show one scene"
        )
    decisive = [skewness for _, skewness in found if abs(skewness) > _DECISIVE]
    other = sum(skewness < 0 for skewness in decisive)
    if decisive and other >= 0.75 * len(decisive):
        given = "rain-clean" if looked_at[0].region == "left" else "clean-rain"
        wanted = "clean-rain" if given == "rain-clean" else "rain-clean"
        notes.append(
            f"in {other:,} of {total:,} files looked at, the half that counts as clean has the "
            f'bright specks of rain: if the other one is clean, say halves = "{wanted}"'
        )
    return tuple(notes)


def _read_target(image: ImageCandidate) -> FloatImage:
    assert image.target is not None
    return read_image(image.target, region=image.target_region or "whole")


def _read_sizes(
    places: Sequence[_FileRegion], *, decode: bool, workers: int, progress: Progress | None
) -> _Sizes:
    look = _decoded_size if decode else _stated_size
    sizes: dict[_FileRegion, Size | str] = {}
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        for place, size in zip(places, pool.map(look, places), strict=True):
            sizes[place] = size
            if progress is not None:
                progress(len(sizes), len(places))
    finally:
        pool.shutdown(cancel_futures=True)
    return sizes


def _decoded_size(place: _FileRegion) -> Size | str:
    path, region = place
    if fault := unstorable_name_reason(path):
        return fault
    try:
        _, height, width = read_image(path, region=region).shape
    except ImageError as error:
        return str(error)
    return width, height


def _stated_size(place: _FileRegion) -> Size | str:
    path, region = place
    if fault := unstorable_name_reason(path):
        return fault
    try:
        header = read_header(path, region=region)
    except ImageError as error:
        return str(error)
    return header.width, header.height


def _target_place(image: ImageCandidate) -> _FileRegion | None:
    return None if image.target is None else (image.target, image.target_region or "whole")


def _findings_of(dataset: Dataset, looked: _Sizes) -> list[Finding]:
    found: list[Finding] = []
    for image in dataset.images:
        own, partner = looked[image.path, image.region], _target_place(image)
        faults: list[tuple[str, str]] = []
        if isinstance(own, str):
            faults.append(("unreadable", own))
        if partner is None:
            if dataset.paired:
                several = dataset.unclear.get(image.relative)
                detail = f"it may be {several}" if several else "there is no clean partner"
                faults.append(("missing-partner", detail))
        elif isinstance(theirs := looked[partner], str):
            faults.append(("unreadable", f"its partner {Path(partner[0]).name}: {theirs}"))
        elif not isinstance(own, str) and own != theirs:
            detail = f"{own[0]}x{own[1]} pixels, its partner {theirs[0]}x{theirs[1]}"
            faults.append(("size-mismatch", detail))
        found += [
            Finding(finding, dataset.name, f"{dataset.name}/{image.relative}", detail)
            for finding, detail in faults
        ]
    found += [
        Finding(
            "unreadable",
            dataset.name,
            f"{dataset.name}/{relative}",
            f"a picture in the format {kind}, which is not read; convert it to PNG",
        )
        for relative, kind in dataset.account.unread
    ]
    return found


def _summarise_dataset(dataset: Dataset, looked: _Sizes, halves: tuple[str, ...]) -> Summary:
    own = [looked[image.path, image.region] for image in dataset.images]
    sizes = sorted(
        {size for size in own if not isinstance(size, str)}, key=lambda size: size[0] * size[1]
    )
    return Summary(
        folder=dataset.folder,
        images=len(own),
        readable=sum(not isinstance(size, str) for size in own),
        pairs=sum(image.target is not None for image in dataset.images) if dataset.paired else None,
        expected=dataset.expected,
        sizes=len(sizes),
        smallest=sizes[0] if sizes else None,
        largest=sizes[-1] if sizes else None,
        notes=(
            *dataset.notes,
            *dataset.account.warnings(),
            *_dataset_notes(dataset, sizes),
            *halves,
        ),
        account=dataset.account,
    )


def _dataset_notes(dataset: Dataset, sizes: Sequence[Size]) -> tuple[str, ...]:
    notes = []
    if dataset.expected is not None and dataset.expected != len(dataset.images):
        notes.append(f"{dataset.expected:,} images are expected, {len(dataset.images):,} are here")
    other_stems = sum(
        own.stem == partner.stem and own.suffix.lower() != partner.suffix.lower()
        for own, partner in (
            (Path(image.path), Path(image.target)) for image in dataset.images if image.target
        )
    )
    if other_stems:
        notes.append(f"{other_stems:,} partners have the same name but another suffix")
    if sizes and not dataset.paired and all(width == 2 * height for width, height in sizes):
        notes.append(
            "every image is twice as wide as high: if rain and clean lie side by side, say so in a "
            'manifest, with halves = "rain-clean" or "clean-rain"'
        )
    return tuple(notes)
