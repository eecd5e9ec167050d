"""One pass over the files: what each of them holds, and what each pair shows."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from rainmer_analysis.auditing import (
    SHAPE,
    PairFacts,
    Planes,
    Registration,
    Thumbnails,
    luma_and_red_minus_blue,
    measure_pair_facts,
    thumbnail_of_planes,
)
from rainmer_analysis.errors import ImageError
from rainmer_analysis.images.datasets.scene_groups import hash_pixels
from rainmer_analysis.images.reading import Region, read_hashed_image, read_stored_format
from rainmer_analysis.recipes.image_meter import MeasuringJob

__all__ = ["ExaminedImage", "Examiner", "FileFacts", "stack_thumbnails"]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file holds, or the reason why it cannot be used.

    ``pixels`` is the hash of decoded pixels, ``quality`` that of a JPEG, ``picture`` the bytes of
    the thumbnail.
    """

    sha256: str
    reason: str = ""
    width: int = 0
    height: int = 0
    format: str = ""
    mode: str = ""
    quality: int | None = None
    pixels: str = ""
    picture: bytes = field(default=b"", repr=False)

    @property
    def thumbnail(self) -> Thumbnails:
        """The thumbnail, shape (2, 96, 96)."""
        return np.frombuffer(self.picture, dtype=np.uint8).reshape(SHAPE)


@dataclass(frozen=True, slots=True)
class ExaminedImage:
    """One image, its partner if it has one, and what the two show together."""

    own: FileFacts
    partner: FileFacts | None = None
    pair: PairFacts | None = None

    @property
    def scene_photograph(self) -> FileFacts | None:
        """The photograph by which its scene is known: the partner, or else the image."""
        for facts in (self.partner, self.own):
            if facts is not None and not facts.reason:
                return facts
        return None

    @property
    def file_hashes(self) -> tuple[str, str]:
        """The SHA-256 of the image's and the partner's bytes; empty where there are none."""
        return self.own.sha256, self.partner.sha256 if self.partner else ""

    def document(self) -> dict[str, Any]:
        """Return JSON types."""
        found = asdict(self)
        for side in ("own", "partner"):
            if found[side] is not None:
                found[side]["picture"] = base64.b64encode(found[side]["picture"]).decode()
        return found

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> ExaminedImage:
        """Return what `document` described; raises KeyError, TypeError or ValueError if damaged."""
        own, partner = (_file_facts_from_document(found[side]) for side in ("own", "partner"))
        pair = found["pair"]
        if pair is not None:
            turned = pair["registration"]
            registration = None if turned is None else Registration(**turned)
            pair = PairFacts(pair["identical"], pair["odds"], registration)
        if own is None:
            raise ValueError("an image without facts")
        return cls(own, partner, pair)


def _file_facts_from_document(found: Mapping[str, Any] | None) -> FileFacts | None:
    if found is None:
        return None
    picture = base64.b64decode(found["picture"])
    if not found["reason"] and len(picture) != math.prod(SHAPE):
        raise ValueError("a thumbnail of another size")
    return FileFacts(**{**found, "picture": picture})


def stack_thumbnails(files: Sequence[FileFacts | None]) -> Thumbnails:
    """Return the thumbnails of files, shape (n, 2, 96, 96); black where there is none."""
    empty = bytes(math.prod(SHAPE))
    data = b"".join(each.picture if each and each.picture else empty for each in files)
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, *SHAPE)


class Examiner:
    """Looks at images in any thread; partners that images share are read once in a while.

    Parameters
    ----------
    remembered
        Partners in memory at a time.
    """

    def __init__(self, remembered: int = 2) -> None:
        self._partner = lru_cache(maxsize=remembered)(_read_facts_and_planes)

    def examine(self, job: MeasuringJob) -> ExaminedImage:
        """Return what an image and its partner hold; what cannot be read becomes a reason."""
        if job.fault:
            return ExaminedImage(FileFacts("", reason=job.fault))
        own, planes = _read_facts_and_planes(job.path, job.region)
        if job.target is None:
            return ExaminedImage(own)
        partner, other = self._partner(job.target, job.target_region)
        if planes is None or other is None or planes.shape != other.shape:
            return ExaminedImage(own, partner)
        if own.pixels == partner.pixels:
            return ExaminedImage(own, partner, PairFacts(identical=True))
        return ExaminedImage(own, partner, measure_pair_facts(planes, other))


def _read_facts_and_planes(path: str, region: Region) -> tuple[FileFacts, Planes | None]:
    read = read_hashed_image(path, region=region)
    sha256, pixels = read.sha256, read.pixels
    if pixels is None:
        return FileFacts(sha256, reason=read.reason), None
    try:
        storage = read_stored_format(path)
    except ImageError as error:  # it has just been removed
        return FileFacts(sha256, reason=str(error)), None
    height, width = pixels.shape[1:]
    planes = luma_and_red_minus_blue(pixels)
    picture = thumbnail_of_planes(planes).tobytes()
    facts = FileFacts(
        sha256,
        "",
        width,
        height,
        storage.format,
        storage.mode,
        storage.quality,
        hash_pixels(pixels),
        picture,
    )
    return facts, planes
