from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainmer_analysis.numerics import angle_between, angles_to_xyz
from rainmer_analysis.values import Rows, Space, SphereMap

REAL = st.floats(-300, 300)


def as_map(points: np.ndarray) -> SphereMap:
    names = [f"a/{i}" for i in range(len(points))]
    frame = pd.DataFrame({"image_id": names, "dataset": "a", "group": names})
    return SphereMap(points, Rows(frame), Space("x", "y", "0" * 64, "bilinear-128", "exact"))


@given(st.tuples(REAL, REAL))
def test_any_angles_give_a_unit_vector(pair: tuple[float, float]) -> None:
    assert np.linalg.norm(angles_to_xyz([pair])) == pytest.approx(1, abs=1e-14)


@given(st.floats(0.01, np.pi - 0.01), st.floats(-np.pi + 0.01, np.pi - 0.01))
def test_angles_in_range_are_found_again(colatitude: float, longitude: float) -> None:
    x, y, z = angles_to_xyz([[colatitude, longitude]])[0]
    assert np.arctan2(np.hypot(x, y), z) == pytest.approx(colatitude, abs=1e-12)
    assert np.arctan2(y, x) == pytest.approx(longitude, abs=1e-12)


@given(REAL, REAL)
def test_antipode(colatitude: float, longitude: float) -> None:
    here = angles_to_xyz([[colatitude, longitude]])
    there = angles_to_xyz([[np.pi - colatitude, longitude + np.pi]])
    assert np.abs(here + there).max() < 1e-12


@given(st.tuples(REAL, REAL), st.tuples(REAL, REAL))
def test_distance_is_the_one_that_is_optimised(
    first: tuple[float, float], second: tuple[float, float]
) -> None:
    # the form whose gradient umap-learn follows: column 0 shifted by a quarter turn
    half_0, half_1 = ((a - b) / 2 for a, b in zip(first, second, strict=True))
    hav = np.sin(half_0) ** 2 + np.sin(first[0]) * np.sin(second[0]) * np.sin(half_1) ** 2
    expected = 2 * np.arcsin(np.sqrt(np.clip(hav, 0, 1)))
    a, b = angles_to_xyz([first, second])
    assert angle_between(a, b) == pytest.approx(expected, abs=1e-6)
    assert np.sin(angle_between(a, b) / 2) ** 2 == pytest.approx(hav, abs=1e-12)


def test_poles_and_equator() -> None:
    points = angles_to_xyz([[0, 2], [np.pi, 2], [np.pi / 2, 0], [np.pi / 2, np.pi / 2]])
    expected = [[0, 0, 1], [0, 0, -1], [1, 0, 0], [0, 1, 0]]
    assert np.abs(points - np.array(expected)).max() < 1e-15
    made = as_map(points)
    assert made.lat == pytest.approx([90, -90, 0, 0], abs=1e-5)
    assert made.lon[2:] == pytest.approx([0, 90], abs=1e-5)


def test_published_angles(oracle: Path) -> None:
    with np.load(oracle / "umap_io.npz") as stored:
        io = dict(stored)
    points = angles_to_xyz(io["emb"])
    # angles of a few hundred radians in float32 carry 1e-5 through the stored sines
    assert np.abs(points - io["xyz"]).max() < 1e-5
    made = as_map(points)
    assert np.abs(angle_between(angles_to_xyz(io["emb"]), io["xyz"].astype(float))).max() < 1e-5
    assert made.lat == pytest.approx(np.degrees(io["lat"]), abs=1e-3)
    turn = (made.lon - np.degrees(io["lon"]) + 180) % 360 - 180
    assert np.abs(turn * np.cos(io["lat"])).max() < 1e-3
    # what the authors plotted is ours, mirrored and shifted: (90 - lon, 90 - lat), in radians
    x, y, z = points.T
    lon, lat = np.radians(made.lon), np.radians(made.lat)
    wrapped = (np.pi / 2 - lon + np.pi) % (2 * np.pi) - np.pi
    off = (wrapped - io["author_x"] + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(off * np.cos(lat)).max() < 1e-5
    assert np.abs(np.pi / 2 - lat - io["author_y"]).max() < 1e-3
    assert np.abs((np.arctan2(x, y) - io["author_x"]) * np.hypot(x, y)).max() < 1e-5
    assert np.abs(np.arccos(z) - io["author_y"]).max() < 1e-3
    assert made.lon.min() < -90
    assert made.lat.min() < 0 < made.lat.max()
