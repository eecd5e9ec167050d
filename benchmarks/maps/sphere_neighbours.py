"""Exact neighbours against pynndescent's: time, recall, and whether threads change what is found.

``sphere_neighbours.py [--rows COUNT]``: 14 neighbours of six noisy clusters in 64 dimensions.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from pynndescent import NNDescent

from benchmarks.maps.noisy import clusters
from benchmarks.timing import machine, write
from rainmer_analysis.sphere.umap_s2 import nearest_rows

NEIGHBORS = 14


def descent(rows: np.ndarray, jobs: int) -> np.ndarray:
    """Give each row's approximate neighbours, itself included."""
    index = NNDescent(
        rows.astype(np.float32),
        metric="euclidean",
        n_neighbors=NEIGHBORS + 1,
        random_state=42,
        n_jobs=jobs,
        low_memory=True,
        max_candidates=60,
    )
    return np.asarray(index.neighbor_graph[0])


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Give the share of exact neighbours that were found."""
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(exact, found, strict=True)]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    nearest_rows(clusters(3000, 64), NEIGHBORS)  # loads compiled code
    descent(clusters(3000, 64), 1)
    rows, found, seconds = clusters(arguments.rows, 64), {}, {}
    for name, jobs in (("exact", 0), ("one thread", 1), ("two threads", 2)):
        start = time.perf_counter()
        found[name] = descent(rows, jobs) if jobs else nearest_rows(rows, NEIGHBORS).indices
        seconds[name] = round(time.perf_counter() - start, 1)
    shown: dict[str, Any] = {
        "seconds": seconds,
        "recall": {name: round(recall(found[name], found["exact"]), 4) for name in found},
        "same_rows_for_both_threads": float(
            (found["one thread"] == found["two threads"]).all(axis=1).mean()
        ),
    }
    print(f"{arguments.rows:,} x 64: {shown}")
    if arguments.out:
        write(arguments.out, {"program": "neighbours", "found": shown, "machine": machine()})


if __name__ == "__main__":
    main()
