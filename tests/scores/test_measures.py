"""Measures against independent implementations and known distributions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist, pdist
from scipy.special import stdtrit
from scipy.stats import false_discovery_control
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import Ridge
from sklearn.metrics import balanced_accuracy_score
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.scores.inference import (
    benjamini_hochberg,
    interval_from_resamples,
    permutation_p_value,
    subsample_interval,
)
from rainmer_analysis.scores.measures import (
    ClassifierMeasure,
    EnergyMeasure,
    FrechetMeasure,
    MMDMeasure,
    NeighbourMeasure,
    Pair,
    Sample,
    SlicedMeasure,
    pair_samples,
)
from rainmer_analysis.scores.measures.cosine_measures import CosineMeasure, DirectionMeasure
from rainmer_analysis.scores.measures.wasserstein_measures import (
    fixed_random_directions,
    ledoit_wolf_covariance,
)


def sample(rows: np.ndarray, first_key: int, per_scene: int = 1) -> Sample:
    keys = np.arange(len(rows), dtype=np.uint64) // per_scene + np.uint64(first_key)
    return Sample(rows, keys, np.arange(len(rows), dtype=np.uint64))


def two(
    seed: int = 0, *, count: int = 30, width: int = 6, shift: float = 0.4, per_scene: int = 1
) -> tuple[np.ndarray, np.ndarray, Pair]:
    generator = np.random.default_rng(seed)
    x = unit_rows(generator.normal(size=(count, width)) * 0.4 + np.eye(width)[0])
    moved = np.eye(width)[0] + shift * np.eye(width)[1]
    y = unit_rows(generator.normal(size=(count, width)) * 0.5 + moved)
    return x, y, pair_samples(sample(x, 0, per_scene), sample(y, 10**6, per_scene))


def distance(measure: object, pair: Pair) -> float:
    state = measure.precompute(pair)  # type: ignore[attr-defined]
    return float(measure.distances_by_labelling(state, pair.owner[None, :])[0])  # type: ignore[attr-defined]


def test_energy_equals_scipy_and_dcor() -> None:
    x, y, pair = two()
    value = distance(EnergyMeasure(), pair)
    assert value == pytest.approx(
        2 * cdist(x, y).mean() - pdist(x).mean() - pdist(y).mean(), abs=1e-12
    )
    # dcor 0.7: energy_distance(x, y, estimation_stat="U_STATISTIC"); its import compiles for
    # ten seconds, and fails where compiling is switched off
    assert value == pytest.approx(0.009703410585641059, abs=1e-12)


def test_mmd_equals_scikit_learns_kernel() -> None:
    x, y, pair = two()
    both = np.concatenate([x, y])
    chords = np.linalg.norm(both[:, None] - both[None], axis=2)[np.triu_indices(60, k=1)]
    gamma = 1 / (2 * np.median(chords) ** 2)
    kxx, kyy, kxy = (rbf_kernel(a, b, gamma=gamma) for a, b in ((x, x), (y, y), (x, y)))
    off = ~np.eye(30, dtype=bool)
    expected = kxx[off].mean() + kyy[off].mean() - 2 * kxy.mean()
    assert distance(MMDMeasure(), pair) == pytest.approx(expected, abs=1e-12)


def test_frechet_equals_scipy_and_scikit_learn() -> None:
    x, y, pair = two()
    a, b = ledoit_wolf(x)[0], ledoit_wolf(y)[0]
    assert np.abs(ledoit_wolf_covariance(x) - a).max() < 1e-10
    apart = x.mean(axis=0) - y.mean(axis=0)
    root = sqrtm(a @ b).real
    expected = apart @ apart + np.trace(a) + np.trace(b) - 2 * np.trace(root)
    assert distance(FrechetMeasure(), pair) == pytest.approx(expected, abs=1e-8)


def test_sliced_wasserstein_equals_pot() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ot = pytest.importorskip("ot")
    for count in (30, 31):
        x, y, pair = two(count=count)
        expected = ot.sliced_wasserstein_distance(x, y, projections=fixed_random_directions(6)) ** 2
        assert distance(SlicedMeasure(), pair) == pytest.approx(expected, abs=1e-12)
    # many labellings at once go another way
    state, labels = SlicedMeasure().precompute(pair), np.stack([pair.owner, ~pair.owner])
    found = SlicedMeasure().distances_by_labelling(state, labels)
    assert found == pytest.approx([expected, expected], abs=1e-12)


def test_classifier_equals_ridge_refitted_for_every_fold() -> None:
    _, _, pair = two(shift=0.2, per_scene=2)
    fold, y = pair.fold_of_each_part(5)[pair.part], pair.owner[pair.part]
    share = y.mean()
    target = np.where(y, 1 / share, -1 / (1 - share))
    rows = pair.unit - pair.unit.mean(axis=0)
    strength = 0.1 * np.trace(rows.T @ rows) / 6
    predicted = np.empty(len(y))
    for each in range(5):
        # the penalty is on the directions of all images' spread, its centre moves with the fold
        model = Ridge(alpha=strength).fit(pair.unit[fold != each], target[fold != each])
        predicted[fold == each] = model.predict(pair.unit[fold == each])
    expected = 2 * balanced_accuracy_score(y, predicted > 0) - 1
    assert distance(ClassifierMeasure(), pair) == pytest.approx(expected, abs=1e-12)


def test_neighbours_equal_scikit_learn() -> None:
    _, _, pair = two()
    found = NearestNeighbors(n_neighbors=4).fit(pair.unit).kneighbors(pair.unit)[1][:, 1:]
    y = pair.owner
    other = (y[found] != y[:, None]).mean(axis=1)
    expected = 1 - (other[y].mean() + other[~y].mean())
    assert distance(NeighbourMeasure(), pair) == pytest.approx(expected, abs=1e-12)


def test_neighbours_are_of_other_scenes() -> None:
    # four copies of every image: its copies would be its nearest
    x = np.repeat(two()[0], 4, axis=0)
    pair = pair_samples(sample(x, 0, 4), sample(two(seed=1)[1], 10**6))
    state = NeighbourMeasure().precompute(pair)
    scene = pair.scene_of_part[pair.part]
    assert (scene[state.indices] != scene[:, None]).all()


@pytest.mark.parametrize("measure", [CosineMeasure(), EnergyMeasure(), MMDMeasure()])
def test_pairs_within_a_scene_are_left_out(measure: object) -> None:
    x, y, _ = two()
    once = pair_samples(sample(x, 0), sample(y, 10**6))
    # every image three times, as three images of one scene
    thrice = pair_samples(
        sample(np.repeat(x, 3, axis=0), 0, 3), sample(np.repeat(y, 3, axis=0), 10**6, 3)
    )
    assert distance(measure, thrice) == pytest.approx(distance(measure, once), abs=1e-10)


def test_shared_scenes_are_left_out_between_sets_too() -> None:
    x, _, _ = two()
    near = unit_rows(x + 0.01 * np.random.default_rng(1).normal(size=x.shape))
    pair = pair_samples(sample(x, 0), sample(near, 0))
    products = x @ near.T
    off = ~np.eye(30, dtype=bool)
    within = ((x @ x.T)[off].mean() + (near @ near.T)[off].mean()) / 2
    expected = within - products[off].mean()
    assert distance(CosineMeasure(), pair) == pytest.approx(expected, abs=1e-12)


def test_known_values_of_gaussians_with_one_covariance() -> None:
    # means apart by m: Frechet |m|², slices |m|²/d along whole bases, whatever the shared spread
    generator = np.random.default_rng(2)
    x = generator.normal(size=(700, 6)) * 0.3
    y = generator.normal(size=(700, 6)) * 0.3
    y[:, 0] += 0.5
    pair = pair_samples(sample(x, 0), sample(y, 10**6))
    assert distance(FrechetMeasure(), pair) == pytest.approx(0.25, rel=0.1)
    assert distance(SlicedMeasure(), pair) == pytest.approx(0.25 / 6, rel=0.1)
    # half the squared distance of the means
    assert distance(CosineMeasure(), pair) == pytest.approx(0.125, rel=0.1)


def test_known_value_of_opposite_directions() -> None:
    x, _, _ = two(count=400)
    assert distance(
        DirectionMeasure(), pair_samples(sample(x, 0), sample(-x, 10**6))
    ) == pytest.approx(2.0, abs=0.02)


def test_p_is_exact_for_every_measure() -> None:
    # one set in two halves: p is uniform on its steps, here 1/10 to 1
    measures = {"cosine": CosineMeasure(), "classifier": ClassifierMeasure()}
    found: dict[str, list[float]] = {name: [] for name in measures}
    for seed in range(100):
        x, _, _ = two(seed, count=40, per_scene=2)
        pair = pair_samples(sample(x[:20], 0, 2), sample(x[20:], 10**6, 2))
        for name, measure in measures.items():
            found[name].append(permutation_p_value(pair, measure, permutations=9, seed=seed))
    for values in found.values():
        steps = np.bincount(np.rint(10 * np.array(values)).astype(int), minlength=11)
        assert steps[0] == 0
        assert steps[1] <= 20  # 10 expected; above with probability 0.001
        assert abs(np.mean(values) - 0.55) < 0.09


def test_shared_scenes_swap_their_labels_together() -> None:
    x, y, _ = two()
    pair = pair_samples(sample(x, 0), sample(y, 15))  # half of the scenes stand in both
    labels = pair.permuted_owners(50, seed=0)
    shared = np.flatnonzero(pair.in_shared_scene_mask)
    first, second = shared[::2], shared[1::2]
    assert (pair.scene_of_part[first] == pair.scene_of_part[second]).all()
    assert (labels[:, first] != labels[:, second]).all()
    alone = ~pair.in_shared_scene_mask
    assert (labels[:, alone].sum(axis=1) == pair.owner[alone].sum()).all()
    assert 0.3 < labels[:, first].mean() < 0.7


def test_adjusted_p_equal_scipys() -> None:
    generator = np.random.default_rng(4)
    p = np.full((7, 7), np.nan)
    rows, columns = np.triu_indices(7, k=1)
    p[rows, columns] = p[columns, rows] = generator.random(21) ** 3
    p[0, 1] = p[1, 0] = np.nan
    found, tested = benjamini_hochberg(p), np.isfinite(p[rows, columns])
    expected = false_discovery_control(p[rows, columns][tested])
    assert np.abs(found[rows, columns][tested] - expected).max() < 1e-12
    assert np.isnan(found[0, 1])
    assert np.isnan(np.diag(found)).all()
    assert np.array_equal(found, found.T, equal_nan=True)


def test_bootstrap_interval_is_that_of_students_t_for_a_mean() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=12)
    weights = generator.multinomial(12, np.full(12, 1 / 12), size=40_000)
    low, high = interval_from_resamples(float(values.mean()), weights @ values / 12, scenes=12)
    half = 2.200985 * values.std(ddof=1) / np.sqrt(12)  # t of 11 degrees of freedom
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_pairs_of_scenes_are_not_counted_twice_in_an_interval() -> None:
    # Of two samples of one distribution, where nothing of energy distance's variance is linear.
    values, variances = [], []
    for seed in range(80):
        rows = unit_rows(np.random.default_rng(seed).normal(size=(48, 6)) + np.eye(6)[0])
        pair = pair_samples(sample(rows[:24], 0), sample(rows[24:], 10**6))
        value = distance(EnergyMeasure(), pair)
        low, _ = subsample_interval(
            pair, value, lambda part: distance(EnergyMeasure(), part), squared=True
        )
        values.append(value)
        variances.append(((value - low) / stdtrit(16, 0.975)) ** 2)
    assert np.mean(variances) / np.var(values) == pytest.approx(1, abs=0.35)  # 2 if counted twice


def test_no_interval_from_too_little() -> None:
    drawn = np.random.default_rng(6).normal(size=100)
    assert np.isnan(interval_from_resamples(0.0, drawn, scenes=4)).all()
    drawn[:20] = np.nan
    assert np.isnan(interval_from_resamples(0.0, drawn, scenes=40)).all()
    assert np.isnan(interval_from_resamples(0.0, np.zeros(0), scenes=40)).all()
