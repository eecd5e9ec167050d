from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from rainmer_analysis.recipes.paper.released_run import (
    TOLERANCE,
    compare_with_released,
    find_released_run_folder,
)


@pytest.fixture
def numbers() -> dict[str, Any]:
    return {
        "request": {"data": "simulated", "seed": 42},
        "matrices": {"deraining/rainmer-chromatic": [[0.9, -0.2], [-0.2, 0.8]]},
        "verdicts": {"night": True, "day": False},
    }


@pytest.fixture
def folder(tmp_path: Path, numbers: dict[str, Any]) -> Path:
    (tmp_path / "numbers.json").write_text(json.dumps(numbers))
    return tmp_path


def test_the_same_run_agrees(folder: Path, numbers: dict[str, Any]) -> None:
    found = compare_with_released(numbers, folder)
    assert found.holds
    assert "agrees with the released run" in found.sentence


def test_a_small_difference_is_within_tolerance(folder: Path, numbers: dict[str, Any]) -> None:
    numbers["matrices"]["deraining/rainmer-chromatic"][0][1] += 0.9 * TOLERANCE
    assert compare_with_released(numbers, folder).holds


def test_a_large_difference_is_told(folder: Path, numbers: dict[str, Any]) -> None:
    changed = copy.deepcopy(numbers)
    changed["matrices"]["deraining/rainmer-chromatic"][0][1] += 3 * TOLERANCE
    found = compare_with_released(changed, folder)
    assert not found.holds
    assert "DIFFERS" in found.sentence
    assert found.matrices["deraining/rainmer-chromatic"] == pytest.approx(3 * TOLERANCE)


def test_another_verdict_is_told(folder: Path, numbers: dict[str, Any]) -> None:
    changed = copy.deepcopy(numbers)
    changed["verdicts"]["day"] = True
    assert compare_with_released(changed, folder).claims == ("day",)
    assert "other verdicts: day" in compare_with_released(changed, folder).sentence


def test_another_request_is_not_compared(folder: Path, numbers: dict[str, Any]) -> None:
    changed = copy.deepcopy(numbers)
    changed["request"]["seed"] = 1
    found = compare_with_released(changed, folder)
    assert not found.holds
    assert "not compared" in found.sentence


def test_the_reference_lies_in_the_checkout() -> None:
    folder = find_released_run_folder()
    assert folder is None or (folder.name, folder.parent.name) == ("reference", "figures")
