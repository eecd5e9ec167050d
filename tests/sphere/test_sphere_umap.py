from __future__ import annotations

import importlib
import pickle
import warnings
from typing import Any

import numba
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

import rainmer_analysis
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import angle_between
from rainmer_analysis.sphere import SphereUMAP, fidelity

THREADS = importlib.import_module("rainmer_analysis.sphere.umap_s2.thread_choice")


def groups(sizes: tuple[int, ...], dim: int = 10, *, apart: float = 3.0, seed: int = 0) -> Any:
    generator = np.random.default_rng(seed)
    centres = np.repeat(apart * generator.normal(size=(len(sizes), dim)), sizes, axis=0)
    return centres + generator.normal(size=(sum(sizes), dim))


def quick(**options: Any) -> SphereUMAP:
    return SphereUMAP(**({"n_neighbors": 12, "n_epochs": 60} | options))


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.asarray(groups((60, 50, 40)))


@pytest.fixture(scope="module")
def places(rows: np.ndarray) -> np.ndarray:
    return quick().fit_transform(rows)


def test_is_a_faithful_layout_of_unit_vectors(rows: np.ndarray) -> None:
    model = SphereUMAP(n_neighbors=15)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    points = model.fit_transform(rows)
    check_is_fitted(model)
    assert points is model.embedding_
    assert points.shape == (150, 3)
    assert model.n_features_in_ == 10
    assert np.abs(np.linalg.norm(points, axis=1) - 1).max() < 1e-14
    found = fidelity(rows, points)
    assert found["trustworthiness"] > 0.88
    assert found["continuity"] > 0.9
    cosines = points @ points.T
    np.fill_diagonal(cosines, -2)
    labels = np.repeat([0, 1, 2], [60, 50, 40])
    assert (labels[cosines.argmax(axis=1)] == labels).mean() > 0.97


def test_is_an_estimator_and_the_face_has_it() -> None:
    model = SphereUMAP(n_neighbors=7, min_dist=0.1, radius=4.0, n_epochs=20, random_state=3)
    expected = {
        "n_neighbors": 7,
        "min_dist": 0.1,
        "spread": 1.0,
        "radius": 4.0,
        "n_epochs": 20,
        "random_state": 3,
    }
    assert model.get_params() == expected
    assert clone(model).get_params() == expected
    assert clone(model).set_params(radius=2.0).radius == 2.0
    assert rainmer_analysis.SphereUMAP is SphereUMAP
    fitted = model.fit(groups((12, 12)))
    assert (pickle.loads(pickle.dumps(fitted)).embedding_ == fitted.embedding_).all()


def test_one_seed_one_result_for_any_number_of_threads(
    rows: np.ndarray, places: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(THREADS, "_WORTH_WAKING", 0)  # small as it is, all of it is shared out
    threads = numba.get_num_threads()
    try:
        for count in sorted({1, threads}):
            numba.set_num_threads(count)
            assert (quick().fit_transform(rows) == places).all()
    finally:
        numba.set_num_threads(threads)


def test_another_seed_is_another_result_that_says_the_same(
    rows: np.ndarray, places: np.ndarray
) -> None:
    other = quick(random_state=1).fit_transform(rows)
    assert (other != places).any(axis=1).all()
    for name in ("trustworthiness", "continuity"):
        assert fidelity(rows, other)[name] == pytest.approx(fidelity(rows, places)[name], abs=0.03)


def test_permuting_rows_permutes_places(rows: np.ndarray, places: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(len(rows))
    assert (quick().fit_transform(rows[order]) == places[order]).all()
    assert (quick().fit_transform(np.asfortranarray(rows[order])) == places[order]).all()


def test_only_directions_count(rows: np.ndarray, places: np.ndarray) -> None:
    assert (quick().fit_transform(rows * 4.0) == places).all()
    assert (quick().fit_transform(rows.tolist()) == places).all()


def test_turning_rows_leaves_fidelity_within_the_spread_over_seeds(
    rows: np.ndarray, places: np.ndarray
) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(10, 10)))
    turned = fidelity(rows, quick().fit_transform(rows @ turn))
    names = ("trustworthiness", "continuity")
    seeds = [fidelity(rows, quick(random_state=s).fit_transform(rows)) for s in range(6)]
    for name in names:
        values = [found[name] for found in seeds]
        # another order of rows is another draw: within three deviations of the draws by seed
        assert abs(turned[name] - np.mean(values)) < 3 * np.std(values) + 0.005


def test_duplicates_share_a_place(rows: np.ndarray) -> None:
    doubled = np.concatenate([rows, rows[::3], -0.0 + rows[:1]])
    points = quick().fit_transform(doubled)
    assert (points[150:200] == points[:150:3]).all()
    assert (points[200] == points[0]).all()
    # duplicates neither pull nor push: the rest lies as it would without them
    assert (points[:150] == quick().fit_transform(rows)).all()


