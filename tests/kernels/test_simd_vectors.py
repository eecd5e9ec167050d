"""What vectors of 16 numbers do: move, round, and keep NaN."""

from __future__ import annotations

import logging
from pathlib import Path

import numba
import numpy as np
import pytest
import torch
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rainmer_analysis.kernels import numba_decorators, simd_vectors
from rainmer_analysis.kernels.numba_decorators import _sources_sha256, compiled, notice
from rainmer_analysis.kernels.simd_vectors import LANES, FlatArray, Vector


@intrinsic
def _larger_of(typingctx, x, y, z):
    """Put the larger of `x` and half of `y` into `z`."""

    def codegen(context, builder, signature, args):
        made, start = (context, builder), ir.Constant(ir.IntType(64), 0)
        first, second, target = (
            FlatArray(made, kind, array) for kind, array in zip((x, y, z), args, strict=True)
        )
        found: Vector = first.load(start).maximum(0.5 * second.load(start))
        target.store(start, found)
        return context.get_dummy_value()

    return types.void(x, y, z), codegen


@compiled
def larger_of(x, y, z):
    _larger_of(x, y, z)


def half(numbers: np.ndarray) -> np.ndarray:
    return torch.from_numpy(numbers).bfloat16().view(torch.uint16).numpy()


def test_larger_and_products() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, LANES)).astype(np.float32)
    z = np.zeros(LANES, np.float32)
    larger_of(x, y, z)
    np.testing.assert_array_equal(z, np.maximum(x, y / 2))
    x[3] = np.nan
    larger_of(x, y, z)
    assert np.isnan(z[3])
    assert np.isfinite(np.delete(z, 3)).all()


def test_none_holds_zeros() -> None:
    x, z = np.linspace(-1, 1, LANES, dtype=np.float32), np.ones(LANES, np.float32)
    larger_of(x, None, z)
    np.testing.assert_array_equal(z, np.maximum(x, 0))


@pytest.mark.parametrize("seed", range(5))
def test_bfloat16_is_rounded_to_nearest_even(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = (random.normal(size=LANES) * 10.0 ** random.integers(-20, 20)).astype(np.float32)
    # halves of the last place, which must go to the even neighbour
    ties = x.view(np.uint32) & np.uint32(0xFFFF0000) | np.uint32(0x8000)
    for numbers in (x, ties.view(np.float32)):
        z = np.zeros(LANES, np.uint16)
        larger_of(numbers, np.full(LANES, -np.inf, np.float32), z)
        np.testing.assert_array_equal(z, half(numbers))
        wide = np.zeros(LANES, np.float32)
        larger_of(z, np.full(LANES, -np.inf, np.float32), wide)
        np.testing.assert_array_equal(half(wide), z)


def test_compiling_is_announced_once_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def told() -> int:
        caplog.clear()
        monkeypatch.setattr(notice, "given", False)
        again = compiled(larger_of.py_func)
        again(*(np.zeros(LANES, np.float32) for _ in range(3)))
        return sum("compiling" in message for message in caplog.messages)

    assert told() == 1
    assert any(tmp_path.rglob("*.nbi"))
    assert told() == 0  # found in the cache
    # what is inlined lies in other files, whose change this function's own file does not show
    monkeypatch.setattr("rainmer_analysis.kernels.numba_decorators._SOURCES", "others")
    assert told() == 1
    assert told() == 0


def test_every_source_of_the_kernels_counts(tmp_path: Path) -> None:
    found = set()
    for text in ("a = 1", "a = 2"):
        (tmp_path / "one.py").write_text(text)
        found.add(_sources_sha256(tmp_path))
    (tmp_path / "two.py").write_text("")
    (tmp_path / "two.txt").write_text("no source")
    assert len(found) == 2
    assert _sources_sha256(Path(simd_vectors.__file__).parent) == numba_decorators._SOURCES


def test_without_a_cache_folder_functions_are_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(nowhere / "folder"))
    again = compiled(larger_of.py_func)
    z = np.zeros(LANES, np.float32)
    again(np.ones(LANES, np.float32), None, z)
    np.testing.assert_array_equal(z, 1)
