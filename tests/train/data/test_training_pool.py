from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import FileFormatError, ParameterError, StorageError
from rainmer_analysis.train.data import (
    Pool,
    Sample,
    build_pool,
    cut_keyed_window,
    open_pool,
    to_8bit,
)


def sample(row: int) -> Sample:
    image = np.full((3, 128, 128), row, np.uint8)
    native = np.full((3, 40, 40), row, np.uint8)
    return Sample(f"set-{row % 2}", f"scene-{row}", image, image + 1, native, native + 1)


def test_a_pool_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "pools" / "abc"
    built = build_pool(map(sample, range(5)), folder, count=5, digest="d")
    opened = open_pool(folder)
    for pool in (built, opened):
        assert len(pool) == 5
        assert pool.images_per_dataset == {"set-0": 3, "set-1": 2}
        assert pool.digest == "d"
        assert pool.degraded[3, 0, 0, 0] == 3
        assert pool.clean_native[4, 2, 39, 39] == 5
    assert [file.name for file in folder.parent.iterdir()] == ["abc"]


def test_a_pool_that_another_run_finished_first_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "pool"

    def samples() -> Iterator[Sample]:
        yield sample(0)
        build_pool(iter([sample(0), sample(1)]), folder, count=2, digest="theirs")
        yield sample(1)

    assert build_pool(samples(), folder, count=2, digest="ours").digest == "theirs"
    assert [file.name for file in tmp_path.iterdir()] == ["pool"]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def samples() -> Iterator[Sample]:
        yield sample(0)
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        build_pool(samples(), tmp_path / "pool", count=2, digest="d")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["clean.npy", "pool.json"])
def test_damaged_pools_are_refused(damage: str, tmp_path: Path) -> None:
    build_pool(map(sample, range(2)), tmp_path / "pool", count=2, digest="d")
    (tmp_path / "pool" / damage).write_bytes(b"{")
    with pytest.raises(FileFormatError, match="no whole pool"):
        open_pool(tmp_path / "pool")


@pytest.mark.parametrize("name", ["clean.npy", "degraded_native.npy", "pool.json"])
def test_a_flipped_bit_of_a_pool_is_found(name: str, tmp_path: Path) -> None:
    build_pool(map(sample, range(2)), tmp_path / "pool", count=2, digest="d")
    path = tmp_path / "pool" / name
    data = path.read_bytes()
    for at in range(0, len(data), len(data) // 20):
        path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        with pytest.raises(FileFormatError, match="no whole pool"):
            open_pool(tmp_path / "pool")


def test_a_pool_of_an_earlier_release_is_read_with_a_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build_pool(map(sample, range(2)), tmp_path / "pool", count=2, digest="d")
    index = tmp_path / "pool" / "pool.json"
    stated = json.loads(index.read_text(encoding="utf-8"))
    index.write_text(json.dumps({name: stated[name] for name in ("digest", "rows")}))
    with caplog.at_level("INFO"):
        assert len(open_pool(tmp_path / "pool")) == 2
    assert "holds no checksums" in caplog.text


def test_what_a_dead_process_left_of_a_pool_goes(tmp_path: Path) -> None:
    left = tmp_path / ".pool-unfinished-0-00000000-0123456789ab"
    left.mkdir()
    os.utime(left, (0, 0))
    build_pool(map(sample, range(2)), tmp_path / "pool", count=2, digest="d")
    assert [file.name for file in tmp_path.iterdir()] == ["pool"]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room cannot be taken here")
def test_a_disk_without_room_for_a_pool_is_told_before_it_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match=r"pool cannot be written \(No space left"):
        build_pool(map(sample, range(2)), tmp_path / "pool", count=2, digest="d")
    assert list(tmp_path.iterdir()) == []


def test_a_pool_checks_its_lengths(pool: Pool) -> None:
    with pytest.raises(ParameterError, match="as many images and scenes"):
        Pool(pool.degraded, pool.clean, pool.degraded_native, pool.clean_native, (), (), "d")


def test_held_out_scenes_are_whole_seeded_and_nested(pool: Pool) -> None:
    some, more = pool.held_out_mask(0.25, 1), pool.held_out_mask(0.5, 1)
    scenes = np.array(pool.scene_of_each_row)
    assert len(set(scenes[some])) == 2
    assert not set(scenes[some]) & set(scenes[~some])
    assert (more | ~some).all()
    assert not pool.held_out_mask(0.0, 1).any()
    assert any((pool.held_out_mask(0.25, seed) != some).any() for seed in range(2, 6))


def test_windows_show_the_same_place() -> None:
    image = np.arange(3 * 50 * 60, dtype=np.int64).reshape(3, 50, 60).astype(np.uint8)
    first, second = cut_keyed_window((image, image), 32, "key")
    assert first.shape == (3, 32, 32)
    assert np.array_equal(first, second)
    assert np.array_equal(first, cut_keyed_window((image, image), 32, "key")[0])
    assert any(
        not np.array_equal(first, cut_keyed_window((image, image), 32, f"{k}")[0]) for k in range(4)
    )


def test_small_images_are_mirrored_into_their_window() -> None:
    image = np.random.default_rng(0).integers(0, 255, (3, 20, 50)).astype(np.uint8)
    made, _ = cut_keyed_window((image, image), 32, "key")
    assert np.array_equal(made[:, 20:], made[:, 19:7:-1])


def test_levels_round_half_to_even() -> None:
    image = np.array([[[0.0, 0.5 / 255, 1.5 / 255, 1.2, -1.0]]], np.float32)
    assert to_8bit(image).ravel().tolist() == [0, 0, 2, 255, 0]
