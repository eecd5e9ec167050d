from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.values import EmbeddingTable, Rows, Space

Make = Callable[..., EmbeddingTable]


@pytest.fixture
def make() -> Make:
    """Build a table from vectors of any length, dataset names and, optionally, scenes."""

    def build(
        vectors: np.ndarray, datasets: Sequence[str], groups: Sequence[str] | None = None
    ) -> EmbeddingTable:
        scenes = [f"scene {i}" for i in range(len(datasets))] if groups is None else groups
        frame = pd.DataFrame(
            {
                "image_id": [f"{name}/{i}.png" for i, name in enumerate(datasets)],
                "dataset": list(datasets),
                "group": list(scenes),
            }
        )
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return EmbeddingTable(unit, Rows(frame), Space("x", "y", "0" * 64, "bilinear-128", "exact"))

    return build


@pytest.fixture
def clouds(make: Make) -> EmbeddingTable:
    """Three overlapping datasets of 30, 20 and 12 images; b and c share ten scenes."""
    generator = np.random.default_rng(0)
    names = ["a"] * 30 + ["b"] * 20 + ["c"] * 12
    centres = dict(zip("abc", generator.normal(size=(3, 24)), strict=True))
    vectors = generator.normal(size=(62, 24)) + np.stack([centres[name] for name in names])
    groups = [f"a{i // 2}" for i in range(30)]
    groups += [f"s{i}" for i in range(20)] + [f"s{i}" for i in range(10)] + ["c10", "c10"]
    return make(vectors, names, groups)
