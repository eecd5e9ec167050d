from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.values import EmbeddingTable, RelationshipMatrix, Rows, Space, SphereMap


@pytest.fixture
def space() -> Space:
    return Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


@pytest.fixture
def rows() -> Rows:
    return Rows(
        pd.DataFrame(
            {
                "image_id": ["A/1.png", "A/ü 'x'.png", "B/1.png"],
                "dataset": ["A", "A", "B"],
                "group": ["s1", "s2", "s1"],
                "split": [None, "test", "train"],
                "target": [None, None, "t/1.png"],
                "path": ["a/1.png", "a/2.png", "b/1.png"],
                "sha256": ["00", "11", "22"],
                "width": [481, 321, 8],
                "height": [321, 481, 8],
            }
        )
    )


def unit(shape: tuple[int, int]) -> np.ndarray:
    drawn = np.random.default_rng(0).normal(size=shape)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def table(rows: Rows, space: Space) -> EmbeddingTable:
    made = {"encoder": {"name": "rainmer", "dim": 48}, "seed": 42, "per_dataset": 500}
    return EmbeddingTable(unit((3, 5)), rows, space, made)


@pytest.fixture
def sphere_map(rows: Rows, space: Space) -> SphereMap:
    return SphereMap(unit((3, 3)), rows, space, {"engine": "x", "seed": 1}, {"continuity": 0.5})


@pytest.fixture
def matrix(space: Space) -> RelationshipMatrix:
    values = [[0.9, -0.25], [-0.25, np.nan]]
    return RelationshipMatrix(
        values, ("A", "B"), "cosine", space, (2, 1), (2, 1), parameters={"self_pairs": False}
    )