@pytest.mark.parametrize("count", [2, 3, 4, 5, 13, 64, 65, 66])
def test_few_rows_have_a_map(count: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        points = SphereUMAP().fit_transform(groups((count,), 6))
    assert np.abs(np.linalg.norm(points, axis=1) - 1).max() < 1e-14
    assert len(np.unique(points, axis=0)) == count


def test_rows_of_one_direction_have_one_place() -> None:
    assert SphereUMAP().fit_transform([[3.0, 4.0]]).tolist() == [[1.0, 0.0, 0.0]]
    points = SphereUMAP().fit_transform(np.ones((9, 4)))
    assert (points == points[0]).all()


def test_one_column_has_two_directions() -> None:
    points = SphereUMAP().fit_transform([[1.0], [-1.0], [2.0]])
    assert (points[0] == points[2]).all()
    assert angle_between(points[0], points[1]) > 0.01


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_groups_without_an_edge_between_them_have_their_own_places(count: int) -> None:
    rows = groups((20,) * count, 12, apart=100.0)
    points = quick(n_neighbors=6, n_epochs=100).fit_transform(rows)
    labels = np.repeat(np.arange(count), 20)
    cosines = points @ points.T
    np.fill_diagonal(cosines, -2)
    assert (labels[cosines.argmax(axis=1)] == labels).mean() > 0.97


def test_few_neighbours_and_large_minimum_distance(rows: np.ndarray) -> None:
    for options in ({"n_neighbors": 2}, {"min_dist": 1.0}, {"radius": 0.3}, {"radius": 50.0}):
        points = quick(**options).fit_transform(rows)
        assert np.abs(np.linalg.norm(points, axis=1) - 1).max() < 1e-14


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.0])
def test_rows_without_a_direction_are_refused(rows: np.ndarray, wrong: float) -> None:
    broken = rows.copy()
    broken[7] = wrong
    with pytest.raises(ParameterError, match=r"row 7 has length .* no direction; leave rows out"):
        quick().fit(broken)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="1D array"):
        quick().fit(np.ones(5))
    with pytest.raises(ValueError, match="0 sample"):
        quick().fit(np.ones((0, 5)))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_neighbors": 1}, "1 neighbors were asked for; a layout needs at least 2"),
        ({"n_neighbors": 2.5}, "n_neighbors is 2.5; give a whole number"),
        ({"n_epochs": 0}, "n_epochs is 0; give at least 1"),
        ({"radius": 0.0}, "radius is 0.0; give a positive number"),
        ({"radius": float("nan")}, "radius is nan; give a positive number"),
        ({"spread": -1}, "spread is -1; give a positive number"),
        ({"min_dist": 2.0}, "min_dist is 2.0; give a number from 0"),
        ({"random_state": "x"}, "random_state is 'x'; give a whole number, None"),
        ({"random_state": -1}, "the seed is -1; give a whole number"),
    ],
)
def test_wrong_parameters_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        quick(**options).fit(np.eye(4))


def test_follows_scikit_learns_rules_for_estimators() -> None:
    reason = "it truncates numbers to integers, which leaves a row of zeros without a direction"
    results = check_estimator(
        quick(n_neighbors=5, n_epochs=5),
        expected_failed_checks={"check_estimators_dtypes": reason},
        on_fail=None,
        on_skip=None,
    )
    assert not [each for each in results if each["status"] == "failed"]
    assert sum(each["status"] == "passed" for each in results) > 30


def test_no_seed_draws_one_anew_and_a_random_state_is_drawn_from(rows: np.ndarray) -> None:
    loose = quick(random_state=None)
    seeds = {loose.fit(rows[:30]).seed_ for _ in range(3)}
    assert len(seeds) == 3
    again = quick(random_state=loose.seed_).fit_transform(rows[:30])
    np.testing.assert_array_equal(again, loose.embedding_)
    drawn = [quick(random_state=np.random.RandomState(3)).fit(rows[:30]).seed_ for _ in range(2)]
    assert drawn[0] == drawn[1]
    loose.calibrate(parts=2)
    assert loose.calibration_ is not None


def test_output_can_be_a_data_frame(rows: np.ndarray, places: np.ndarray) -> None:
    model = quick().set_output(transform="pandas")
    frame = model.fit_transform(rows)
    assert list(frame.columns) == ["sphereumap0", "sphereumap1", "sphereumap2"]
    np.testing.assert_array_equal(frame.to_numpy(), places)
    assert list(model.transform(rows[:4]).columns) == list(model.get_feature_names_out())
