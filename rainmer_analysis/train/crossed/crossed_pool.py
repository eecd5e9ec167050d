"""Training images of the recipe `crossed`: blocks of draws of weather by scenes.

Like the pool of pairs, it is built once, kept as .npy files in a folder named by a digest of what
it was made from, and mapped into memory by every run that asks for the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.train.data import Levels
from rainmer_analysis.values.disk import (
    atomic_folder,
    read_folder_index,
    reserve_disk_space,
    write_folder_index,
)

__all__ = ["CrossedBlock", "CrossedPool", "build_crossed_pool", "open_crossed_pool"]

_INDEX = "crossed.json"


@dataclass(frozen=True)
class CrossedBlock:
    """D draws of weather on S scenes.

    Parameters
    ----------
    images
        Resized degraded images, uint8 [D, S, 3, 128, 128].
    descriptors
        What each draw did to each scene, float32 [D, S, k].
    draws
        Names of the draws' recipes, D.
    scenes
        Names of the scenes, S.
    """

    images: Levels
    descriptors: NDArray[np.float32]
    draws: tuple[str, ...]
    scenes: tuple[str, ...]


@dataclass(frozen=True)
class CrossedPool:
    """Blocks of equal size.

    Parameters
    ----------
    images
        uint8 [B, D, S, 3, 128, 128].
    descriptors
        float32 [B, D, S, k].
    draws, block_scenes
        Names of each block's draws and scenes.
    validation
        Whether a block is held out; its scenes stand in no other block that is not.
    digest
        Identity of what the pool was made from.
    """

    images: Levels
    descriptors: NDArray[np.float32]
    draws: tuple[tuple[str, ...], ...]
    block_scenes: tuple[tuple[str, ...], ...]
    validation: tuple[bool, ...]
    digest: str

    def __post_init__(self) -> None:
        shape = self.images.shape[:3]
        labels = (len(self.draws), len(self.draws[0]), len(self.block_scenes[0]))
        if shape != labels or self.descriptors.shape[:3] != shape:
            raise ParameterError(
                f"a crossed pool has images {shape}, descriptors {self.descriptors.shape[:3]} and "
                f"labels {labels} as blocks x draws x scenes; give as many of each"
            )
        seen = {scene for k in self.block_numbers(held_out=False) for scene in self.block_scenes[k]}
        kept = {scene for k in self.block_numbers(held_out=True) for scene in self.block_scenes[k]}
        if seen & kept or not seen:
            raise ParameterError(
                "a crossed pool needs blocks to train on that share no scene with those held out; "
                f"shared are {sorted(seen & kept)[:3]}"
            )

    def __len__(self) -> int:
        return int(np.prod(self.images.shape[:3]))

    def block_numbers(self, *, held_out: bool) -> NDArray[np.int64]:
        """Return the numbers of the blocks that are held out, or of those that are not."""
        return np.flatnonzero(np.array(self.validation) == held_out)

    @property
    def scene_of_each_row(self) -> tuple[str, ...]:
        """Scene of each image, in the order of the flattened blocks."""
        return tuple(
            s for own in self.block_scenes for _ in range(self.images.shape[1]) for s in own
        )

    @property
    def images_per_dataset(self) -> dict[str, int]:
        """Images of each recipe."""
        found: dict[str, int] = {}
        for name in (name for own in self.draws for name in own):
            found[name] = found.get(name, 0) + self.images.shape[2]
        return found

    def held_out_mask(self, share: float, seed: int) -> NDArray[np.bool_]:  # noqa: ARG002
        """Return whether each image is held out; decided when the pool was made."""
        return np.repeat(np.array(self.validation), int(np.prod(self.images.shape[1:3])))


def build_crossed_pool(
    blocks: Iterable[CrossedBlock], folder: Path, *, validation: tuple[bool, ...], digest: str
) -> CrossedPool:
    """Write blocks into a pool folder, which appears only when it is whole.

    Parameters
    ----------
    blocks
        As many as `validation` has entries; they may be made while they are taken.
    folder
        Does not exist yet.
    validation
        Whether each block is held out.
    digest
        Identity of what the blocks are made from.
    """
    with atomic_folder(folder) as work:
        _write_arrays(blocks, work, validation=validation, digest=digest)
    return open_crossed_pool(folder)


def _write_arrays(
    blocks: Iterable[CrossedBlock], work: Path, *, validation: tuple[bool, ...], digest: str
) -> None:
    labels, descriptors = [], []
    images: Levels | None = None
    for number, block in enumerate(blocks):
        if images is None:
            shape = (len(validation), *block.images.shape)
            images = np.lib.format.open_memmap(
                work / "images.npy", mode="w+", dtype=np.uint8, shape=shape
            )
            reserve_disk_space(work / "images.npy")
        images[number] = block.images
        descriptors.append(block.descriptors)
        labels.append([list(block.draws), list(block.scenes)])
    if images is not None:
        images.flush()  # type: ignore[attr-defined]
    np.save(work / "descriptors.npy", np.stack(descriptors))
    index: Mapping[str, object] = {
        "digest": digest,
        "blocks": labels,
        "validation": list(validation),
    }
    write_folder_index(work / _INDEX, index)


def open_crossed_pool(folder: Path) -> CrossedPool:
    """Map a pool folder into memory.

    Raises
    ------
    FileFormatError
        The folder holds no whole pool, or one that is damaged.
    """
    try:
        index = read_folder_index(folder / _INDEX)
        return CrossedPool(
            images=np.load(folder / "images.npy", mmap_mode="r"),
            descriptors=np.load(folder / "descriptors.npy"),
            draws=tuple(tuple(draws) for draws, _ in index["blocks"]),
            block_scenes=tuple(tuple(scenes) for _, scenes in index["blocks"]),
            validation=tuple(index["validation"]),
            digest=index["digest"],
        )
    except (FileFormatError, OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{folder} is no whole pool of crossed images ({error}); delete it, and it is made "
            "again"
        ) from error
