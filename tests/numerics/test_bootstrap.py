from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import bootstrap, scene_weights

STRATA = np.array([0] * 7 + [1] * 3 + [0] * 2 + [2])


def weights(resamples: int, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(scene_weights(STRATA, resamples=resamples, seed=seed)))


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
    monkeypatch.setattr(bootstrap, "_CELLS", 13 * 4)
    blocks = list(scene_weights(STRATA, resamples=10, seed=0))
    assert [len(block) for block in blocks] == [4, 4, 2]


@pytest.mark.parametrize(("strata", "resamples"), [([], 5), ([0], 0)])
def test_refuses_nothing(strata: list[int], resamples: int) -> None:
    with pytest.raises(ParameterError, match="at least one of both"):
        list(scene_weights(strata, resamples=resamples, seed=0))
