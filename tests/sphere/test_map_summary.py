from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.numerics import angle_between, unit_rows
from rainmer_analysis.sphere import summarise_map
from rainmer_analysis.values import Rows, Space, SphereMap


def as_map(points: np.ndarray, names: list[str]) -> SphereMap:
    ids = [f"{name}/{i}" for i, name in enumerate(names)]
    frame = pd.DataFrame({"image_id": ids, "dataset": names, "group": ids})
    return SphereMap(points, Rows(frame), Space("x", "y", "0" * 64, "bilinear-128", "exact"))


def blob(centre: list[float], count: int, width: float, seed: int = 0) -> np.ndarray:
    noise = width * np.random.default_rng(seed).normal(size=(count, 3))
    return unit_rows(np.array(centre) + noise)


@pytest.fixture(scope="module")
def two() -> SphereMap:
    points = np.concatenate([blob([1, 0, 0], 300, 0.1), blob([0, 0, 1], 200, 0.3, 1)])
    return as_map(points, ["a"] * 300 + ["b"] * 200)


def test_means_spreads_and_distances(two: SphereMap) -> None:
    seen = summarise_map(two)
    a, b = seen.datasets
    assert (a.name, a.count, b.name, b.count) == ("a", 300, "b", 200)
    assert (a.lon, a.lat) == pytest.approx((0, 0), abs=2)
    assert b.lat == pytest.approx(90, abs=4)
    # two tangent directions of standard deviation 0.1 each
    assert a.spread == pytest.approx(np.degrees(0.1 * np.sqrt(2)), rel=0.1)
    assert b.spread > 2 * a.spread
    assert seen.distances == pytest.approx(np.array([[0, 90], [90, 0]]), abs=4)
    assert seen.map_sha256 == two.content_sha256
    told = seen.document()
    assert "descriptive" in told["note"]
    assert told["datasets"]["a"]["spread_degrees"] == a.spread


def test_contours_hold_the_share_of_density(two: SphereMap) -> None:
    a = summarise_map(two).datasets[0]
    centre, points = a.mean, two.points[:300].astype(float)
    reach = {}
    for share, lines in a.contours.items():
        (line,) = lines
        assert np.abs(np.linalg.norm(line, axis=1) - 1).max() < 1e-12
        # the blob is round, so its contours are about circles
        reach[share] = angle_between(line, centre).mean()
        assert (angle_between(points, centre) < reach[share]).mean() == pytest.approx(
            share, abs=0.08
        )
    assert reach[0.5] < reach[0.95]


def test_turning_a_map_turns_its_summary(two: SphereMap) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    turned = summarise_map(as_map(two.points @ turn, list(two.rows.column("dataset"))))
    expected = summarise_map(two)
    assert turned.distances == pytest.approx(expected.distances, abs=1e-3)
    for one, other in zip(turned.datasets, expected.datasets, strict=True):
        assert one.mean == pytest.approx(other.mean @ turn, abs=1e-5)
        assert one.spread == pytest.approx(other.spread, abs=1e-3)


def test_one_image_and_opposite_images_can_be_described() -> None:
    points = np.array([[1.0, 0, 0], [0, 1, 0], [0, -1, 0]])
    single, opposite = summarise_map(as_map(points, ["one", "two", "two"])).datasets
    assert single.spread == pytest.approx(0, abs=1e-3)
    assert all(single.contours.values())
    assert opposite.spread == 180
    assert np.linalg.norm(opposite.mean) == pytest.approx(1)
