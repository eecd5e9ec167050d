"""Training steps on a device: their rate, and that none of them waits for the device."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from rainmer_analysis.train import (
    AirNetTrainable,
    DistributedContext,
    Hooks,
    Pool,
    RainmerTrainable,
    RestorerTrainable,
    train,
)
from rainmer_analysis.train.config import parse_train_config

__all__ = ["KINDS", "rate"]

KINDS: dict[str, Any] = {
    "encoder": RainmerTrainable,
    "airnet": AirNetTrainable,
    "restorer": RestorerTrainable,
}
# The loop reads its numbers at the 20th step at the latest, and there it waits.
_WARM, _LAST = 4, 18
_SMALL = {"blocks": [1, 1, 1, 1], "heads": [1, 1, 2, 2], "crop": 32}


def _pool(seed: int) -> Pool:
    """Make pairs of noise: a step takes as long whatever it sees."""
    levels = np.random.default_rng(seed).integers(0, 256, (24, 3, 192, 192), dtype=np.uint8)
    names = [f"set-{row % 3}" for row in range(len(levels))]
    scenes = [f"scene-{row // 3}" for row in range(len(levels))]
    resized = levels[..., :128, :128]
    arrays = {"degraded": resized, "clean": resized[::-1]}
    natives = {"degraded_native": levels, "clean_native": levels[::-1]}
    return Pool(
        **arrays, **natives, datasets=tuple(names), scene_of_each_row=tuple(scenes), digest="0" * 64
    )


def _config(kind: str, precision: str, *, batch: int, small: bool) -> Any:
    run = {"steps": 1000, "batch": batch, "precision": precision}
    often = {f"{name}_every": 1000 for name in ("checkpoint", "validate", "log")}
    crop = 32 if small else 128
    document: dict[str, Any] = {
        "encoder": "airnet" if kind == "airnet" else "rainmer",
        "model": {"width": "tiny" if small else "full"},
        "data": {"simulated": ["set-0", "set-1", "set-2"], "held_out": 0.0, "native": 192},
        "objective": {"crop": crop, "archive": 8},
        "run": run | often,
    }
    if kind == "restorer":
        document["restorer"] = {"variant": "Rainmer_SA", **(_SMALL if small else {"crop": crop})}
    return parse_train_config(document)


class _Enough(Exception):  # noqa: N818
    pass


def rate(
    kind: str, precision: str, device: torch.device, *, batch: int, small: bool
) -> dict[str, Any]:
    """Train for some steps; those that are timed may not wait for a CUDA device.

    Raises
    ------
    RuntimeError
        A timed step has waited.
    """
    cuda = device.type == "cuda"
    config = _config(kind, precision, batch=batch, small=small)
    objective = KINDS[kind](config, _pool(0), DistributedContext(device))
    seconds = [0.0, 0.0]

    def progress(step: int, _: Mapping[str, float]) -> None:
        if step not in (_WARM, _LAST):
            return
        if cuda:
            torch.cuda.set_sync_debug_mode("default")
            torch.cuda.synchronize()
        seconds[step == _LAST] = time.perf_counter()
        if step == _LAST:
            raise _Enough
        if cuda:
            torch.cuda.set_sync_debug_mode("error")

    with tempfile.TemporaryDirectory() as folder:
        try:
            hooks, place = Hooks(progress=progress), DistributedContext(device)
            train(objective, config, Path(folder), identity="gpu", hooks=hooks, context=place)
        except _Enough:
            pass
        finally:
            if cuda:
                torch.cuda.set_sync_debug_mode("default")
    each = (seconds[1] - seconds[0]) / (_LAST - _WARM)
    return {
        "steps_per_s": 1 / each,
        "queries_per_s": objective.queries_per_batch / each,
        "host_ms_to_read_a_batch": 1e3 * _reading(objective),
        "host_waited": False if cuda else "not on a CPU",
    }


def _reading(objective: Any) -> float:
    """Give the seconds that one thread reads for a batch, which two threads do ahead."""
    found = []
    for number in range(100, 105):
        start = time.perf_counter()
        objective._ahead.make(number)
        found.append(time.perf_counter() - start)
    return median(found)
