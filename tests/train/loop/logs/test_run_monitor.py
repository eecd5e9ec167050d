from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.train.loop.logs.run_monitor import RunMonitor


class Writer:
    """What stands in for TensorBoard's writer, and remembers what it was told."""

    told: list[tuple[object, ...]]

    def __init__(self, folder: str, purge_step: int) -> None:
        Writer.told = [(Path(folder).name, purge_step)]

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.told.append((name, value, step))

    def add_image(self, name: str, sheet: np.ndarray, step: int) -> None:
        self.told.append((name, sheet.shape, step))

    def close(self) -> None:
        self.told.append(("closed",))


def test_curves_go_to_tensorboard_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    spec = importlib.machinery.ModuleSpec("tensorboard", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    watcher = RunMonitor(tmp_path, step=7)
    watcher.add_row({"step": 8, "loss": 0.5, "held_out_loss": float("nan")})
    watcher.add_example_sheet(np.zeros((3, 4, 5), np.uint8), 8)
    watcher.close()
    # What an interrupted run told after its checkpoint is dropped.
    assert Writer.told == [
        ("tensorboard", 8),
        ("loss", 0.5, 8),
        ("examples", (3, 4, 5), 8),
        ("closed",),
    ]


def test_sheets_are_pictures_without_tensorboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    sheet = np.random.default_rng(0).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    watcher = RunMonitor(tmp_path, step=0)
    watcher.add_row({"step": 1, "loss": 0.5})
    watcher.add_example_sheet(sheet, 12)
    watcher.close()
    assert [file.name for file in tmp_path.iterdir()] == ["examples"]
    picture = Image.open(tmp_path / "examples" / "step-0000012.png")
    assert np.array_equal(np.asarray(picture).transpose(2, 0, 1), sheet)
