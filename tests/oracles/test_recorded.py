"""What is recorded is what the plain code gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from tests.oracles import build, make_recorded, protocol


@pytest.fixture(scope="module")
def recorded() -> Mapping[str, np.ndarray]:
    with np.load(make_recorded.RECORDED) as stored:
        return dict(stored)


def test_encoders(recorded: Mapping[str, np.ndarray]) -> None:
    found = build.vectors()
    assert len(found) == 18
    for name, values in found.items():
        np.testing.assert_allclose(recorded[name], values, rtol=0, atol=1e-6)
        assert values.std() > 0.05


def test_the_restorer(recorded: Mapping[str, np.ndarray]) -> None:
    found = make_recorded.replayed()
    assert sum(name.startswith("replay_topk") for name in found) == 28
    for name, values in found.items():
        np.testing.assert_allclose(recorded[name], values, rtol=0, atol=1e-6)


def test_angles_are_a_layout_of_the_clusters(recorded: Mapping[str, np.ndarray]) -> None:
    points = protocol.analysis(protocol.clusters(), recorded["angles"])["xyz"]
    cosines = points @ points.T - 2 * np.eye(480)
    sets = np.arange(480) // 120
    assert (sets[cosines.argmax(axis=1)] == sets).mean() > 0.9
