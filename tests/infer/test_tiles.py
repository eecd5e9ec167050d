"""Tiles: weights that add up to one, borders, counts, and the memory that they bound."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer.tiles import Tiling, process_in_strips, process_in_tiles, tile_spans

tilings = st.integers(2, 16).flatmap(
    lambda tile: st.builds(Tiling, st.just(8 * tile), st.integers(0, tile // 2).map((8).__mul__))
)


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@given(st.integers(1, 600), tilings)
@settings(max_examples=200, deadline=None)
def test_weights_of_every_pixel_add_up_to_one(size: int, tiling: Tiling) -> None:
    total = np.zeros(size)
    covered = np.zeros(size, int)
    for span in tile_spans(size, tiling):
        assert span.weights.min() > 0
        assert len(span.weights) == span.inside.stop - span.inside.start
        total[span.inside] += span.weights
        covered[span.inside] += 1
    np.testing.assert_allclose(total, 1, atol=1e-6)
    assert covered.min() >= 1


@given(st.integers(1, 600), tilings)
@settings(max_examples=200, deadline=None)
def test_tiles_are_equal_bounded_few_and_overlap(size: int, tiling: Tiling) -> None:
    cut = tile_spans(size, tiling)
    lengths = {len(span.source) for span in cut}
    assert len(lengths) == 1
    assert max(lengths) <= tiling.tile
    assert max(lengths) % 8 == 0
    assert all(span.inside.start % 8 == 0 for span in cut)
    padded = -(-size // 8) * 8
    fewest = 1
    while fewest * tiling.tile - (fewest - 1) * tiling.overlap < padded:
        fewest += 1
    assert len(cut) == fewest
    for one, two in pairwise(cut):
        assert one.inside.start + len(one.source) - two.inside.start >= tiling.overlap


def test_sides_are_continued_by_reflection_or_by_the_last_pixel() -> None:
    def source(size: int) -> list[int]:
        (span,) = tile_spans(size, Tiling())
        return span.source.tolist()

    assert source(8) == list(range(8))
    assert source(5) == [0, 1, 2, 3, 4, 3, 2, 1]
    assert source(4) == [0, 1, 2, 3, 3, 3, 3, 3]
    assert source(1) == [0] * 8
    expected = np.pad(np.arange(19), (0, 5), mode="reflect")
    assert source(19) == expected.tolist()


def test_work_that_changes_nothing_changes_nothing() -> None:
    given_images = images(2, 3, 75, 131)
    found = process_in_tiles(given_images, lambda tiles: tiles, tiling=Tiling(32, 8))
    np.testing.assert_allclose(found, given_images, atol=1e-6)


def test_a_small_neighbourhood_gives_the_same_in_tiles_as_whole() -> None:
    """With a filter of three pixels only a tile's outermost ones are wrong; they weigh little."""

    def blur(tiles: np.ndarray) -> np.ndarray:
        edged = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)))
        height, width = tiles.shape[2:]
        shifted = [edged[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)]
        return np.mean(shifted, axis=0, dtype=np.float32)

    given_images = images(1, 3, 200, 96)
    whole = process_in_tiles(given_images, blur, tiling=Tiling(256, 64))
    tiled = process_in_tiles(given_images, blur, tiling=Tiling(96, 32))
    seams = process_in_tiles(given_images, blur, tiling=Tiling(96, 0))
    off, seam = np.abs(tiled - whole), np.abs(seams - whole)
    assert off.max() < 2e-3  # sin(pi / 128) ** 2 of an error below 1
    assert seam.max() > 0.1
    assert (off > 1e-6).mean() < 0.06


def test_the_blend_is_smooth_where_tiles_disagree() -> None:
    """Each tile gives its own number: the overlap walks from one to the other, step by step."""
    counted = iter(range(9))
    given_images = np.zeros((1, 3, 16, 176), np.float32)
    found = process_in_tiles(
        given_images, lambda tiles: np.full_like(tiles, next(counted)), tiling=Tiling(96, 16)
    )
    steps = np.diff(found[0, 0, 0])
    assert found[0, 0, 0, 0] == 0
    assert found[0, 0, 0, -1] == 1
    assert steps.min() >= 0
    assert steps.max() < np.pi / 2 / 16


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 1000), (520, 264), (777, 1201)])
def test_what_is_worked_on_at_once_is_bounded_by_the_tile(height: int, width: int) -> None:
    seen: list[tuple[int, ...]] = []

    def work(tiles: np.ndarray) -> np.ndarray:
        assert tiles.flags.c_contiguous
        assert tiles.base is None or tiles.base.nbytes <= tiles.nbytes  # no strip of the image
        seen.append(tiles.shape)
        return tiles

    process_in_tiles(images(1, 3, height, width), work, tiling=Tiling(64, 16))
    assert len(set(seen)) == 1
    assert max(max(shape[2:]) for shape in seen) <= 64

    def across(side: int) -> int:
        return 1 if side <= 64 else -(-(-(-side // 8) * 8 - 16) // 48)

    assert len(seen) == across(height) * across(width)


@pytest.mark.parametrize("tile", [0, 8, 100, -64])
def test_tiles_of_other_sizes_are_refused(tile: int) -> None:
    with pytest.raises(ParameterError, match=f"tiles of {tile} pixels were asked for; give a mult"):
        Tiling(tile, 0)


@pytest.mark.parametrize("overlap", [-8, 4, 40])
def test_other_overlaps_are_refused(overlap: int) -> None:
    with pytest.raises(ParameterError, match=r"give a multiple of 8 from 0 to half a tile, 32"):
        Tiling(64, overlap)


@pytest.mark.parametrize(
    ("tile", "shared"), [(16, 8), (64, 32), (72, 32), (128, 64), (512, 64), (1024, 64)]
)
def test_the_default_overlap_fits_every_tile(tile: int, shared: int) -> None:
    assert Tiling(tile).overlap == Tiling(tile).least_overlap == shared
    assert Tiling(tile, 0).least_overlap == 0
    with pytest.raises(ParameterError, match="half a tile"):
        Tiling(64, 40)


@given(st.integers(1, 200), st.integers(1, 100), tilings)
@settings(max_examples=50, deadline=None)
def test_strips_follow_each_other_and_are_the_whole(
    height: int, width: int, tiling: Tiling
) -> None:
    given = images(1, 3, height, width)
    below, parts = 0, []
    for rows, strip in process_in_strips(given, np.sqrt, tiling=tiling):
        assert rows.start == below
        assert strip.shape == (1, 3, rows.stop - rows.start, width)
        assert strip.shape[2] <= tiling.tile
        below, parts = rows.stop, [*parts, strip.copy()]
    assert below == height
    whole = np.concatenate(parts, axis=2)
    assert np.array_equal(whole, process_in_tiles(given, np.sqrt, tiling=tiling))
    np.testing.assert_allclose(whole, np.sqrt(given), atol=1e-6)
