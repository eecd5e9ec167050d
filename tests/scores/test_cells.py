from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores import (
    Cell,
    all_negative,
    all_positive,
    cells,
    highest_cell,
    lowest_cell,
)
from rainmer_analysis.values import RelationshipMatrix


def matrix(*, missing: bool = False) -> RelationshipMatrix:
    values = np.array(
        [
            [-0.9, 0.3, 0.2, -0.4],
            [0.3, -0.9, 0.1, -0.5],
            [0.2, 0.1, -0.9, -0.1],
            [-0.4, -0.5, -0.1, 0.9],
        ]
    )
    if missing:
        values[0, 1] = values[1, 0] = np.nan
    return RelationshipMatrix(values, ("a", "b", "c", "n"), "cosine", None, (2,) * 4, (2,) * 4)


def test_cells_leave_out_the_diagonal_and_repeat_no_pair() -> None:
    assert len(cells(matrix())) == 6
    assert cells(matrix(), ["c", "a"]) == (Cell("a", "c", 0.2),)
    assert [cell.value for cell in cells(matrix(), ["n"], against=["a", "b", "n"])] == [-0.4, -0.5]
    assert len(cells(matrix(), ["a", "b"], against=["b", "a"])) == 1


def test_signs_and_extremes() -> None:
    assert all_positive(matrix(), ["a", "b", "c"])
    assert not all_positive(matrix())
    assert all_negative(matrix(), ["n"], against=["a", "b", "c"])
    assert not all_negative(matrix(), ["a"], against=["n", "b"])
    assert lowest_cell(matrix()) == Cell("b", "n", -0.5)
    assert highest_cell(matrix()) == Cell("a", "b", 0.3)
    assert highest_cell(matrix(), ["n"], against=["a", "b", "c"]) == Cell("c", "n", -0.1)


def test_zero_is_neither_positive_nor_negative() -> None:
    zero = RelationshipMatrix(np.zeros((2, 2)), ("a", "b"), "cosine", None, (2, 2), (2, 2))
    assert not all_positive(zero)
    assert not all_negative(zero)


def test_refuses_what_it_cannot_answer() -> None:
    with pytest.raises(ParameterError, match="no dataset 'x'; it has a, b, c, n"):
        cells(matrix(), ["a", "x"])
    with pytest.raises(ParameterError, match="a gives no pair of datasets"):
        cells(matrix(), ["a"])
    with pytest.raises(ParameterError, match="between a and b is missing"):
        lowest_cell(matrix(missing=True))
