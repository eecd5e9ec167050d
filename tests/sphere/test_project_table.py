from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rainmer_analysis.cli.project_command import project as command
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.sphere import DEFAULT_ENGINE, ENGINES, fidelity, layout_engines, project
from rainmer_analysis.sphere.sphere_layout import LayoutParameters
from rainmer_analysis.values import EmbeddingTable, SphereMap

Make = Callable[..., EmbeddingTable]


def test_separates_clusters_and_says_how_it_was_made(
    clusters: EmbeddingTable, projected: SphereMap
) -> None:
    assert projected.rows.labels == clusters.rows.labels
    assert projected.space == clusters.space
    assert dict(projected.parameters) == {
        "engine": DEFAULT_ENGINE,
        "neighbors": 15,
        "min_dist": 0.0,
        "seed": 42,
        "stability": 0,
        "table": clusters.content_sha256,
        "encoder": {"name": "rainmer"},
    }
    assert dict(projected.fidelity) == pytest.approx(fidelity(clusters.vectors, projected.points))
    assert projected.fidelity["trustworthiness"] > 0.85
    cosines = projected.points @ projected.points.T
    np.fill_diagonal(cosines, -2)
    nearest = cosines.argmax(axis=1) // 50
    assert (nearest == np.repeat(np.arange(3), 50)).mean() > 0.97


@pytest.mark.parametrize("engine", ENGINES)
def test_order_of_rows_does_not_matter(clusters: EmbeddingTable, engine: str) -> None:
    order = np.random.default_rng(1).permutation(len(clusters))
    expected = project(clusters, neighbors=15, engine=engine)
    found = project(clusters.take(order), neighbors=15, engine=engine)
    assert (found.points == expected.points[order]).all()
    assert dict(found.fidelity) == dict(expected.fidelity)


def test_rotation_leaves_fidelity_about_the_same(
    clusters: EmbeddingTable, projected: SphereMap
) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(12, 12)))
    turned = replace(clusters, vectors=clusters.vectors @ turn)
    found = project(turned, neighbors=15).fidelity
    for name in ("trustworthiness", "continuity"):
        assert found[name] == pytest.approx(projected.fidelity[name], abs=0.05)


@pytest.mark.parametrize(("engine", "short_of"), [("sphere", 0.0), ("umap-learn", 0.03)])
def test_is_as_faithful_as_the_published_layout(
    oracle: Path, make: Make, engine: str, short_of: float
) -> None:
    with np.load(oracle / "umap_io.npz") as stored:
        vectors, published = stored["X"][::3], stored["xyz"][::3]
    found = project(make(vectors), engine=engine).fidelity
    reference = fidelity(vectors, published)
    for name in ("trustworthiness", "continuity"):
        assert found[name] > reference[name] - short_of


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [4, 5, 16, 17])
def test_few_rows(make: Make, count: int, engine: str) -> None:
    found = project(make(np.random.default_rng(4).normal(size=(count, 8))), engine=engine)
    assert len(found) == count
    assert len(np.unique(found.points, axis=0)) == count


@pytest.mark.parametrize("engine", ENGINES)
def test_duplicates_do_not_break_the_layout(make: Make, engine: str) -> None:
    corners = np.repeat(np.eye(3)[:2], 30, axis=0)
    found = project(make(corners), neighbors=10, engine=engine)
    cosines = found.points @ found.points.T
    np.fill_diagonal(cosines, -2)
    assert (cosines.argmax(axis=1) // 30 == np.repeat([0, 1], 30)).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_says_no_warning(make: Make, engine: str) -> None:
    far_apart = np.repeat(np.eye(4), 20, axis=0)
    far_apart = far_apart + 0.01 * np.random.default_rng(5).normal(size=far_apart.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        project(make(far_apart), neighbors=5, engine=engine)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_rows_are_refused(clusters: EmbeddingTable, count: int) -> None:
    with pytest.raises(ParameterError, match=rf"holds {count} image\(s\), but a map needs .* 4"):
        project(clusters.take(np.arange(count)))


def test_equal_rows_are_refused(make: Make) -> None:
    with pytest.raises(ParameterError, match="all 9 images have the same vector"):
        project(make(np.ones((9, 5))))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"engine": "tsne"}, "no engine 'tsne'; use 'sphere' or 'umap-learn'"),
        ({"neighbors": 1}, "1 neighbors were asked for; a layout needs at least 2"),
        ({"min_dist": -0.1}, "min_dist is -0.1; give a number from 0"),
        ({"min_dist": float("nan")}, "min_dist is nan"),
        ({"min_dist": 1.5}, "min_dist is 1.5"),
        ({"seed": -1}, "the seed is -1; give a whole number"),
        ({"seed": 2**32}, "the seed is 4294967296"),
        ({"stability": -1}, "stability over -1 seeds was asked for"),
    ],
)
def test_wrong_parameters_are_refused(
    clusters: EmbeddingTable, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ParameterError, match=sentence):
        project(clusters, **options)


def test_engines_are_listed_and_fixed() -> None:
    assert tuple(ENGINES) == ("sphere", "umap-learn")
    option = next(each for each in command.params if each.name == "engine")
    assert option.default == DEFAULT_ENGINE
    assert all(name in (option.help or "") for name in ENGINES)
    with pytest.raises(TypeError):
        ENGINES["new"] = ENGINES["umap-learn"]  # type: ignore[index]


def test_stability_is_the_displacement_after_the_best_turn(
    monkeypatch: pytest.MonkeyPatch, clusters: EmbeddingTable
) -> None:
    seen: list[LayoutParameters] = []

    def engine(unit: np.ndarray, layout: LayoutParameters) -> np.ndarray:
        # the same points turned (and mirrored) for odd seeds, two degrees aside in the same sense
        seen.append(layout)
        points = unit[:, :3] / np.linalg.norm(unit[:, :3], axis=1, keepdims=True)
        turn, _ = np.linalg.qr(np.random.default_rng(layout.seed).normal(size=(3, 3)))
        return np.asarray(points @ turn)

    monkeypatch.setattr(layout_engines, "ENGINES", {"turned": engine})
    found = project(clusters, engine="turned", stability=3)
    assert [layout.seed for layout in seen] == [42, 43, 44, 45]
    assert found.fidelity["stability_seeds"] == 3
    assert found.fidelity["stability_degrees"] < 1e-4


def test_stability_of_the_real_engine(clusters: EmbeddingTable) -> None:
    found = project(clusters.take(np.arange(0, 150, 3)), neighbors=10, stability=2)
    assert 0 < found.fidelity["stability_degrees"] < 180
