"""What a run leaves to look at while it goes on: curves in TensorBoard, sheets of examples."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rainmer_analysis.train.data import Levels
from rainmer_analysis.values import write_atomically

__all__ = ["RunMonitor"]


class RunMonitor:
    """Writes curves and examples below a run's folder.

    Parameters
    ----------
    folder
        Of the run: ``examples`` holds sheets, ``tensorboard`` curves, where TensorBoard is
        installed.
    step
        Where the run stands; TensorBoard drops what came after it.
    """

    def __init__(self, folder: Path, *, step: int) -> None:
        self._folder = folder
        self._board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            module = importlib.import_module("torch.utils.tensorboard")
            self._board = module.SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def add_row(self, row: Mapping[str, float]) -> None:
        """Take a row of the log."""
        if self._board is None:
            return
        for name, value in row.items():
            if name != "step" and not math.isnan(value):
                self._board.add_scalar(name, value, int(row["step"]))

    def add_example_sheet(self, sheet: Levels, step: int) -> None:
        """Take a sheet of examples, uint8 [3, H, W]."""
        folder = self._folder / "examples"
        folder.mkdir(exist_ok=True)
        image = Image.fromarray(np.ascontiguousarray(sheet.transpose(1, 2, 0)))
        write_atomically(
            folder / f"step-{step:07d}.png", lambda place: image.save(place, format="PNG")
        )
        if self._board is not None:
            self._board.add_image("examples", sheet, step)

    def close(self) -> None:
        """Write out what waits."""
        if self._board is not None:
            self._board.close()
