"""Fingerprints of known sets: enough to tell an image again, too little to see it.

A fingerprint is the hash of an image's decoded pixels, and 256 signs: which of the low frequencies
of its thumbnail (cosine transform up to 16 half waves in each direction) are positive. Rain and
encoding turn few of them, a mirrored image has the same but for every second, and those of other
scenes agree by chance, in about half. (The discrete-cosine hash of Zauner, Implementation and
benchmarking of perceptual image hash functions, 2010, four times as long.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.auditing.luma_and_colour_thumbnails import SIDE, Thumbnails
from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values import digest, read_json

__all__ = [
    "BITS",
    "NEAR",
    "Fingerprints",
    "count_set_bits",
    "mirrored_hashes",
    "nearest_hashes_and_distances",
    "perceptual_hashes",
    "read_fingerprints",
]

_ORDER = 17
_CHOSEN = 256
BITS = _CHOSEN
NEAR = 72
"""Bits of 256 that may differ within one scene.

Rainy test images of Rain100H differ from their clean partners in 12 to 87 bits (9 of 10 in up to
62), those of Rain100L in 2 to 49; of 434 photographs and simulated scenes no two, mirrored ones
included, are nearer than 91.
"""

Signs = npt.NDArray[np.uint8]
_COUNTS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)


@cache
def _cosine_transform_matrix() -> npt.NDArray[np.float32]:
    at = (np.arange(SIDE) + 0.5) / SIDE
    waves = np.cos(np.pi * np.arange(_ORDER)[:, None] * at)
    return np.asarray(waves, dtype=np.float32)


@cache
def _lowest_frequency_indices() -> npt.NDArray[np.intp]:
    """Return the 256 frequencies of smallest sum of orders, without the mean, in a fixed order."""
    down, across = (each.ravel() for each in np.mgrid[:_ORDER, :_ORDER])
    order = np.lexsort((down, down + across))
    return order[1 : _CHOSEN + 1]


def perceptual_hashes(thumbnails: Thumbnails) -> Signs:
    """Return the packed signs of thumbnails' luma (n, 2, 96, 96), shape (n, 32)."""
    waves = _cosine_transform_matrix()
    found = waves @ thumbnails[:, 0].astype(np.float32) @ waves.T
    return np.packbits(found.reshape(len(found), -1)[:, _lowest_frequency_indices()] > 0, axis=1)


def mirrored_hashes(packed: Signs) -> Signs:
    """Return the signs that images flipped left to right would have."""
    across = np.mgrid[:_ORDER, :_ORDER][1].ravel()[_lowest_frequency_indices()]
    return np.bitwise_xor(packed, np.packbits(across % 2 == 1))


def count_set_bits(packed: Signs) -> npt.NDArray[np.int64]:
    """Count the bits that are set in rows of bytes (..., 32)."""
    return np.asarray(_COUNTS[packed].sum(axis=-1, dtype=np.int64))


def nearest_hashes_and_distances(
    packed: Signs, known: Signs
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the nearest of known signs (m, 32) to each row (n, 32), and how many bits differ.

    All are compared with all, in blocks: sets of test images hold thousands.
    """
    nearest, distance = np.zeros(len(packed), np.int64), np.full(len(packed), _CHOSEN, np.int64)
    for at in range(0, len(packed), 256):
        block = packed[at : at + 256, None] ^ known[None]
        counts = count_set_bits(block)
        nearest[at : at + 256] = counts.argmin(axis=1)
        distance[at : at + 256] = counts.min(axis=1)
    return nearest, distance


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """Those of one set: names, hashes of pixels and signs, of images and of clean partners.

    An empty hash says that there is no partner.
    """

    name: str
    images: tuple[str, ...]
    pixels: tuple[str, ...]
    packed: Signs
    partner_pixels: tuple[str, ...]
    partner_packed: Signs

    @property
    def content_digest(self) -> str:
        """Digest of all of it."""
        return digest(self.document())

    def document(self) -> dict[str, Any]:
        """Return JSON types."""
        rows = zip(
            self.images,
            self.pixels,
            self.packed,
            self.partner_pixels,
            self.partner_packed,
            strict=True,
        )
        return {
            "kind": "fingerprints",
            "version": 1,
            "set": self.name,
            "images": [
                {
                    "image": image,
                    "pixels": own,
                    "signs": bits.tobytes().hex(),
                    "partner_pixels": other,
                    "partner_signs": other_bits.tobytes().hex() if other else "",
                }
                for image, own, bits, other, other_bits in rows
            ],
        }


def read_fingerprints(path: Path) -> Fingerprints:
    """Read a file of fingerprints.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, of another kind or too new.
    """
    try:
        found = read_json(path)
        if found["kind"] != "fingerprints" or found["version"] != 1:
            raise ValueError(found["kind"])
        rows: Sequence[Mapping[str, str]] = found["images"]
        empty = bytes(_CHOSEN // 8).hex()
        return Fingerprints(
            str(found["set"]),
            tuple(each["image"] for each in rows),
            tuple(each["pixels"] for each in rows),
            _packed_from_hex([each["signs"] for each in rows]),
            tuple(each["partner_pixels"] for each in rows),
            _packed_from_hex([each["partner_signs"] or empty for each in rows]),
        )
    except (FileFormatError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f" ({error})" if isinstance(error, FileFormatError) else ""
        raise FileFormatError(
            f"{path} cannot be read as fingerprints{why}; "
            "give a file that 'rainmer-analysis datasets fingerprint' wrote"
        ) from error


def _packed_from_hex(texts: Sequence[str]) -> Signs:
    data = [bytes.fromhex(each) for each in texts]
    if any(len(each) != _CHOSEN // 8 for each in data):
        raise ValueError("signs of another length")
    return np.frombuffer(b"".join(data), dtype=np.uint8).reshape(-1, _CHOSEN // 8)
