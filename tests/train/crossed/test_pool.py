from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import FileFormatError, ParameterError
from rainmer_analysis.train.crossed import (
    CrossedBlock,
    CrossedPool,
    build_crossed_pool,
    open_crossed_pool,
)


def _blocks(pool: CrossedPool) -> list[CrossedBlock]:
    parts = zip(pool.images, pool.descriptors, pool.draws, pool.block_scenes, strict=True)
    return [CrossedBlock(*part) for part in parts]


def test_a_pool_comes_back_from_its_folder(crossed_pool: CrossedPool, tmp_path: Path) -> None:
    found = build_crossed_pool(
        iter(_blocks(crossed_pool)),
        tmp_path / "pool",
        validation=crossed_pool.validation,
        digest=crossed_pool.digest,
    )
    assert np.array_equal(found.images, crossed_pool.images)
    assert np.array_equal(found.descriptors, crossed_pool.descriptors)
    assert found.draws == crossed_pool.draws
    assert found.scene_of_each_row == crossed_pool.scene_of_each_row
    assert [path.name for path in tmp_path.iterdir()] == ["pool"]


def test_counts_and_held_out_images(crossed_pool: CrossedPool) -> None:
    assert crossed_pool.images_per_dataset == {"light": 12, "heavy": 12, "clear": 12}
    assert len(crossed_pool) == len(crossed_pool.scene_of_each_row) == 36
    held_out = crossed_pool.held_out_mask(0.1, 0)
    assert held_out.sum() == 9
    assert {crossed_pool.scene_of_each_row[k] for k in np.flatnonzero(held_out)} == {
        "3/0",
        "3/1",
        "3/2",
    }


def test_held_out_scenes_are_shared_with_no_other_block(crossed_pool: CrossedPool) -> None:
    scenes = (*crossed_pool.block_scenes[:3], crossed_pool.block_scenes[0])
    with pytest.raises(ParameterError, match="share no scene"):
        dataclasses.replace(crossed_pool, block_scenes=scenes)


def test_an_interrupted_build_leaves_nothing(crossed_pool: CrossedPool, tmp_path: Path) -> None:
    def failing() -> object:
        yield _blocks(crossed_pool)[0]
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        build_crossed_pool(
            failing(), tmp_path / "pool", validation=crossed_pool.validation, digest=""
        )
    assert not list(tmp_path.iterdir())


def test_what_is_no_pool_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="no whole pool"):
        open_crossed_pool(tmp_path)
