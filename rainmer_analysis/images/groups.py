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
from pathlib import Path

import numpy as np

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.places.folders import Dataset, Found, normal
from rainmer_analysis.images.reading import Region, read_image

__all__ = ["pixel_hash", "scenes"]

_log = logging.getLogger(__name__)
_Place = tuple[str, Region]


def scenes(dataset: Dataset, images: Sequence[Found], *, workers: int = 2) -> list[str | None]:
    """Name the scene of each of these images of a dataset; None where it is the image itself.

    Only the partners of these images are decoded, each file once.
    """
    named = [_named(dataset, image) for image in images]
    partners = [
        None if name else _partner(dataset, image)
        for name, image in zip(named, images, strict=True)
    ]
    wanted = list(dict.fromkeys(place for place in partners if place is not None))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        hashes = dict(zip(wanted, pool.map(_hash_or_none, wanted), strict=True))
    return [
        name or (hashes[place] if place is not None else None) or image.scene
        for name, place, image in zip(named, partners, images, strict=True)
    ]


def pixel_hash(path: str | Path, *, region: Region = "whole") -> str:
    """Name a photograph by the SHA-256 of its decoded pixels: equal for lossless copies.

    Raises
    ------
    ImageError
        The file cannot be read.
    """
    pixels = np.rint(read_image(path, region=region) * np.float32(65535)).astype("<u2")
    hasher = hashlib.sha256(f"{pixels.shape}".encode())
    hasher.update(pixels)
    return f"pixels-{hasher.hexdigest()[:24]}"


def _named(dataset: Dataset, image: Found) -> str | None:
    if dataset.groups:
        for path in (image.path, image.target):
            if path is not None and normal(path) in dataset.groups:
                return dataset.groups[normal(path)]
    return image.scene if dataset.scene_first else None


def _partner(dataset: Dataset, image: Found) -> _Place | None:
    if image.target is not None:
        return image.target, image.target_region or "whole"
    return (image.path, image.region) if dataset.clean else None


def _hash_or_none(place: _Place) -> str | None:
    path, region = place
    try:
        return pixel_hash(path, region=region)
    except ImageError as error:
        _log.debug("no scene from %s: %s", path, error)
        return None
