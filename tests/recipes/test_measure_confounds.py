"""How much of a distance is not weather, on sets made to differ in one thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rainmer_analysis.auditing.bias_removing_transforms import EQUALISERS
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.recipes.measure_confounds import measure_confounds
from rainmer_analysis.weather import degraded_and_clean
from tests.recipes.audit.pictures import save, save_pair, scene


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return sets of clean scenes that differ in exposure, and pairs under light and heavy rain."""
    top = tmp_path_factory.mktemp("confounds")
    for number in range(8):
        image = scene(number)
        save(top / "plain" / f"{number}.png", image)
        save(top / "dark" / f"{number}.png", 0.35 * scene(number + 8))
        save_pair(
            top / "light", f"{number}.png", *degraded_and_clean(image, "sim-Rain200L", seed=number)
        )
        other = scene(number + 8)
        save_pair(
            top / "heavy", f"{number}.png", *degraded_and_clean(other, "sim-Rain200H", seed=number)
        )
    return {name: top / name for name in ("plain", "dark", "light", "heavy")}


def rows(found: Any, view: str) -> dict[str, dict[str, Any]]:
    return {each["confound"]: each for each in found.rows if each["view"] == view}


def test_a_difference_of_exposure_is_named(world: dict[str, Path]) -> None:
    sources = {name: world[name] for name in ("plain", "dark")}
    shares = rows(measure_confounds(sources, ["statistics"], per_dataset=8), "chromatic")
    assert set(shares) == {*EQUALISERS, "minus-clean", "scenes"}
    assert shares["re-expose"]["share"] > 0.7
    assert abs(shares["re-encode"]["share"]) < 0.3
    assert shares["scenes"]["share"] is shares["minus-clean"]["share"] is None
    assert shares["re-expose"]["kept"] is None


def test_a_difference_of_weather_is_not_explained(world: dict[str, Path]) -> None:
    sources = {name: world[name] for name in ("light", "heavy")}
    found = measure_confounds(sources, ["statistics"], per_dataset=8)
    shares = rows(found, "degradation")
    assert shares["scenes"]["share"] < 0.5
    assert shares["re-encode"]["kept"] == pytest.approx(1, abs=0.4)
    document = found.document()
    assert document["kind"] == "confounds"
    assert shares["minus-clean"]["equalised"] > 0
    assert len(document["rows"]) == 2 * (len(EQUALISERS) + 2)
    assert all(np.isfinite(each["distance"]) for each in document["rows"])


def test_wrong_requests_get_a_sentence(world: dict[str, Path]) -> None:
    with pytest.raises(ParameterError, match="give at least two"):
        measure_confounds({"plain": world["plain"]}, ["statistics"])
    sources = {name: world[name] for name in ("plain", "dark")}
    with pytest.raises(ParameterError, match="is a similarity"):
        measure_confounds(sources, ["statistics"], per_dataset=4, score="cosine")
