"""The program for a CUDA device, as far as a machine without one can try it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.forked import ForkedPythons


@pytest.fixture
def told(forked: ForkedPythons) -> Callable[..., str]:
    def run(*more: str) -> str:
        done = forked.run("-m", "benchmarks.speed.gpu", *more)
        assert done.code == 0, done.err[-2000:]
        return done.out

    return run


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_it_says_so(told: Callable[..., str]) -> None:
    assert told().startswith("There is no CUDA device on this machine")


def test_a_part_that_fails_leaves_the_others_alone(
    told: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "gpu.json"
    skipped = ["compiled", "extraction", "restorer", "bf16", "graph float32"]
    told("--device", "cpu", "--seed", "1", "--out", str(out), "--skip", *skipped)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["device"] == "cpu, small"
    assert {"product_bfloat16_tflops", "copy_tb_per_s"} <= found["ceilings"].keys()
    # a CPU has no graphs, and the parts after them were done all the same
    assert "failed" in found["forms"]["graph bfloat16"]
    assert found["forms"]["published"]["ratio"] == 1
    assert found["forms"]["folded float32"]["share_of_convolution"] > 0
    for name in ("published", "folded float32"):
        assert found["forms"][name]["largest_difference"] < 1e-5
    assert found["forms"]["folded bfloat16"]["lowest_cosine"] > 0.9995
    assert found["counts"]["folded bfloat16, GB an image"] > 0
    assert set(found["training"]) == {"encoder float32", "airnet float32"}
    assert found["profile"]["stages_us_an_image"] > 0
    assert all(row["steps_per_s"] > 0 for row in found["training"].values())


def test_nothing_is_compared_with_what_was_not_measured(
    told: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "gpu.json"
    skipped = ["published", "counts", "graph", "compiled", "extraction", "training", "profile"]
    told("--device", "cpu", "--out", str(out), "--skip", "ceilings", "bfloat16", *skipped)
    (row,) = json.loads(out.read_text(encoding="utf-8"))["forms"].values()
    assert row.keys() == {"images_per_s", "largest_difference", "lowest_cosine", "tflops"}
