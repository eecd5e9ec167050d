from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.probing.ladder_order import held_out_ladder_order


def ladder(step: float, scene: float, noise: float, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    direction = np.linalg.qr(rng.normal(size=(12, 12)))[0][0]
    level = np.arange(6)[None, :, None] * step * direction
    return level + scene * rng.normal(size=(10, 1, 12)) + noise * rng.normal(size=(10, 6, 12))


def test_a_planted_ladder_is_ordered_within_and_across() -> None:
    order = held_out_ladder_order(ladder(1.0, 0.0, 0.0))
    assert order.spearman_within_scenes == pytest.approx(np.ones(10))
    assert order.across_scenes()[0] == pytest.approx(
        spearmanr(np.arange(60) // 10, np.arange(60) // 10)[0]
    )


def test_scenes_hide_levels_across_but_not_within() -> None:
    order = held_out_ladder_order(ladder(0.1, 3.0, 0.0))
    assert order.spearman_within_scenes == pytest.approx(np.ones(10))
    assert order.across_scenes()[0] < 0.4


def test_noise_is_not_ordered() -> None:
    """The held-out scene has no part in its direction: correlations of noise are 0 on average."""
    found = [held_out_ladder_order(ladder(0, 1, 1, seed=seed)) for seed in range(60)]
    assert np.mean([order.spearman_within_scenes.mean() for order in found]) == pytest.approx(
        0, abs=0.04
    )
    assert np.mean([order.across_scenes()[0] for order in found]) == pytest.approx(0, abs=0.04)


def test_agrees_with_scipy() -> None:
    order = held_out_ladder_order(ladder(0.3, 1, 1))
    expected = [spearmanr(np.arange(6), row)[0] for row in order.positions]
    np.testing.assert_allclose(order.spearman_within_scenes, expected, atol=1e-12)
    levels = np.tile(np.arange(6), 10)
    pooled = spearmanr(levels, order.positions.ravel())[0]
    ranks_of_levels = np.corrcoef(levels, np.argsort(np.argsort(order.positions.ravel())))[0, 1]
    assert order.across_scenes()[0] == pytest.approx(pooled)
    assert order.across_scenes()[0] == pytest.approx(ranks_of_levels)
    assert order.across_scenes(np.ones((1, 10)))[0] == pytest.approx(order.across_scenes()[0])


def test_a_scene_has_no_part_in_its_own_direction() -> None:
    values = ladder(0.3, 1, 1)
    turned = values.copy()
    turned[0] = turned[0, ::-1]
    before, after = held_out_ladder_order(values), held_out_ladder_order(turned)
    np.testing.assert_allclose(after.positions[0], before.positions[0, ::-1], atol=1e-9)
    assert after.spearman_within_scenes[0] == pytest.approx(-before.spearman_within_scenes[0])


def test_rotations_do_not_matter_and_equal_vectors_have_no_order() -> None:
    values = ladder(0.3, 1, 1)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(12, 12)))[0]
    moved = held_out_ladder_order(values @ rotation)
    np.testing.assert_allclose(moved.positions, held_out_ladder_order(values).positions, atol=1e-9)
    same = held_out_ladder_order(np.full((4, 6, 3), 0.3))
    assert same.spearman_within_scenes.tolist() == [0] * 4
    assert same.across_scenes().tolist() == [0]
    assert np.isfinite(same.mean_and_sd_by_level()).all()


def test_other_shapes_are_refused() -> None:
    for shape in [(3, 4), (1, 4, 2), (3, 1, 2)]:
        with pytest.raises(ParameterError, match="ladder"):
            held_out_ladder_order(np.zeros(shape))
