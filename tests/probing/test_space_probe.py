from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.probing import Design, SpaceProbe, measure_space

DESIGN = Design("train", scenes=6, draws=2, side=16)
KINDS, LADDERS, LEVELS = len(DESIGN.recipes), len(DESIGN.ladders), DESIGN.levels_per_ladder
CELLS = KINDS * DESIGN.draws + LADDERS * LEVELS


def measured(values: np.ndarray) -> SpaceProbe:
    unit = values / np.linalg.norm(values, axis=-1, keepdims=True)
    return measure_space(unit, DESIGN, resamples=50)


def spread(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.broadcast_to(rng.normal(size=(*shape, 9)), (6, CELLS, 9))


def test_a_space_of_scenes_alone() -> None:
    found = measured(spread(np.random.default_rng(0), 6, 1).copy())
    assert found.variance["scene"].value == pytest.approx(1)
    assert found.variance["scene"].low == pytest.approx(1)
    assert found.ratio.value == pytest.approx(0, abs=1e-9)
    assert {each.within.value for each in found.ladders.values()} == {0.0}


def test_a_space_of_weather_alone() -> None:
    found = measured(spread(np.random.default_rng(0), 1, CELLS).copy())
    shares = {name: each.value for name, each in found.variance.items()}
    assert shares["scene"] == pytest.approx(0)
    assert shares["interaction"] == pytest.approx(0)
    assert shares["weather"] + shares["level"] == pytest.approx(1)
    assert found.neighbours["draw"].value == 1
    assert found.neighbours["level"].value == 1
    assert np.isnan(found.ratio.value) or found.ratio.value > 1e6


def test_noise_is_interaction_and_neighbours_fall_to_chance() -> None:
    rng = np.random.default_rng(0)
    found = [measured(rng.normal(size=(6, CELLS, 9))) for _ in range(12)]
    assert np.mean([each.variance["interaction"].value for each in found]) > 0.95
    for name, estimate in found[0].neighbours.items():
        values = [each.neighbours[name].value for each in found]
        assert np.mean(values) == pytest.approx(estimate.chance, abs=0.04), name


def test_rotations_do_not_matter() -> None:
    values = np.random.default_rng(0).normal(size=(6, CELLS, 9))
    values += 2 * spread(np.random.default_rng(1), 6, 1) + spread(
        np.random.default_rng(2), 1, CELLS
    )
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(9, 9)))[0]
    first, second = measured(values), measured(values @ rotation)
    for name, estimate in first.variance.items():
        assert second.variance[name].value == pytest.approx(estimate.value)
    assert second.neighbours == first.neighbours
    assert second.dimension == pytest.approx(first.dimension)


def test_intervals_hold_their_values_and_repeat() -> None:
    values = np.random.default_rng(0).normal(size=(6, CELLS, 9)) + 3 * spread(
        np.random.default_rng(1), 1, CELLS
    )
    first, second = measured(values), measured(values)
    assert first == second
    for estimate in (*first.variance.values(), *first.neighbours.values()):
        assert estimate.low <= estimate.value + 0.05
        assert estimate.high >= estimate.value - 0.05
