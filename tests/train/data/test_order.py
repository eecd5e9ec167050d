from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.train.data import SamplingOrder, dataset_shares

LABELS = ["a"] * 50 + ["b"] * 30 + ["c"] * 20
ROWS = np.arange(100)


def counts(rows: np.ndarray) -> dict[str, int]:
    drawn = [LABELS[row] for row in rows]
    return {name: drawn.count(name) for name in "abc"}


def test_shares_sum_to_one_and_follow_the_weights() -> None:
    shares = dataset_shares(LABELS, {"a": 1, "b": 2, "c": 1})
    assert shares.each.sum() == pytest.approx(1)
    assert shares.each[60] == pytest.approx(0.5 / 30)
    scaled = dataset_shares(LABELS, {"a": 10, "b": 20, "c": 10})
    np.testing.assert_allclose(scaled.each, shares.each)


def test_an_epoch_holds_each_dataset_by_its_share_to_within_one_image() -> None:
    order = SamplingOrder(ROWS, 3, shares=dataset_shares(LABELS, {"a": 1, "b": 1, "c": 2}))
    for epoch in range(20):
        found = counts(order.take(100 * epoch, 100))
        assert abs(found["a"] - 25) <= 1
        assert abs(found["b"] - 25) <= 1
        assert abs(found["c"] - 50) <= 1


def test_rows_of_a_dataset_are_drawn_equally_often() -> None:
    order = SamplingOrder(ROWS, 3, shares=dataset_shares(LABELS, {"a": 1, "b": 1, "c": 2}))
    times = np.bincount(order.take(0, 100 * 200), minlength=100)
    # In one epoch a row of c comes 2 or 3 times, one of a not at all or once.
    np.testing.assert_allclose(times[80:] / 200, 2.5, atol=0.15)
    np.testing.assert_allclose(times[:50] / 200, 0.5, atol=0.15)


def test_a_weight_of_zero_leaves_a_dataset_out() -> None:
    order = SamplingOrder(ROWS, 3, shares=dataset_shares(LABELS, {"a": 1, "b": 0, "c": 1}))
    assert counts(order.take(0, 500))["b"] == 0


def test_weighted_orders_are_functions_of_seed_and_position() -> None:
    shares = dataset_shares(LABELS, {"a": 1, "b": 2, "c": 3})
    one, two = SamplingOrder(ROWS, 7, shares=shares), SamplingOrder(ROWS, 7, shares=shares)
    two.take(900, 10)
    assert np.array_equal(one.take(150, 100), two.take(150, 100))
    assert not np.array_equal(one.take(0, 100), SamplingOrder(ROWS, 8, shares=shares).take(0, 100))


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"a": 1, "b": 1}, "no weight for 'c'"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, "a weight for 'd'"),
        ({"a": 0, "b": 0, "c": 0}, "not all 0"),
        ({"a": -1, "b": 2, "c": 0}, "from 0 up"),
        ({"a": float("inf"), "b": 2, "c": 0}, "from 0 up"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights: dict[str, float], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        dataset_shares(LABELS, weights)
