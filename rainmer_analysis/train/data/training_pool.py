"""The training pool: pairs of 8-bit images in arrays.

A pool is built once (by the recipe that knows image files and simulated weather), kept as .npy
files in a folder named by a digest of what it was made from, and mapped into memory by every run
that asks for the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.values.disk import (
    atomic_folder,
    read_folder_index,
    reserve_disk_space,
    write_folder_index,
)

__all__ = [
    "Pool",
    "Sample",
    "build_pool",
    "choose_held_out_scenes",
    "cut_keyed_window",
    "open_pool",
    "tensor_copy",
    "to_8bit",
    "to_unit_range",
    "unit_range_tensor",
]

Levels = NDArray[np.uint8]

_ARRAYS = ("degraded", "clean", "degraded_native", "clean_native")
_INDEX = "pool.json"


def to_8bit(image: NDArray[np.float32]) -> Levels:
    """Return 8-bit levels of an image in [0, 1] (255 times, rounded half to even)."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def tensor_copy(levels: Levels) -> Tensor:
    """Return 8-bit levels as a tensor of their own, whatever file they are mapped from."""
    return torch.from_numpy(np.array(levels))


def to_unit_range(levels: Tensor) -> Tensor:
    """Return float32 images in [0, 1] of 8-bit levels, where those are."""
    return levels.float().div_(255)


def unit_range_tensor(levels: Levels) -> Tensor:
    """Return float32 images in [0, 1] of 8-bit levels."""
    return to_unit_range(tensor_copy(levels))


def cut_keyed_window(images: tuple[Levels, Levels], side: int, key: str) -> tuple[Levels, Levels]:
    """Cut the same square from two images [3, H, W] at a place that `key` decides.

    Images with a shorter side are continued by their mirror image.
    """
    short = [max(0, side - length) for length in images[0].shape[1:]]
    first, second = (
        np.pad(image, [(0, 0), (0, short[0]), (0, short[1])], mode="symmetric") for image in images
    )
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    rng = np.random.default_rng(seed)
    top, left = (int(rng.integers(length - side + 1)) for length in first.shape[1:])
    place = (slice(None), slice(top, top + side), slice(left, left + side))
    return first[place], second[place]


@dataclass(frozen=True)
class Sample:
    """One pair: resized [3, 128, 128] and native-scale windows [3, S, S], all 8-bit RGB."""

    dataset: str
    scene: str
    degraded: Levels
    clean: Levels
    degraded_native: Levels
    clean_native: Levels


@dataclass(frozen=True)
class Pool:
    """Training pairs, row by row.

    Parameters
    ----------
    degraded, clean
        Resized images, uint8 [n, 3, 128, 128].
    degraded_native, clean_native
        Windows at native scale, uint8 [n, 3, S, S].
    datasets, scene_of_each_row
        Dataset and scene of each row.
    digest
        Identity of what the pool was made from.
    """

    degraded: Levels
    clean: Levels
    degraded_native: Levels
    clean_native: Levels
    datasets: tuple[str, ...]
    scene_of_each_row: tuple[str, ...]
    digest: str

    def __post_init__(self) -> None:
        count = len(self.datasets)
        lengths = [len(getattr(self, name)) for name in _ARRAYS] + [len(self.scene_of_each_row)]
        if count == 0 or any(length != count for length in lengths):
            raise ParameterError(
                f"a training pool needs as many images and scenes as dataset labels, at least "
                f"one, but has {lengths} for {count} labels"
            )

    def __len__(self) -> int:
        return len(self.datasets)

    @property
    def dataset_names(self) -> tuple[str, ...]:
        """Datasets in order of first appearance."""
        return tuple(dict.fromkeys(self.datasets))

    @property
    def images_per_dataset(self) -> dict[str, int]:
        """Rows of each dataset."""
        return {name: self.datasets.count(name) for name in self.dataset_names}

    def held_out_mask(self, share: float, seed: int) -> NDArray[np.bool_]:
        """Choose scenes for validation.

        Parameters
        ----------
        share
            Share of the scenes, rounded down to whole scenes.
        seed
            Scenes are taken in the order of the SHA-256 of "seed/scene".

        Returns
        -------
        Whether each row belongs to a chosen scene, [n].
        """
        chosen = choose_held_out_scenes(self.scene_of_each_row, share, seed)
        return np.array([scene in chosen for scene in self.scene_of_each_row])


def choose_held_out_scenes(scenes: Iterable[str], share: float, seed: int) -> frozenset[str]:
    """Choose a share of scenes, rounded down to whole ones, in the order of a hash by seed."""
    unique = sorted(
        set(scenes), key=lambda scene: hashlib.sha256(f"{seed}/{scene}".encode()).digest()
    )
    return frozenset(unique[: int(share * len(unique))])


def build_pool(samples: Iterable[Sample], folder: Path, *, count: int, digest: str) -> Pool:
    """Write samples into a pool folder, which appears only when it is whole.

    Parameters
    ----------
    samples
        At most `count` samples of equal sizes; they may be made while they are taken.
    folder
        Does not exist yet.
    count
        How many rows to make place for.
    digest
        Identity of what the samples are made from.
    """
    with atomic_folder(folder) as work:
        arrays: dict[str, np.memmap[Any, np.dtype[np.uint8]]] = {}
        labels = []
        for row, sample in enumerate(samples):
            for name in _ARRAYS:
                image: Levels = getattr(sample, name)
                if name not in arrays:
                    arrays[name] = np.lib.format.open_memmap(
                        work / f"{name}.npy", mode="w+", dtype=np.uint8, shape=(count, *image.shape)
                    )
                    reserve_disk_space(work / f"{name}.npy")
                arrays[name][row] = image
            labels.append([sample.dataset, sample.scene])
        for name, array in arrays.items():
            array.flush()
            if len(labels) < count:
                np.save(work / "fewer.npy", array[: len(labels)])
                (work / "fewer.npy").replace(work / f"{name}.npy")
        write_folder_index(work / _INDEX, {"digest": digest, "rows": labels})
    return open_pool(folder)


def open_pool(folder: Path) -> Pool:
    """Map a pool folder into memory.

    Raises
    ------
    FileFormatError
        The folder holds no whole pool, or one that is damaged.
    """
    try:
        index = read_folder_index(folder / _INDEX)
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
        datasets, scenes = zip(*index["rows"], strict=True)
        return Pool(**arrays, datasets=datasets, scene_of_each_row=scenes, digest=index["digest"])
    except (FileFormatError, OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{folder} is no whole pool of training images ({error}); delete it, and it is made "
            "again"
        ) from error
