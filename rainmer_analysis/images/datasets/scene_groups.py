"""Which scene an image shows: the same place, or the same clean photograph.

In this order: what a manifest's file of groups says; a rule of the catalogue where it knows more
than one partner can tell (all crops of a frame, all frames of a place); a hash of the clean
partner's decoded pixels; any other rule of the catalogue; the image itself. Equal names in
different datasets are the same scene, so a hash joins datasets made from the same photographs.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.datasets.search import Dataset, ImageCandidate, nfc_name, normal_path
from rainmer_analysis.images.reading import FloatImage, Region, read_image

__all__ = ["find_declared_scene", "hash_pixels", "name_scenes"]

_log = logging.getLogger(__name__)
_FileRegion = tuple[str, Region]


def name_scenes(
    dataset: Dataset, images: Sequence[ImageCandidate], *, workers: int = 2
) -> list[str | None]:
    """Name the scene of each of these images of a dataset; None where it is the image itself.

    Only the partners of these images are decoded, each file once. How many of them cannot be read
    is logged, as their images then count as scenes of their own.
    """
    named = [find_declared_scene(dataset, image) for image in images]
    partners = [
        None if name else _find_clean_file_and_region(dataset, image)
        for name, image in zip(named, images, strict=True)
    ]
    wanted = list(dict.fromkeys(place for place in partners if place is not None))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        found = dict(zip(wanted, pool.map(_pixel_hash_or_reason, wanted), strict=True))
    _warn_unreadable_partners(
        dataset, [(place[0], *found[place]) for place in partners if place is not None]
    )
    return [
        name or (found[place][0] if place is not None else None) or image.scene
        for name, place, image in zip(named, partners, images, strict=True)
    ]


def _warn_unreadable_partners(
    dataset: Dataset, found: Sequence[tuple[str, str | None, str]]
) -> None:
    faulty = [(path, reason) for path, scene, reason in found if scene is None]
    if faulty and not dataset.clean:
        _log.warning(
            "%s: the clean partners of %d images cannot be read (the first is %s: %s), so that "
            "each of these images counts as a scene of its own",
            dataset.name,
            len(faulty),
            *faulty[0],
        )


def hash_pixels(image: FloatImage) -> str:
    """Name a photograph, float32 [3, H, W] in [0, 1], by the SHA-256 of its 16-bit pixels."""
    levels = image * np.float32(65535)
    pixels = np.rint(levels, out=levels).astype("<u2")
    hasher = hashlib.sha256(f"{pixels.shape}".encode())
    hasher.update(pixels)
    return f"pixels-{hasher.hexdigest()[:24]}"


def find_declared_scene(dataset: Dataset, image: ImageCandidate) -> str | None:
    """Name the scene that a file of groups or the catalogue gives an image, if any does."""
    if dataset.groups:
        for path in (image.path, image.target):
            if path is not None and (key := nfc_name(normal_path(path))) in dataset.groups:
                return dataset.groups[key]
    return image.scene if dataset.scene_first else None


def _find_clean_file_and_region(dataset: Dataset, image: ImageCandidate) -> _FileRegion | None:
    if image.target is not None:
        return image.target, image.target_region or "whole"
    return (image.path, image.region) if dataset.clean else None


def _pixel_hash_or_reason(place: _FileRegion) -> tuple[str | None, str]:
    path, region = place
    try:
        return hash_pixels(read_image(path, region=region)), ""
    except ImageError as error:
        return None, str(error)
