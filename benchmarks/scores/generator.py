"""Grouped data with known population values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rainmer_analysis.scores.score import Batch

__all__ = ["DIM", "Kind", "draw", "draw_sharing", "far", "near"]

Floats = npt.NDArray[np.float64]
DIM = 8


@dataclass(frozen=True, eq=False)
class Kind:
    """Unit vectors around a centre: images differ by what their scene is and by what they are.

    Parameters
    ----------
    centre
        Shape (d,).
    scene, image
        Standard deviations of scenes, and of the images of a scene, along each axis, shape (d,).
    """

    centre: Floats
    scene: Floats
    image: Floats


def near() -> Kind:
    """Return one kind of images."""
    axes = np.eye(DIM)
    return Kind(axes[0], np.full(DIM, 0.35), np.full(DIM, 0.25))


def far() -> Kind:
    """Return a kind that differs from `near` in its mean and its spread."""
    axes = np.eye(DIM)
    wide = np.full(DIM, 0.35)
    wide[2] = 0.6
    return Kind(axes[0] + 0.45 * axes[1], wide, np.full(DIM, 0.25))


def draw(kind: Kind, scenes: int, generator: np.random.Generator, *, single: bool = False) -> Batch:
    """Draw scenes of one to three images, or of one image each."""
    sizes = np.ones(scenes, dtype=int) if single else generator.integers(1, 4, size=scenes)
    keys = generator.integers(0, 2**63, size=scenes).astype(np.uint64)
    return _images(kind, keys, generator.normal(size=(scenes, DIM)), sizes, generator)


def draw_sharing(
    kinds: tuple[Kind, Kind], scenes: int, share: float, generator: np.random.Generator
) -> tuple[Batch, Batch]:
    """Draw two sets; a share of the first one's scenes stand in the second too.

    What a shared scene is like is drawn once, and shows in both sets; its images are others.
    """
    keys = generator.integers(0, 2**63, size=(2, scenes)).astype(np.uint64)
    places = generator.normal(size=(2, scenes, DIM))
    both = round(share * scenes)
    keys[1, :both], places[1, :both] = keys[0, :both], places[0, :both]
    first, second = (
        _images(kind, *each, generator.integers(1, 4, size=scenes), generator)
        for kind, *each in zip(kinds, keys, places, strict=True)
    )
    return first, second


def _images(
    kind: Kind,
    keys: npt.NDArray[np.uint64],
    places: Floats,
    sizes: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> Batch:
    """Draw as many images of each scene as its size says."""
    scene = np.repeat(np.arange(len(keys)), sizes)
    moved = (places * kind.scene)[scene]
    rows = kind.centre + moved + generator.normal(size=(len(scene), DIM)) * kind.image
    order = generator.integers(0, 2**63, size=len(scene)).astype(np.uint64)
    return Batch(rows / np.linalg.norm(rows, axis=1, keepdims=True), keys[scene], order)
