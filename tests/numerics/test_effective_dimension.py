from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import effective_dimension


@pytest.mark.parametrize("dim", [1, 2, 7, 16])
def test_equal_spread_over_d_dimensions_is_d(dim: int) -> None:
    corners = np.concatenate([np.eye(dim), -np.eye(dim)])
    assert effective_dimension(corners) == pytest.approx(dim)
    drawn = np.random.default_rng(0).normal(size=(4000, dim))
    assert effective_dimension(drawn) == pytest.approx(dim, rel=0.01)


def test_rotation_shift_scale_and_empty_dimensions_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(50, 6)) * [3, 2, 1, 1, 0.5, 0.1]
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    moved = np.pad(7 * values @ rotation + 4, ((0, 0), (0, 3)))
    assert effective_dimension(moved) == pytest.approx(effective_dimension(values))


def test_known_spectrum() -> None:
    values = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])
    shares = np.array([0.9, 0.1])
    assert effective_dimension(values) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_equal_vectors_have_none_and_other_shapes_are_refused() -> None:
    assert np.isnan(effective_dimension(np.full((5, 3), 0.1)))
    for wrong in (np.zeros(3), np.zeros((1, 3)), [[np.nan, 1], [1, 2]]):
        with pytest.raises(ParameterError, match="dimension"):
            effective_dimension(wrong)
