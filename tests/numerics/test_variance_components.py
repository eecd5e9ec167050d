from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import bootstrap_scene_weights, crossed_effects

Floats = NDArray[np.float64]
SHAPE = (7, 4, 3, 5)


def planted(scene: float, kind: float, level: float, noise: float, *, seed: int = 0) -> Floats:
    """Vectors whose effects have these sizes."""
    rng = np.random.default_rng(seed)
    s, k, m, d = SHAPE
    return np.asarray(
        scene * rng.normal(size=(s, 1, 1, d))
        + kind * rng.normal(size=(1, k, 1, d))
        + level * rng.normal(size=(1, k, m, d))
        + noise * rng.normal(size=SHAPE)
    )


def mean_squares(values: Floats) -> Floats:
    """Second implementation: the nested analysis of variance by its mean squares."""
    s, k, m, _ = values.shape
    grand = values.mean(axis=(0, 1, 2))
    scene = values.mean(axis=(1, 2)) - grand
    kind = values.mean(axis=(0, 2)) - grand
    level = values.mean(axis=0) - grand - kind[:, None]
    by_kind = values.mean(axis=2) - grand - scene[:, None] - kind
    by_level = values - values.mean(axis=2, keepdims=True) - level
    ms_scene = k * m * (scene**2).sum() / (s - 1)
    ms_kind = s * m * (kind**2).sum() / (k - 1)
    ms_level = s * (level**2).sum() / (k * (m - 1))
    rest_of_kinds, rest_of_levels = m * (by_kind**2).sum(), (by_level**2).sum()
    ms_kind_rest = rest_of_kinds / ((s - 1) * (k - 1))
    ms_level_rest = rest_of_levels / ((s - 1) * k * (m - 1))
    ms_rest = (rest_of_kinds + rest_of_levels) / ((s - 1) * (k * m - 1))
    draws = (ms_level - ms_level_rest) / s
    fixed = (1 - 1 / k) * ((ms_kind - ms_kind_rest) / (s * m) - draws / m)
    return np.array([(ms_scene - ms_rest) / (k * m), fixed, draws * (1 - 1 / (k * m)), ms_rest])


def test_agrees_with_mean_squares() -> None:
    values = planted(1.0, 0.7, 0.5, 0.8)
    found = crossed_effects(values).components()
    np.testing.assert_allclose(found, mean_squares(values), rtol=1e-10)


@pytest.mark.parametrize(
    ("sizes", "place"), [((1, 0, 0, 0), 0), ((0, 1, 0, 0), 1), ((0, 0, 0, 1), 3)]
)
def test_one_source_has_all_of_the_variance(sizes: tuple[float, ...], place: int) -> None:
    shares = np.mean(
        [crossed_effects(planted(*sizes, seed=seed)).components() for seed in range(200)],
        axis=0,
    )
    shares /= shares.sum()
    assert shares[place] == pytest.approx(1, abs=0.02)


def test_exact_sources_are_exact() -> None:
    assert crossed_effects(planted(1, 0, 0, 0)).shares() == pytest.approx([1, 0, 0, 0])
    values = planted(0, 1, 0, 0)
    assert crossed_effects(values).shares() == pytest.approx([0, 1, 0, 0])
    level = planted(0, 0, 1, 0)
    level -= level.mean(axis=2, keepdims=True)
    assert crossed_effects(level).shares(draws=False) == pytest.approx([0, 0, 1, 0])


def test_shares_add_up_to_one_in_every_resample() -> None:
    effects = crossed_effects(planted(1, 1, 1, 1))
    weights = bootstrap_scene_weights(np.zeros(7), resamples=50, seed=1)
    assert effects.shares().sum() == pytest.approx(1)
    assert effects.shares(weights).sum(axis=1) == pytest.approx(np.ones(50))
    assert effects.components(np.ones((1, 7)))[0] == pytest.approx(effects.components())


def test_components_add_up_to_half_the_squared_distance_of_other_scenes() -> None:
    values = planted(1, 0.5, 0.5, 1)
    flat = values.reshape(len(values), -1, values.shape[-1])
    squares = ((flat[:, None, :, None] - flat[None, :, None, :]) ** 2).sum(axis=-1)
    others = ~np.eye(len(values), dtype=bool)
    expected = squares[others].mean() / 2
    assert crossed_effects(values).components().sum() == pytest.approx(expected)


def test_rotations_shifts_and_order_do_not_matter() -> None:
    values = planted(1, 1, 1, 1)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]
    other = (values @ rotation + 3.0)[::-1, ::-1]
    np.testing.assert_allclose(
        crossed_effects(other).components(),
        crossed_effects(values).components(),
        rtol=1e-9,
    )


def test_copies_of_a_scene_share_nothing() -> None:
    """A bootstrap of pure noise does not find what is common to scenes in a scene's copies."""
    values = planted(0, 0, 0, 1)
    effects = crossed_effects(values)
    weights = bootstrap_scene_weights(np.zeros(7), resamples=2000, seed=0)
    middle = effects.components(weights).mean(axis=0)
    np.testing.assert_allclose(middle[1:3], effects.components()[1:3], atol=0.05)


@pytest.mark.parametrize("shape", [(4, 3, 2), (1, 3, 2, 5), (4, 1, 1, 5)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match="crossed design"):
        crossed_effects(np.zeros(shape))


def test_nan_is_refused_and_equal_vectors_have_no_shares() -> None:
    values = np.ones(SHAPE)
    assert np.isnan(crossed_effects(values).shares()).all()
    values[0, 0, 0, 0] = np.nan
    with pytest.raises(ParameterError, match="NaN"):
        crossed_effects(values)
