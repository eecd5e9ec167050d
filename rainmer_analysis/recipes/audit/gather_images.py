"""The images of an audit in one list, with their splits."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import Sources, find_datasets, sample_ids, unstorable_name_reason
from rainmer_analysis.images.datasets import Dataset, ImageCandidate
from rainmer_analysis.images.datasets.scene_groups import find_declared_scene
from rainmer_analysis.recipes.image_meter import MeasuringJob

__all__ = ["AuditedImage", "DatasetsAndImages", "find_one_dataset_and_images", "gather_images"]

_HELD_OUT = re.compile(r"(?<![a-z])(test|val|valid|validation|eval)(?![a-z])")
# folders that say which side of a pair they hold; what set it is, the folder above says
_SIDES = ("input", "inputs", "image", "images", "rain", "rainy", "degraded", "lq", "data")


@dataclass(frozen=True, slots=True)
class AuditedImage:
    """One image of a dataset.

    Parameters
    ----------
    image_id, dataset
        As in tables.
    split
        ``held-out`` or ``train``; one dataset may hold both.
    job
        Its files.
    scene
        What a file of groups or the catalogue calls its scene.
    expects_partner
        Whether images of this dataset have partners.
    unclear
        Which partners it may have, where there are several.
    """

    image_id: str
    dataset: str
    split: str
    job: MeasuringJob
    scene: str | None
    expects_partner: bool
    unclear: str


def _train_or_held_out(dataset: Dataset, image: ImageCandidate, held_out: Collection[str]) -> str:
    """Say whether an image is held out for testing.

    It is where its dataset was named so, the catalogue says so, or the dataset's name, its folder
    (and the one above, where that is called ``input`` or the like) or folders inside that the
    image lies in hold the word test, val, valid, validation or eval.
    """
    if dataset.name in held_out:
        return "held-out"
    if dataset.split is not None:
        return "train" if dataset.split == "train" else "held-out"
    path = Path(image.path)
    inside = path.relative_to(dataset.folder) if path.is_relative_to(dataset.folder) else path
    *above, folder = dataset.folder.parts[-2:]
    named = [folder] if folder.lower() not in _SIDES else [*above, folder]
    words = [dataset.name, *named, *inside.parts[:-1]]
    return "held-out" if any(_HELD_OUT.search(each.lower()) for each in words) else "train"


class DatasetsAndImages(NamedTuple):
    """Datasets, and the images of them that are looked at, in the order of datasets and ids."""

    datasets: Sequence[Dataset]
    images: Sequence[AuditedImage]


def gather_images(
    sources: Sources,
    *,
    root: str | Path | None = None,
    held_out: Collection[str] = (),
    per_dataset: int | None = None,
    seed: int = 42,
) -> DatasetsAndImages:
    """Find datasets, and list all their images or a sample of each.

    Raises
    ------
    SourceError
        A source is unknown, missing or empty, or none is called as in `held_out`.
    """
    datasets = find_datasets(sources, root=root)
    unknown = sorted(set(held_out) - {each.name for each in datasets})
    if unknown:
        allowed = ", ".join(each.name for each in datasets)
        raise SourceError(f"no dataset is called {unknown[0]!r}; the sources hold {allowed}")
    images = _audited_images_of(datasets, held_out)
    if per_dataset is not None:
        images = _sample_each_dataset(images, per_dataset, seed)
    return DatasetsAndImages(datasets, images)


def find_one_dataset_and_images(
    source: str, *, root: str | Path | None = None
) -> tuple[Dataset, Sequence[AuditedImage]]:
    """Find the one dataset that fingerprints are taken of, and list all its images.

    Raises
    ------
    SourceError
        The source is unknown, missing or empty, or holds several datasets.
    """
    datasets = find_datasets(source, root=root)
    if len(datasets) != 1:
        raise SourceError(
            f"{source!r} holds {len(datasets)} datasets; fingerprints are taken of one at a time"
        )
    return datasets[0], _audited_images_of(datasets, ())


def _sample_each_dataset(
    images: list[AuditedImage], per_dataset: int, seed: int
) -> list[AuditedImage]:
    by_dataset: dict[str, list[str]] = defaultdict(list)
    for image in images:
        by_dataset[image.dataset].append(image.image_id)
    chosen = {
        f"{name}/{relative}"
        for name, ids in by_dataset.items()
        for relative in sample_ids((each[len(name) + 1 :] for each in ids), per_dataset, seed)
    }
    return [image for image in images if image.image_id in chosen]


def _audited_images_of(
    datasets: Sequence[Dataset], held_out: Collection[str]
) -> list[AuditedImage]:
    found = []
    for dataset in datasets:
        splits: dict[str, str] = {}  # by folder, as there may be millions of images
        for image in dataset.images:
            image_id = f"{dataset.name}/{image.relative}"
            folder = os.path.dirname(image.path)  # noqa: PTH120
            if folder not in splits:
                splits[folder] = _train_or_held_out(dataset, image, held_out)
            found.append(
                AuditedImage(
                    image_id,
                    dataset.name,
                    splits[folder],
                    _job_of_image(image, image_id),
                    find_declared_scene(dataset, image) or (None if image.target else image.scene),
                    dataset.paired,
                    dataset.unclear.get(image.relative, ""),
                )
            )
    return found


def _job_of_image(image: ImageCandidate, image_id: str) -> MeasuringJob:
    region = image.target_region or "whole"
    fault = unstorable_name_reason(image_id, image.path, image.target)
    return MeasuringJob(image.path, image.region, image.target, region, fault)
