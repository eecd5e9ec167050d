from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import eigsh

from rainmer_analysis.numerics import align_points, angle_between, unit_rows
from rainmer_analysis.sphere.umap_s2 import (
    AttractionCurve,
    Graph,
    canonical_orientation,
    epoch_kernels,
    fuzzy_graph,
    nearest_rows,
    optimise_layout,
    spectral_start,
)
from rainmer_analysis.sphere.umap_s2.spectral_start import _laplacian_eigenvectors
from rainmer_analysis.values import report_progress_to


def ring(count: int) -> Graph:
    """A closed chain, each vertex joined to both neighbours."""
    own = np.arange(count)
    columns = np.sort(np.stack([(own - 1) % count, (own + 1) % count], axis=1), axis=1)
    starts = np.arange(0, 2 * count + 1, 2, dtype=np.int64)
    weights = np.ones(2 * count, dtype=np.float32)
    return Graph(starts, columns.astype(np.int32).ravel(), weights)


def sphere_points(count: int, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(count, 3)))


@pytest.mark.parametrize(("min_dist", "a", "b"), [(0.0, 1.93, 0.79), (0.1, 1.58, 0.90)])
def test_curve_has_the_published_shape(min_dist: float, a: float, b: float) -> None:
    kernel = AttractionCurve.fitted(min_dist=min_dist, spread=1.0, radius=2.0)
    assert (kernel.a, kernel.b) == pytest.approx((a, b), abs=0.01)


def test_tables_hold_the_gradients_of_the_loss() -> None:
    kernel = AttractionCurve(a=1.5, b=0.9, radius=2.5)
    angle = np.linspace(0.15, 2.6, 40)

    def curve(theta: np.ndarray) -> np.ndarray:
        return 1 / (1 + kernel.a * (kernel.radius * theta) ** (2 * kernel.b))

    h = 1e-5
    pull = (np.log(curve(angle - h)) - np.log(curve(angle + h))) / (2 * h * kernel.radius)
    push = (np.log(1 - curve(angle + h)) - np.log(1 - curve(angle - h))) / (2 * h * kernel.radius)
    for table, expected in zip(kernel.force_tables(), (pull, push), strict=True):
        here = np.zeros((40, 3), dtype=np.float32)
        there = np.zeros_like(here)
        here[:, 0] = 1
        there[:, 0], there[:, 1] = np.cos(angle), np.sin(angle)
        found = np.array(
            [epoch_kernels.tangent_force(a, b, table) for a, b in zip(here, there, strict=True)]
        )
        assert np.abs(found[:, [0, 2]]).max() < 1e-6, "forces are tangents"
        assert found[:, 1] == pytest.approx(expected, rel=8e-3)  # the softening


def test_coincident_and_opposite_points_have_finite_forces() -> None:
    here = np.array([0, 0, 1], dtype=np.float32)
    for table in AttractionCurve.fitted(min_dist=0.0, spread=1.0, radius=3.0).force_tables():
        assert epoch_kernels.tangent_force(here, here, table) == (0, 0, 0)
        assert np.isfinite(epoch_kernels.tangent_force(here, -here, table)).all()
        near = np.array([1e-7, 0, 1], dtype=np.float32)
        assert np.isfinite(epoch_kernels.tangent_force(here, near, table)).all()


def test_a_ring_becomes_a_ring() -> None:
    graph = ring(60)
    kernel = AttractionCurve.fitted(min_dist=0.0, spread=1.0, radius=3.0)
    unit = sphere_points(60)
    points = optimise_layout(graph, spectral_start(graph, unit, seed=0), kernel, epochs=200, seed=0)
    gaps = angle_between(points, np.roll(points, 1, axis=0))
    others = angle_between(points, np.roll(points, 20, axis=0))
    assert gaps.max() < 0.5 * others.min()


def test_steps_are_capped_and_small_at_the_end() -> None:
    graph, start = ring(40), sphere_points(40)
    kernel = AttractionCurve.fitted(min_dist=0.0, spread=1.0, radius=1.0)
    seen: list[int] = []
    with report_progress_to(lambda finished, *_: seen.append(finished)):
        moved = optimise_layout(graph, start, kernel, epochs=1, seed=0, rate=1e6)
    steps = angle_between(start, moved)
    assert steps.max() == pytest.approx(0.3, abs=1e-5)
    assert seen == [1]
    near_zero = optimise_layout(graph, start, kernel, epochs=3, seed=0, rate=1e-9)
    assert angle_between(start, near_zero).max() < 1e-5


