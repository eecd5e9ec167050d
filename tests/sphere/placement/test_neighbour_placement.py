from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import angle_between, unit_rows
from rainmer_analysis.numerics.procrustes import procrustes_rotation
from rainmer_analysis.sphere import SphereUMAP
from rainmer_analysis.sphere.placement import (
    PlacementCalibration,
    calibrate_placement,
    place_by_neighbours,
)
from rainmer_analysis.sphere.placement.neighbour_placement import Placement
from rainmer_analysis.sphere.umap_s2 import AttractionCurve


def groups(count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    centres = 3.0 * np.random.default_rng(9).normal(size=(4, 10))
    return centres[np.arange(count) % 4] + generator.normal(size=(count, 10))


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return groups(240)


@pytest.fixture(scope="module")
def model(rows: np.ndarray) -> SphereUMAP:
    made = SphereUMAP(n_neighbors=12, n_epochs=80).fit(rows)
    return made.calibrate(np.arange(240) // 2, parts=20)


def test_known_rows_have_their_own_place(model: SphereUMAP, rows: np.ndarray) -> None:
    assert (model.transform(rows) == model.embedding_).all()
    assert (model.transform(7 * rows[5:6]) == model.embedding_[5:6]).all()


def test_new_rows_land_in_their_group(model: SphereUMAP) -> None:
    points = model.transform(groups(80, seed=1))
    assert np.abs(np.linalg.norm(points, axis=1) - 1).max() < 1e-12
    nearest = angle_between(points[:, None], model.embedding_[None]).argmin(axis=1)
    assert (nearest % 4 == np.arange(80) % 4).mean() > 0.95


def test_places_do_not_depend_on_company_or_order(model: SphereUMAP) -> None:
    new = groups(30, seed=2)
    points, radii = model.transform(new, level=0.9)
    for row in (0, 13):
        alone, radius = model.transform(new[row : row + 1], level=0.9)
        assert alone[0] == pytest.approx(points[row], abs=1e-9)
        assert radius[0] == pytest.approx(radii[row], abs=1e-9)
    order = np.random.default_rng(0).permutation(30)
    assert model.transform(new[order]) == pytest.approx(points[order], abs=1e-9)


def test_a_row_between_two_groups_is_placed_in_one() -> None:
    far = np.repeat([[1.0, 0, 0], [-1, 0, 0]], 6, axis=0)
    known = np.repeat([[1.0, 0, 0, 0], [0, 1, 0, 0]], 6, axis=0)
    known[:, 3] = 0.01 * np.tile(np.arange(6), 2)
    between = unit_rows([[1.0, 1.001, 0, 0]])
    kernel = AttractionCurve.fitted(min_dist=0.0, spread=1.0, radius=2.5)
    found = place_by_neighbours(between, unit_rows(known), far, neighbors=12, curve=kernel)
    assert np.abs(found.points[0, 0]) == pytest.approx(1, abs=1e-3)
    assert found.scatter[0] > 0.5, "some of its neighbours are far away"


def test_radii_grow_with_the_level(model: SphereUMAP) -> None:
    new = groups(20, seed=3)
    found = [model.transform(new, level=level)[1] for level in (0.5, 0.9, 0.95)]
    assert (np.diff(found, axis=0) >= 0).all()
    assert np.min(found) > 0
    assert np.max(found) <= np.pi


def test_radius_covers_joint_layouts_of_held_out_scenes(rows: np.ndarray) -> None:
    scenes = np.arange(240) // 2
    joint = SphereUMAP(n_neighbors=12, n_epochs=80).fit_transform(rows)
    inside = []
    for draw in range(4):
        out = np.isin(scenes, np.random.default_rng(draw).permutation(120)[:10])
        part = SphereUMAP(n_neighbors=12, n_epochs=80).fit(rows[~out])
        points, radii = part.calibrate(scenes[~out]).transform(rows[out], level=0.9)
        turn = procrustes_rotation(part.embedding_, joint[~out])
        inside.append(angle_between(points @ turn, joint[out]) <= radii)
    assert 0.75 <= np.mean(inside) <= 1.0


def test_calibration_has_the_coverage_it_promises() -> None:
    generator = np.random.default_rng(0)
    scatter = generator.uniform(0.1, 0.4, size=3000)
    errors = np.abs(generator.normal(size=3000)) * (scatter + 0.2)
    seen = PlacementCalibration(errors[:2000], scatter[:2000], np.arange(2000) % 40)
    for level in (0.5, 0.9):
        assert seen.coverage(level) == pytest.approx(level, abs=0.03)
        new = errors[2000:] <= seen.radii(scatter[2000:], level)
        assert new.mean() == pytest.approx(level, abs=0.04)


@pytest.mark.parametrize(("parts", "promised"), [(8, np.pi), (9, 0.1)])
def test_few_parts_promise_nothing_less_than_the_sphere(parts: int, promised: float) -> None:
    seen = PlacementCalibration(np.full(800, 0.1), np.full(800, 0.1), np.arange(800) % parts)
    assert seen.radii([0.1], 0.9) == pytest.approx([promised])


def test_calibration_covers_on_average_when_errors_of_a_part_go_together() -> None:
    """One scale for each layout: the rows of a part are far from independent."""
    generator = np.random.default_rng(3)
    inside = []
    for _ in range(400):
        scale = np.exp(generator.normal(size=21))
        errors = np.abs(generator.normal(size=(21, 30))) * scale[:, None] / 100
        seen = PlacementCalibration(errors[:20].ravel(), np.ones(600), np.repeat(np.arange(20), 30))
        inside.append(np.mean(errors[20] <= seen.radii([1.0], 0.9)))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_a_large_part_says_no_more_than_a_small_one() -> None:
    errors = np.concatenate([np.full(900, 0.1), np.full(100, 0.3)])
    parts = np.concatenate([np.arange(900) % 10, 10 + np.arange(100) % 10])
    seen = PlacementCalibration(errors, np.ones(1000), parts)
    assert seen.radii([1.0], 0.6) == pytest.approx([0.3])
    assert seen.radii([1.0], 0.4) == pytest.approx([0.1])


def test_scenes_are_left_out_as_a_whole() -> None:
    points = unit_rows(np.random.default_rng(0).normal(size=(40, 3)))
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    scenes = np.arange(40) // 4
    masks = []

    def lay_out_and_place(kept: np.ndarray, number: int) -> tuple[np.ndarray, Placement]:
        assert number == len(masks)
        masks.append(kept)
        return points[kept] @ turn, Placement(points[~kept] @ turn, np.full((~kept).sum(), 0.1))

    seen = calibrate_placement(points, scenes, lay_out_and_place, parts=3, seed=0)
    assert np.sum(~np.array(masks), axis=0).tolist() == [1] * 40
    for kept in masks:
        assert not set(scenes[kept]) & set(scenes[~kept])
    assert seen.errors.max() < 1e-7, "a turn, or a mirror, is no error"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"groups": np.zeros(3)}, r"groups of shape \(3,\) do not fit 240 rows"),
        ({"parts": 1}, "240 scenes cannot be left out in 1 parts; give from 2"),
        ({"groups": np.zeros(240)}, "1 scenes cannot be left out in 20 parts"),
    ],
)
def test_wrong_parts_are_refused(model: SphereUMAP, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        model.calibrate(**options)


def test_wrong_rows_and_levels_are_refused(model: SphereUMAP, rows: np.ndarray) -> None:
    with pytest.raises(ParameterError, match=r"X has 4 features, .* rows of 10"):
        model.transform(rows[:, :4])
    with pytest.raises(ParameterError, match="row 0 has length nan"):
        model.transform(np.full((1, 10), np.nan))
    with pytest.raises(ParameterError, match=r"the level is 1\.5; give a share"):
        model.transform(rows[:1], level=1.5)
    with pytest.raises(NotFittedError):
        SphereUMAP().transform(rows)
    fresh = SphereUMAP(n_epochs=1).fit(rows[:20])
    with pytest.raises(ParameterError, match=r"no calibration, .* call calibrate\(\)"):
        fresh.transform(rows[:1], level=0.9)
