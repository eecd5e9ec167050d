"""Image sets, a cheap encoder that counts, and temporary weights."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.model.checkpoint import save_weights
from rainmer_analysis.model.encoder import WIDTHS, RainmerEncoder
from rainmer_analysis.values import ImageSet, Rows


class Plain:
    """Means and deviations of the channels: two views, no network; counts what it sees."""

    name = "plain"
    views = {"chromatic": 4, "degradation": 4}  # noqa: RUF012
    preprocessing = "bilinear-128"
    sha256 = "0" * 64
    api_version = 1

    def __init__(self) -> None:
        self.batches: list[int] = []

    @property
    def seen(self) -> int:
        return sum(self.batches)

    def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
        self.batches.append(len(images))
        one = np.ones((len(images), 1), np.float32)
        found = {
            "chromatic": np.concatenate([images.mean(axis=(2, 3)), one], axis=1),
            "degradation": np.concatenate([images.std(axis=(2, 3)), one], axis=1),
        }
        return {
            view: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
            for view, rows in found.items()
        }


@pytest.fixture(autouse=True)
def _notes_reach_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a command that ran earlier in this process did to the package's logger."""
    monkeypatch.setattr(logging.getLogger("rainmer_analysis"), "propagate", True)


@pytest.fixture
def plain() -> Callable[[], Plain]:
    return Plain


@pytest.fixture
def image_set() -> Callable[..., ImageSet]:
    def make(paths: Sequence[str | Path], *, regions: Sequence[str] | None = None) -> ImageSet:
        n = len(paths)
        ids = [f"set/{index}/{Path(path).name}" for index, path in enumerate(paths)]
        frame = pd.DataFrame(
            {
                "image_id": ids,
                "dataset": ["set"] * n,
                "group": ids,
                "split": [None] * n,
                "path": [str(path) for path in paths],
                "region": list(regions or ["whole"] * n),
                "target": [None] * n,
                "target_region": [None] * n,
            }
        )
        return ImageSet(Rows(frame), {"seed": 42, "per_dataset": None})

    return make


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., list[Path]]:
    def make(count: int, *, height: int = 12, width: int = 20) -> list[Path]:
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        paths = []
        for index in range(count):
            pixels = np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)
            pixels //= 1 + index % 3
            paths.append(folder / f"{index:04d}.png")
            Image.fromarray(pixels).save(paths[-1])
        return paths

    return make


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give narrow random weights of both kinds."""
    folder = tmp_path_factory.mktemp("weights")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        modules = {
            "rainmer": RainmerEncoder(WIDTHS["quarter"]),
            "airnet": AirNetEncoder(AirNetConfig(width=8, out=16)),
        }
    for kind, module in modules.items():
        save_weights(module, folder / f"{kind}.safetensors", kind=kind, metadata={})
    return {kind: folder / f"{kind}.safetensors" for kind in modules}
