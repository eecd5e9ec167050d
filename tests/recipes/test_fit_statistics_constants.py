"""The constants of the encoder ``statistics``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import resize
from rainmer_analysis.infer import StatisticsEncoder, fit_standardisation_constants
from rainmer_analysis.recipes.fit_statistics_constants import (
    SHIPPED,
    STANDARD,
    fit_and_write_constants,
)
from rainmer_analysis.weather import simulate


def test_constants_are_those_of_simulated_training_pairs(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fit_and_write_constants(
        tmp_path / "constants.json",
        per_recipe=1,
        seed=7,
        progress=lambda done, total: seen.append((done, total)),
    )
    document = json.loads(path.read_text(encoding="utf-8"))
    assert seen[-1] == (len(STANDARD), len(STANDARD))
    assert document["provenance"]["images"] == 2 * len(STANDARD)
    pairs = [simulate(name, 0, split="train", size=(256, 256), seed=7) for name in STANDARD]
    expected = fit_standardisation_constants(
        resize(image) for pair in pairs for image in (pair.rainy, pair.clean)
    )
    for view, found in document["constants"].items():
        np.testing.assert_allclose(found["mean"], expected[view]["mean"], rtol=1e-7)
        np.testing.assert_allclose(found["sd"], expected[view]["sd"], rtol=1e-7)


def test_what_ships_says_where_it_comes_from() -> None:
    provenance = json.loads(SHIPPED.read_text(encoding="utf-8"))["provenance"]
    assert provenance["recipes"] == list(STANDARD)
    assert provenance["split"] == "train"
    assert provenance["images"] >= 1000


def test_what_ships_centres_training_images_made_with_another_seed() -> None:
    encoder = StatisticsEncoder()
    images = [
        resize(simulate(name, index, split="train", size=(128, 128), seed=1).rainy)
        for name in STANDARD
        for index in range(4)
    ]
    for rows in encoder.encode(np.stack(images)).values():
        assert np.linalg.norm(rows.mean(axis=0)) < 0.6
        assert (rows @ rows.T).min() < 0


def test_no_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="per_recipe is 0; it must be at least 1"):
        fit_and_write_constants(tmp_path / "constants.json", per_recipe=0)
