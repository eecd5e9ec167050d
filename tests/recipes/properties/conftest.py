from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.values import PROPERTIES, PropertyTable, Rows


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pairs of every kind: rain, no rain, without partner, bad files, a partner of another size."""
    rng = np.random.default_rng(0)
    place = tmp_path / "rain"
    clean = rng.integers(0, 200, (20, 24, 3), dtype=np.uint8)
    rain = clean.copy()
    rain[:, ::4] += 50
    for name in ("wet", "dry", "small", "torn"):
        save(place / "target" / f"{name}.png", clean[:16] if name == "small" else clean)
    for name in ("wet", "dry", "small", "torn", "alone", "bad"):
        save(place / "input" / f"{name}.png", clean if name == "dry" else rain)
    torn = place / "target" / "torn.png"
    torn.write_bytes(torn.read_bytes()[:200])
    bad = place / "input" / "bad.png"
    bad.write_bytes(b"no image")
    return place


@pytest.fixture
def table(tmp_path: Path) -> PropertyTable:
    """Two datasets of real files, with random measures, scenes of two images and some gaps."""
    import pandas as pd

    rng = np.random.default_rng(1)
    ids = [f"{name}/{number:03}.png" for name in ("a", "b") for number in range(30)]
    for each in ids:
        save(tmp_path / each, rng.integers(0, 255, (8, 9, 3), dtype=np.uint8))
        save(tmp_path / "clean" / each, rng.integers(0, 255, (8, 9, 3), dtype=np.uint8))
    frame = pd.DataFrame(
        {
            "image_id": ids,
            "dataset": [each[0] for each in ids],
            "group": [f"scene-{int(each[2:5]) // 2}" for each in ids],
            "split": None,
            "target": [str(tmp_path / "clean" / each) for each in ids],
            "path": [str(tmp_path / each) for each in ids],
            "sha256": [f"{number:064x}" for number in range(60)],
            "width": 9,
            "height": 8,
        }
    )
    values = rng.random((60, len(PROPERTIES))) * 0.2
    values[3, 0] = np.nan
    return PropertyTable(values, Rows(frame), {"seed": 42, "sampling": {"per_dataset": None}})
