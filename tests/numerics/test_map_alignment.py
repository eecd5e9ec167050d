"""Maps that differ by a turn are the same map once they are aligned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import align_maps, align_points, unit_rows
from rainmer_analysis.numerics.procrustes import procrustes_rotation
from rainmer_analysis.values import Rows, Space, SphereMap

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


def sphere_map(points: np.ndarray, names: list[str]) -> SphereMap:
    frame = pd.DataFrame({"image_id": names, "dataset": "a", "group": names})
    return SphereMap(points, Rows(frame), SPACE, {"seed": 1}, {"trustworthiness": 0.9})


@pytest.fixture
def first() -> SphereMap:
    points = unit_rows(np.random.default_rng(0).normal(size=(9, 3)))
    return sphere_map(points, [f"a/{index}" for index in range(9)])


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_map_falls_back_on_the_first(first: SphereMap, mirrored: bool) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    if (np.linalg.det(turn) < 0) != mirrored:
        turn[:, 0] *= -1
    order = np.random.default_rng(2).permutation(9)[:7]  # fewer, and in another order
    names = [f"a/{index}" for index in order] + ["a/new"]
    points = np.concatenate([first.points[order], [[0.0, 0.0, 1.0]]]) @ turn
    same, found = align_maps([first, sphere_map(points, names)])
    assert same is first
    np.testing.assert_allclose(found.points[:7], first.points[order], atol=1e-6)
    np.testing.assert_allclose(found.points[7], [0, 0, 1], atol=1e-6)
    assert found.parameters["aligned_to"] == first.content_sha256
    assert found.fidelity == {"trustworthiness": 0.9}


def test_a_turn_is_orthogonal_and_no_other_comes_nearer() -> None:
    rng = np.random.default_rng(3)
    points, reference = (unit_rows(rng.normal(size=(20, 3))) for _ in range(2))
    turn = procrustes_rotation(points, reference)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    least = np.linalg.norm(align_points(points, reference) - reference)
    for _ in range(50):
        other, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        assert np.linalg.norm(points @ other - reference) >= least


def test_maps_of_other_images_cannot_be_aligned(first: SphereMap) -> None:
    other = sphere_map(first.points, [f"b/{index}" for index in range(9)])
    with pytest.raises(ParameterError, match="shares 0 images with the first"):
        align_maps([first, other])
    assert align_maps([]) == ()
