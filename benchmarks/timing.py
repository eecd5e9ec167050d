"""Timing two ways of doing the same thing side by side."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from rainmer_analysis.images import write_png
from rainmer_analysis.weather import simulate

__all__ = ["in_turn", "machine", "pairs", "simulated", "summary", "write"]


def pairs(
    slow: Callable[[], Any], fast: Callable[[], Any], *, rounds: int
) -> list[tuple[float, float]]:
    """Time both in turn, after one warm-up of each; the order changes from round to round.

    Neighbouring runs share what the machine is doing at that time, so their ratio is steadier than
    either time.

    Returns
    -------
    Seconds of `slow` and of `fast` for each round.
    """
    slow()
    fast()
    found = []
    for number in range(rounds):
        if number % 2:
            second = _seconds(fast)
            first = _seconds(slow)
        else:
            first = _seconds(slow)
            second = _seconds(fast)
        found.append((first, second))
    return found


def in_turn(
    ways: dict[str, Callable[[Any], Any]], tasks: list[Any]
) -> dict[str, list[tuple[float, float]]]:
    """Do every task in every way; which way is first changes from task to task.

    The first task is done once before in every way, for warmth.

    Returns
    -------
    Seconds by the clock and seconds of processor time, of each way for each task. The latter do
    not count waiting for a processor that others use, but they count threads that wait for each
    other while turning, so they are fair with one thread only.
    """
    names = list(ways)
    for name in names:
        ways[name](tasks[0])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for number, task in enumerate(tasks):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = time.perf_counter(), time.process_time()
            ways[name](task)
            found[name].append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return found


@contextmanager
def simulated(folder: Path | None, *, count: int) -> Iterator[Path]:
    """Give the folder itself, or a temporary one with simulated rainy photographs."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory() as place:
        for index in range(count):
            pair = simulate("sim-Rain200H", index, size=(321, 481))
            write_png(pair.rainy, Path(place) / f"{index:04d}.png")
        yield Path(place)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def summary(found: list[tuple[float, float]], *, items: int) -> dict[str, Any]:
    """Give milliseconds per item of both, and the median and range of their ratios."""
    ratios = [first / second for first, second in found]
    return {
        "reference_ms": round(1e3 * median(first for first, _ in found) / items, 1),
        "ours_ms": round(1e3 * median(second for _, second in found) / items, 1),
        "ratio": round(median(ratios), 2),
        "ratio_low": round(min(ratios), 2),
        "ratio_high": round(max(ratios), 2),
        "rounds": len(found),
    }


def machine() -> dict[str, Any]:
    """Say what the numbers were measured on."""
    return {
        "cpu_count": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def write(path: str | Path, document: dict[str, Any]) -> None:
    """Write a document as JSON."""
    Path(path).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
