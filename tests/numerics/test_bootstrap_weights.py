from __future__ import annotations

import math

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import (
    bootstrap_scene_weights,
    bootstrap_weights,
    hash_scene_names,
    poisson_weights,
)

KEY_A = 13950350942979735504
COUNTS_A = [1, 1, 2, 0, 1, 0, 0, 2, 0, 2, 2, 1]
STRATA = np.array([0] * 7 + [1] * 3 + [0] * 2 + [2])


def weights(resamples: int, seed: int = 0) -> np.ndarray:
    return bootstrap_scene_weights(STRATA, resamples=resamples, seed=seed)


def test_every_stratum_keeps_its_number_of_scenes() -> None:
    drawn = weights(200)
    assert drawn.shape == (200, 13)
    for stratum in range(3):
        member = np.equal(STRATA, stratum)
        assert (drawn[:, member].sum(axis=1) == member.sum()).all()


def test_weights_have_the_moments_of_a_multinomial() -> None:
    drawn = weights(20_000)[:, STRATA == 0]
    assert np.abs(drawn.mean(axis=0) - 1).max() < 0.04
    assert np.abs(drawn.var(axis=0) - (1 - 1 / 9)).max() < 0.06


def test_draws_are_seeded_and_differ() -> None:
    assert (weights(30) == weights(30)).all()
    assert (weights(30) != weights(30, seed=1)).any()
    assert len(np.unique(weights(30), axis=0)) > 25


def test_blocks_hold_all_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap_weights, "_CELLS", 13 * 4)
    assert weights(10).shape == (10, 13)
    assert (weights(10)[:4] == weights(4)).all()


@pytest.mark.parametrize(("strata", "resamples"), [([], 5), ([0], 0)])
def test_refuses_nothing(strata: list[int], resamples: int) -> None:
    with pytest.raises(ParameterError, match="at least one of both"):
        bootstrap_scene_weights(strata, resamples=resamples, seed=0)


def test_poisson_weights_depend_on_the_key_alone() -> None:
    keys = hash_scene_names(f"s{number}" for number in range(500))
    whole = poisson_weights(keys, resamples=10, seed=1)
    assert whole.shape == (500, 10)
    assert np.array_equal(poisson_weights(keys[100:200], resamples=10, seed=1), whole[100:200])
    assert np.array_equal(poisson_weights(keys, resamples=3, seed=1), whole[:, :3])
    assert not np.array_equal(poisson_weights(keys, resamples=10, seed=2), whole)
    assert poisson_weights(keys, resamples=0, seed=1).shape == (500, 0)


def test_poisson_weights_have_the_distribution_of_their_name() -> None:
    drawn = poisson_weights(hash_scene_names(map(str, range(4000))), resamples=250, seed=0)
    shares = np.bincount(drawn.astype(int).ravel()) / drawn.size
    expected = [np.exp(-1) / math.factorial(count) for count in range(6)]
    assert np.abs(shares[:6] - expected).max() < 0.002
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.06
    assert abs(np.corrcoef(drawn[0], drawn[1])[0, 1]) < 0.2
    # neighbours in name, resample and seed have nothing to do with each other
    other = poisson_weights(hash_scene_names(map(str, range(4000))), resamples=250, seed=1)
    assert abs(np.corrcoef(drawn.ravel(), other.ravel())[0, 1]) < 0.005


def test_keys_of_names_are_the_same_everywhere() -> None:
    assert hash_scene_names(["a", "b"]).tolist() == [KEY_A, hash_scene_names(["b"])[0]]
    assert poisson_weights(hash_scene_names(["a"]), resamples=12, seed=42)[0].tolist() == COUNTS_A
