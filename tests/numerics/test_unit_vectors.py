from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import align_points, angle_between, unit_rows

ANGLES = st.floats(0, np.pi)


@given(ANGLES)
def test_angle_is_exact_from_equal_to_opposite(angle: float) -> None:
    found = angle_between([1.0, 0.0], [np.cos(angle), np.sin(angle)])
    assert abs(float(found) - angle) < 1e-15 * 4


def test_a_float32_vector_stands_at_zero_from_itself() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 128)).astype(np.float32)
    unit = unit_rows(rows)
    assert (angle_between(unit, unit) == 0).all()
    assert angle_between(unit, -unit) == pytest.approx(np.pi)


def test_great_circle_satisfies_the_triangle_inequality() -> None:
    a, b, c = (unit_rows(np.random.default_rng(i).normal(size=(500, 3))) for i in range(3))
    assert (angle_between(a, c) <= angle_between(a, b) + angle_between(b, c) + 1e-15).all()


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_row_without_direction_is_refused(bad: list[float]) -> None:
    with pytest.raises(ParameterError, match=r"row 1 has length .* no direction"):
        unit_rows([[1.0, 0.0], bad])


def test_rows_are_needed() -> None:
    with pytest.raises(ParameterError, match=r"shape \(3,\) came where rows are needed"):
        unit_rows([1.0, 0.0, 0.0])


@pytest.mark.parametrize("sign", [1, -1], ids=["rotation", "reflection"])
def test_align_undoes_a_turn(sign: int) -> None:
    generator = np.random.default_rng(1)
    reference = unit_rows(generator.normal(size=(40, 3)))
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    turn *= sign * np.sign(np.linalg.det(turn))
    assert np.abs(align_points(reference @ turn, reference) - reference).max() < 1e-12


def test_align_is_the_best_of_many_turns() -> None:
    generator = np.random.default_rng(2)
    reference, points = (unit_rows(generator.normal(size=(30, 3))) for _ in range(2))
    best = ((align_points(points, reference) - reference) ** 2).sum()
    for _ in range(200):
        turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
        assert best <= ((points @ turn - reference) ** 2).sum() + 1e-12


def test_align_refuses_other_images() -> None:
    with pytest.raises(ParameterError, match="about the same images"):
        align_points(np.eye(3), np.eye(3)[:2])