def test_an_edge_acts_with_the_probability_of_its_weight() -> None:
    count = 2000
    own = np.arange(2 * count)
    weights = np.full(2 * count, 0.3, dtype=np.float32)
    starts = np.arange(2 * count + 1, dtype=np.int64)
    graph = Graph(starts, (own ^ 1).astype(np.int32), weights)
    start = np.tile([[1.0, 0, 0], [np.cos(1), np.sin(1), 0]], (count, 1))
    kernel = AttractionCurve(a=1.5, b=1.0, radius=1.0)  # no whole number of pushes undoes a pull
    moved = optimise_layout(graph, start, kernel, epochs=1, seed=7, rate=1e-3)
    acted = angle_between(start, moved) > 1e-5
    assert acted.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / (2 * count)))
    other = (
        angle_between(start, optimise_layout(graph, start, kernel, epochs=1, seed=8, rate=1e-3))
        > 1e-5
    )
    assert (acted & other).mean() == pytest.approx(0.09, abs=0.025)


def test_exact_forces_are_what_sampled_ones_have_on_average() -> None:
    count = 40
    unit = sphere_points(count)
    graph = fuzzy_graph(
        nearest_rows(unit_rows(np.random.default_rng(3).normal(size=(count, 9))), 5)
    )
    force_tables = AttractionCurve.fitted(min_dist=0.0, spread=1.0, radius=2.0).force_tables()
    old, step = unit.astype(np.float32), np.float32(1e-3)
    new = np.empty_like(old)
    epoch_kernels.run_exact_epoch(
        old, new, (graph.starts, graph.columns, graph.weights), force_tables, step
    )
    exact = (new - old).astype(float) / 1e-3
    chances = np.minimum(graph.weights.astype(float) * 2**24, 2**24).astype(np.uint32)
    draws = []
    for salt in np.random.SeedSequence(5).generate_state(4000, np.uint64):
        epoch_kernels.run_sampled_epoch(
            old, new, (graph.starts, graph.columns, chances), force_tables, salt, step
        )
        draws.append((new - old).astype(float) / 1e-3)
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert np.abs((np.mean(draws, axis=0) - exact) / (error + 1e-4)).max() < 5


def test_start_spans_the_slowest_eigenvectors() -> None:
    rows = unit_rows(np.random.default_rng(1).normal(size=(400, 5)))
    graph = fuzzy_graph(nearest_rows(rows, 12))
    found = _laplacian_eigenvectors(graph, 3)
    weights = graph.to_sparse().toarray().astype(float)
    roots = np.sqrt(weights.sum(axis=1))
    _, expected = eigsh(weights / np.outer(roots, roots), k=4, which="LA")
    found = found * roots[:, None]
    cosines = np.linalg.svd(np.linalg.qr(found)[0].T @ expected, compute_uv=False)
    assert cosines.min() > 0.99
    assert np.abs(roots @ found).max() < 1e-6


def test_start_is_a_function_of_the_seed() -> None:
    graph, unit = ring(80), sphere_points(80)
    one, again, other = (spectral_start(graph, unit, seed=seed) for seed in (1, 1, 2))
    assert (one == again).all()
    assert 0 < angle_between(one, other).max() < 0.2


def test_components_start_apart() -> None:
    rows = np.repeat(np.eye(8), 30, axis=0) + 1e-3 * np.random.default_rng(0).normal(size=(240, 8))
    unit = unit_rows(rows)
    start = spectral_start(fuzzy_graph(nearest_rows(unit, 5)), unit, seed=0)
    assert np.abs(np.linalg.norm(start, axis=1) - 1).max() < 1e-12
    means = start.reshape(8, 30, 3).mean(axis=1)
    apart = angle_between(unit_rows(means)[:, None], unit_rows(means)[None])
    np.fill_diagonal(apart, np.pi)
    assert apart.min() > 0.3


def test_orientation_is_a_convention() -> None:
    points = sphere_points(100) * [3, 2, 1] + [0.5, 0.3, 0.2]
    points = unit_rows(points)
    held = canonical_orientation(points)
    moments = held.T @ held
    assert np.abs(moments - np.diag(np.diag(moments))).max() < 1e-9
    assert (np.diff(np.diag(moments)) < 0).all()
    assert (held.mean(axis=0) > 0).all()
    assert np.abs(align_points(points, held) - held).max() < 1e-9
    for seed in range(3):
        turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
        assert np.abs(canonical_orientation(points @ turn) - held).max() < 1e-9, (
            "mirror images included"
        )
    assert np.abs(canonical_orientation(held) - held).max() < 1e-9


def test_points_without_a_mean_can_be_held() -> None:
    corners = np.concatenate([np.eye(3), -np.eye(3)])
    held = canonical_orientation(corners)
    assert np.abs(held @ held.T - corners @ corners.T).max() < 1e-12
