"""From SOURCE texts to an `ImageSet` with a fixed order.

A SOURCE is ``NAME=FOLDER``, a manifest ``FILE.toml``, or a name of the catalogue below a root
folder. Datasets stand in the order in which they were named, images sorted by their id.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets import (
    CATALOGUE,
    Dataset,
    catalogue_layout,
    checked_dataset_name,
    find_catalogue_dataset,
    name_scenes,
    normal_path,
    notes_from_names,
    read_manifest,
    search_folder,
)
from rainmer_analysis.images.sample_image_ids import sample_ids
from rainmer_analysis.values import ImageSet, Rows

__all__ = ["Sources", "dataset_notes", "find_datasets", "load_image_set", "sample_datasets"]

_log = logging.getLogger(__name__)

Sources = str | Path | Sequence[str | Path] | Mapping[str, str | Path]


def load_image_set(
    sources: Sources,
    *,
    root: str | Path | None = None,
    per_dataset: int | None = None,
    seed: int = 42,
) -> ImageSet:
    """Find the images of all sources, draw a sample of each dataset, and name the scenes.

    Parameters
    ----------
    sources
        SOURCE texts (``NAME=FOLDER``, ``FILE.toml``, names of the catalogue), or a mapping of
        dataset names to folders.
    root
        The folder below which datasets of the catalogue lie.
    per_dataset
        How many images of each dataset are drawn; None takes all. A smaller dataset gives all of
        its images, and a note is logged.
    seed
        Seed of the sample.

    Raises
    ------
    SourceError
        A source is unknown, missing or empty, or a dataset's name occurs twice.
    """
    return sample_datasets(find_datasets(sources, root=root), per_dataset=per_dataset, seed=seed)


def sample_datasets(
    datasets: Sequence[Dataset], *, per_dataset: int | None = None, seed: int = 42
) -> ImageSet:
    """Draw a sample of each dataset and name the scenes; notes on the datasets are logged.

    Parameters
    ----------
    datasets
        What `find_datasets` has found.
    per_dataset, seed
        As for `load_image_set`.
    """
    for dataset in datasets:
        for note in dataset_notes(dataset):
            _log.warning("%s: %s", dataset.name, note)
    frames = [_sampled_image_frame(dataset, per_dataset, seed) for dataset in datasets]
    weights = {each.name: each.weight for each in datasets if each.weight is not None}
    return ImageSet(
        Rows(pd.concat(frames, ignore_index=True)),
        {"seed": seed, "per_dataset": per_dataset, **({"weights": weights} if weights else {})},
    )


def dataset_notes(dataset: Dataset) -> tuple[str, ...]:
    """Return what people should hear of a dataset before its images are used."""
    notes = [*dataset.notes, *dataset.account.warnings()]
    alone = sum(each.target is None for each in dataset.images) if dataset.paired else 0
    if alone:
        total = len(dataset.images)
        lack = (
            f"none of {total:,} images has a target"
            if alone == total
            else f"{alone:,} of {total:,} images have no target"
        )
        notes.append(f"{lack} of its name, so that each of these counts as a scene of its own")
    return tuple(notes)


def find_datasets(sources: Sources, *, root: str | Path | None = None) -> tuple[Dataset, ...]:
    """Find all candidates of all sources, without reading any image.

    Raises
    ------
    SourceError
        As in `load_image_set`.
    """
    if isinstance(sources, Mapping):
        datasets = [_search_named_folder(name, folder) for name, folder in sources.items()]
    else:
        listed = [sources] if isinstance(sources, str | Path) else list(sources)
        datasets = [
            each for source in listed for each in _find_datasets_of_source(str(source), root)
        ]
    if not datasets:
        raise SourceError("no source was given; name at least one, such as NAME=FOLDER")
    seen: set[str] = set()
    for dataset in datasets:
        if dataset.name in seen:
            raise SourceError(
                f"the dataset {dataset.name!r} was given twice; give each its own name"
            )
        seen.add(dataset.name)
    return tuple(_note_files_in_common(datasets))


def _note_files_in_common(datasets: Sequence[Dataset]) -> Iterator[Dataset]:
    """Note where a dataset holds images that an earlier one holds too."""
    folders = [normal_path(dataset.folder) + os.sep for dataset in datasets]
    for place, dataset in enumerate(datasets):
        notes = []
        for other, earlier in enumerate(datasets[:place]):
            one, two = folders[place], folders[other]
            if not (one.startswith(two) or two.startswith(one)):
                continue
            known = {normal_path(each.path) for each in earlier.images}
            common = [each for each in dataset.images if normal_path(each.path) in known]
            regions = {each.region for each in (*dataset.images, *earlier.images)}
            if common and len(regions) == 1:
                notes.append(
                    f"{len(common):,} of {len(dataset.images):,} images belong to {earlier.name} "
                    f"too (the first is {common[0].relative}): the two are compared with "
                    "themselves there; name folders that lie beside each other"
                )
        yield replace(dataset, notes=(*dataset.notes, *notes)) if notes else dataset


def _find_datasets_of_source(source: str, root: str | Path | None) -> tuple[Dataset, ...]:
    if source.endswith(".toml") and ("=" not in source or Path(source).is_file()):
        return read_manifest(Path(source).expanduser())
    name, equals, folder = source.partition("=")
    if equals:
        return (_search_named_folder(name, folder),)
    if source not in CATALOGUE and Path(source).is_dir():
        raise SourceError(
            f"the folder {source!r} lacks a name; write NAME={source} with a name of your choice"
        )
    layout = catalogue_layout(source)
    if root is None:
        raise SourceError(
            f"{source!r} is a dataset of the catalogue; "
            "name the folder that holds the datasets with --root (root= in Python)"
        )
    return (find_catalogue_dataset(layout, Path(root).expanduser().absolute()),)


def _search_named_folder(name: str, folder: str | Path) -> Dataset:
    checked_dataset_name(name)
    place = Path(folder).expanduser().absolute()
    if str(folder) == "" or not place.is_dir():
        what = "is a file" if place.is_file() else "does not exist"
        raise SourceError(f"dataset {name!r}: the folder {str(folder)!r} {what}; name a folder")
    dataset = search_folder(name, place)
    if not dataset.images:
        raise SourceError(
            f"dataset {name!r}: the folder {str(folder)!r} holds no image "
            f"(.png, .jpg, .tif, .bmp, .webp, ...); {dataset.account.reason_for_no_images()}"
        )
    return replace(dataset, notes=notes_from_names(dataset))


def _sampled_image_frame(dataset: Dataset, per_dataset: int | None, seed: int) -> pd.DataFrame:
    by_id = {image.relative: image for image in dataset.images}
    chosen = [by_id[each] for each in sample_ids(by_id, per_dataset, seed)]
    if per_dataset is not None and len(chosen) < per_dataset:
        _log.warning(
            "%s holds %d images, fewer than the %d asked for; all are taken",
            dataset.name,
            len(chosen),
            per_dataset,
        )
    ids = [f"{dataset.name}/{each.relative}" for each in chosen]
    groups = name_scenes(dataset, chosen)
    columns = {
        "image_id": ids,
        "dataset": [dataset.name] * len(chosen),
        "group": [group or own for own, group in zip(ids, groups, strict=True)],
        "split": [dataset.split] * len(chosen),
        "path": [each.path for each in chosen],
        "region": [each.region for each in chosen],
        "target": [each.target for each in chosen],
        "target_region": [each.target_region for each in chosen],
    }
    return pd.DataFrame(columns, dtype=object)
