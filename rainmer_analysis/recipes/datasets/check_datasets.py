"""What is on disk: counts, sizes, pairs and faults of datasets, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rainmer_analysis.images import Sources, find_datasets, map_in_threads
from rainmer_analysis.images.datasets import (
    Dataset,
    ImageCandidate,
    compare_with_listed_names,
    read_image_names,
)
from rainmer_analysis.recipes.datasets.check_report import (
    CheckReport,
    DatasetSummary,
    FileFault,
    NameListComparison,
    Size,
)
from rainmer_analysis.recipes.datasets.look_at_files import (
    FileRegion,
    LookedAt,
    look_at_header,
    look_at_pixels,
    notes_on_files,
)
from rainmer_analysis.recipes.datasets.notes_on_halves import notes_on_halves, unsplit_halves_note

__all__ = ["check_datasets"]

_Sizes = Mapping[FileRegion, Size | str]  # width and height, or the reason why there are none
Progress = Callable[[int, int], None]


def check_datasets(
    sources: Sources,
    *,
    root: str | Path | None = None,
    names: str | Path | None = None,
    decode: bool = True,
    workers: int = 2,
    progress: Progress | None = None,
) -> CheckReport:
    """Look at every image and partner of the sources.

    Parameters
    ----------
    sources, root
        As for `rainmer_analysis.images.load_image_set`; all images count, none is sampled.
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
    comparison = None if names is None else _compare_with_list_file(Path(names), datasets)
    places: dict[FileRegion, None] = {}
    for dataset in datasets:
        for image in dataset.images:
            places[image.path, image.region] = None
            if (target := _find_target_file_region(image)) is not None:
                places[target] = None
    look = look_at_pixels if decode else look_at_header
    found = map_in_threads(look, list(places), workers=workers, progress=progress)
    looked = dict(zip(places, found, strict=True))
    sizes = {place: each.size for place, each in looked.items()}
    findings = [finding for each in datasets for finding in _dataset_faults(each, sizes)]
    notes = {each.name: _notes_on_pixels(each, looked) if decode else () for each in datasets}
    return CheckReport(
        {each.name: _summarise_dataset(each, sizes, notes[each.name]) for each in datasets},
        tuple(findings),
        comparison,
    )


def _notes_on_pixels(dataset: Dataset, looked: Mapping[FileRegion, LookedAt]) -> tuple[str, ...]:
    """Say what only pixels tell: halves, frames, files that are nearly black."""
    sizes = {place: each.size for place, each in looked.items()}
    readable = _readable_images(dataset, sizes)
    unsplit = "" if dataset.paired else unsplit_halves_note(readable)
    places = [(image.path, image.region) for image in readable]
    places += filter(None, map(_find_target_file_region, dataset.images))
    return (
        *([unsplit] if unsplit else []),
        *notes_on_halves(readable),
        *notes_on_files(dataset.folder, list(dict.fromkeys(places)), looked),
    )


def _readable_images(dataset: Dataset, sizes: _Sizes) -> list[ImageCandidate]:
    return [
        image for image in dataset.images if not isinstance(sizes[image.path, image.region], str)
    ]


def _compare_with_list_file(path: Path, datasets: Sequence[Dataset]) -> NameListComparison:
    lines = read_image_names(path)
    images = {
        f"{each.name}/{image.relative}": image.relative
        for each in datasets
        for image in each.images
    }
    missing, several, unlisted = compare_with_listed_names(images, lines)
    return NameListComparison(path, len(lines), tuple(missing), tuple(several), tuple(unlisted))


def _find_target_file_region(image: ImageCandidate) -> FileRegion | None:
    return None if image.target is None else (image.target, image.target_region or "whole")


def _dataset_faults(dataset: Dataset, sizes: _Sizes) -> list[FileFault]:
    found: list[FileFault] = []
    for image in dataset.images:
        own, partner = sizes[image.path, image.region], _find_target_file_region(image)
        faults: list[tuple[str, str]] = []
        if isinstance(own, str):
            faults.append(("unreadable", own))
        if partner is None:
            if dataset.paired:
                several = dataset.unclear.get(image.relative)
                detail = f"it may be {several}" if several else "there is no clean partner"
                faults.append(("missing-partner", detail))
        elif isinstance(theirs := sizes[partner], str):
            faults.append(("unreadable", f"its partner {Path(partner[0]).name}: {theirs}"))
        elif not isinstance(own, str) and own != theirs:
            detail = f"{own[0]}x{own[1]} pixels, its partner {theirs[0]}x{theirs[1]}"
            faults.append(("size-mismatch", detail))
        found += [
            FileFault(finding, dataset.name, f"{dataset.name}/{image.relative}", detail)
            for finding, detail in faults
        ]
    found += [
        FileFault("unreadable", dataset.name, f"{dataset.name}/{relative}", reason)
        for relative, reason in dataset.account.unread_reasons
    ]
    return found


def _summarise_dataset(
    dataset: Dataset, sizes: _Sizes, from_pixels: tuple[str, ...]
) -> DatasetSummary:
    own = [sizes[image.path, image.region] for image in dataset.images]
    distinct = sorted(
        {size for size in own if not isinstance(size, str)}, key=lambda size: size[0] * size[1]
    )
    return DatasetSummary(
        folder=dataset.folder,
        images=len(own),
        readable=sum(not isinstance(size, str) for size in own),
        pairs=sum(image.target is not None for image in dataset.images) if dataset.paired else None,
        expected=dataset.expected,
        sizes=len(distinct),
        smallest=distinct[0] if distinct else None,
        largest=distinct[-1] if distinct else None,
        notes=(
            *dataset.notes,
            *dataset.account.warnings(),
            *_notes_on_count_suffixes_and_halves(dataset, distinct),
            *from_pixels,
        ),
        account=dataset.account,
    )


def _notes_on_count_suffixes_and_halves(dataset: Dataset, sizes: Sequence[Size]) -> tuple[str, ...]:
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
