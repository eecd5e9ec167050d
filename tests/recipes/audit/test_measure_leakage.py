"""The price of leakage, on results whose truth is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.recipes.audit import Audit, audit
from rainmer_analysis.recipes.audit.measure_leakage import measure_leakage
from tests.recipes.audit.pictures import save, save_pair

SIZE = (48, 64)


def photograph(number: int) -> np.ndarray:
    """Return a smooth random image: any two differ."""
    rng = np.random.default_rng(number)
    coarse = rng.uniform(0.2, 0.7, (3, 8, 8)).astype(np.float32)
    return np.kron(coarse, np.ones((6, 8), np.float32))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Audit, Path]:
    """Return an audit of 12 test images, of which 6 are trained on, and results on them.

    Inputs lie 0.10 beside their targets, results of leaked images 0.01 and others 0.02: 6 dB.
    """
    top = tmp_path_factory.mktemp("world")
    for number in range(12):
        clean = photograph(number)
        save_pair(top / "test", f"{number}.png", clean + 0.10, clean)
        off = 0.01 if number < 6 else 0.02
        save(top / "results" / f"{number}.png", clean + off)
        if number < 6:
            save_pair(top / "train", f"other-{number}.png", clean + 0.05, clean)
    save_pair(top / "train", "own.png", photograph(99) + 0.1, photograph(99))
    return audit({"test": top / "test", "train": top / "train"}), top / "results"


def test_the_difference_is_what_was_built_in(world: tuple[Audit, Path]) -> None:
    found = measure_leakage(*world, dataset="test")
    assert (found.leaked_images, found.other_images) == (6, 6)
    assert (found.leaked_scenes, found.other_scenes) == (6, 6)
    psnr = found.prices[0]
    assert psnr.quality == "psnr"
    assert psnr.difference == pytest.approx(20 * np.log10(2), abs=1.0)
    assert psnr.low is not None
    assert psnr.high is not None
    assert psnr.low <= psnr.difference <= psnr.high
    assert psnr.low > 3
    assert psnr.gain_difference == pytest.approx(psnr.difference, abs=0.5)
    assert found.document()["prices"]["psnr"]["difference"] == psnr.difference


def test_what_cannot_be_compared_is_named(world: tuple[Audit, Path], tmp_path: Path) -> None:
    results = tmp_path / "results"
    shutil.copytree(world[1], results)
    (results / "3.png").unlink()
    (results / "8.png").write_bytes(b"")
    found = measure_leakage(world[0], results, dataset="test", training=["train"])
    assert (found.leaked_images, found.other_images) == (5, 5)
    assert dict(found.left_out)["3.png"] == "no result of that name"
    assert "an empty file" in dict(found.left_out)["8.png"]


def test_few_scenes_have_no_interval(world: tuple[Audit, Path], tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    for number in (0, 1, 7, 8, 9, 10, 11):
        shutil.copy(world[1] / f"{number}.png", results)
    price = measure_leakage(world[0], results, dataset="test").prices[0]
    assert (price.low, price.high, price.gain_low) == (None, None, None)
    assert price.difference > 3


def test_wrong_names_get_a_sentence(world: tuple[Audit, Path], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no dataset of the audit is called 'nobody'"):
        measure_leakage(*world, dataset="nobody")
    with pytest.raises(ParameterError, match="other than the test set"):
        measure_leakage(*world, dataset="test", training=["test"])
    (tmp_path / "leaked").mkdir()
    shutil.copy(world[1] / "0.png", tmp_path / "leaked")
    with pytest.raises(ParameterError, match="a price needs both kinds"):
        measure_leakage(world[0], tmp_path / "leaked", dataset="test")
