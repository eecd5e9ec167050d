from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.sphere import project
from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap

Make = Callable[..., EmbeddingTable]


@pytest.fixture(scope="session")
def make() -> Make:
    """Build a table from vectors of any length and, optionally, image names."""

    def build(vectors: np.ndarray, names: Sequence[str] | None = None) -> EmbeddingTable:
        ids = [f"a/{i}.png" for i in range(len(vectors))] if names is None else list(names)
        frame = pd.DataFrame({"image_id": ids, "dataset": "a", "group": ids})
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        space = Space("rainmer", "chromatic", "0" * 64, "bilinear-128", "exact")
        return EmbeddingTable(unit, Rows(frame), space, {"encoder": {"name": "rainmer"}})

    return build


@pytest.fixture(scope="session")
def clusters(make: Make) -> EmbeddingTable:
    """Three clusters of 50 rows in 12 dimensions."""
    generator = np.random.default_rng(0)
    centres = np.repeat(2.5 * generator.normal(size=(3, 12)), 50, axis=0)
    return make(centres + generator.normal(size=(150, 12)))


@pytest.fixture(scope="session")
def projected(clusters: EmbeddingTable) -> SphereMap:
    return project(clusters, neighbors=15)
