"""The layout on the sphere against umap-learn: time and fidelity, side by side in one run.

::

    python -m benchmarks.maps.sphere published [--table TABLE...]  # the published call, warm, cold
    python -m benchmarks.maps.sphere faithful [--table TABLE...]   # against the plane, five seeds
    python -m benchmarks.maps.sphere plane                         # 20,000 x 128, seeded, in all
    python -m benchmarks.maps.sphere layout                        # 100,000 x 64, the same graph

`sphere_growth.py` says how time and memory grow, `sphere_placing.py` how new images are placed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import umap
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from umap.umap_ import simplicial_set_embedding

from benchmarks.maps.noisy import clusters, unit
from benchmarks.maps.published_map import published_map
from benchmarks.timing import machine, pairs, summary, write
from rainmer_analysis.sphere import SphereUMAP
from rainmer_analysis.sphere.sphere_layout import EPOCHS, radius_for_rows
from rainmer_analysis.sphere.umap_s2 import (
    AttractionCurve,
    fuzzy_graph,
    nearest_rows,
    optimise_layout,
    spectral_start,
)
from rainmer_analysis.values import read

NEIGHBORS = 50
Floats = np.ndarray[Any, np.dtype[np.float64]]


def ours(rows: Floats, seed: int = 42, neighbors: int = NEIGHBORS) -> Floats:
    """Lay out with the defaults."""
    return SphereUMAP(neighbors, random_state=seed).fit_transform(rows)


def plane(rows: Floats, seed: int = 42) -> Floats:
    """Lay out in umap-learn's plane."""
    model = umap.UMAP(
        n_neighbors=NEIGHBORS, min_dist=0.0, random_state=seed, metric="euclidean"
    )  # chords of unit rows order as great circles do
    return np.asarray(model.fit_transform(rows.astype(np.float32)))


OURS = """
import sys, numpy
from rainmer_analysis import SphereUMAP
SphereUMAP().fit_transform(numpy.load(sys.argv[1]))
"""


def judged(rows: Floats, points: Floats) -> tuple[float, float]:
    """Give trustworthiness and continuity at 15 neighbours."""
    return (
        float(trustworthiness(rows, points, n_neighbors=15)),
        float(trustworthiness(points, rows, n_neighbors=15)),
    )


def data(arguments: argparse.Namespace) -> dict[str, Floats]:
    """Give the rows to compare on by name."""
    found = {} if arguments.only_tables else {"six clusters, 3000 x 128": clusters(3000, 128)}
    for path in arguments.table:
        name = f"{Path(path).parent.name}/{Path(path).name}"
        found[name] = unit(read(path).vectors.astype(np.float64))
    return found


def compare_published(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare time, warm and cold, and fidelity with the published call."""
    made = {}
    for name, rows in data(arguments).items():
        theirs, mine = published_map(rows), ours(rows)
        runs = [
            (timed(lambda r=rows: published_map(r)), timed(lambda r=rows: ours(r)))
            for _ in range(arguments.rounds)
        ]
        warm, cold = ratios(runs), ratios([fresh(rows) for _ in range(arguments.rounds)])
        scores = {"published": judged(rows, theirs), "ours": judged(rows, mine)}
        made[name] = {"warm": warm, "cold": cold, **scores}
        print(f"{name}: warm {warm}, cold {cold}, {scores}", flush=True)
    return made


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Give seconds on the clock and of the processor, of all threads together."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def ratios(runs: list[tuple[tuple[float, float], tuple[float, float]]]) -> dict[str, float]:
    """Give medians of both and of their ratios; on a busy machine the processor's are steadier."""
    found = {}
    for place, name in enumerate(("clock", "processor")):
        theirs, mine = ([run[side][place] for run in runs] for side in (0, 1))
        found[f"{name}_theirs_s"] = round(median(theirs), 2)
        found[f"{name}_ours_s"] = round(median(mine), 2)
        found[f"{name}_ratio"] = round(median(a / b for a, b in zip(theirs, mine, strict=True)), 2)
    return found


def fresh(rows: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """Time both in processes of their own, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npy"
        np.save(path, rows)
        theirs = str(Path(__file__).with_name("published_map.py"))
        seconds = []
        for command in ([theirs], ["-c", OURS]):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            subprocess.run([sys.executable, *command, str(path)], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            seconds.append((time.perf_counter() - start, used))
    return seconds[0], seconds[1]


def compare_faithful(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare fidelity with the plane, and the published call if asked for, over five seeds."""
    made = {}
    digits = {} if arguments.only_tables else {"digits": unit(load_digits().data)}
    ways = {"plane": plane, "ours": ours}
    if arguments.published:
        ways["published"] = published_map
    for name, rows in (digits | data(arguments)).items():
        made[name] = {
            way: [judged(rows, lay_out(rows, seed)) for seed in range(5)]
            for way, lay_out in ways.items()
        }
        means = {way: np.mean(found, 0).round(4).tolist() for way, found in made[name].items()}
        print(f"{name}: trustworthiness and continuity, means over five seeds: {means}", flush=True)
    return made


def compare_plane(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare time with the seeded plane, from rows to places."""
    rows = clusters(20_000, 128)
    for way in (plane, ours):  # compiled before it is timed
        way(rows[:500])
    runs = [
        (timed(lambda: plane(rows)), timed(lambda: ours(rows))) for _ in range(arguments.rounds)
    ]
    found = ratios(runs)
    print(f"20,000 x 128, seeded, end to end: {found}", flush=True)
    return found


def compare_layout(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare the time of the layout alone with that of the plane, on all threads."""
    rows = clusters(100_000, 64)
    graph = fuzzy_graph(nearest_rows(rows, 14))
    start = spectral_start(graph, rows, seed=42)
    kernel = AttractionCurve.fitted(min_dist=0.0, spread=1.0, radius=radius_for_rows(len(rows)))

    def theirs() -> object:
        return simplicial_set_embedding(
            rows, graph.to_sparse().tocoo(), 2, 1.0, kernel.a, kernel.b, 1.0, 5,
            arguments.epochs, start[:, :2].astype(np.float32), np.random.RandomState(42),
            "euclidean", {}, False, {}, False, parallel=True,
        )  # fmt: skip

    found = summary(
        pairs(
            theirs,
            lambda: optimise_layout(graph, start, kernel, epochs=arguments.epochs, seed=42),
            rounds=arguments.rounds,
        ),
        items=1,
    )
    print(f"100,000 x 64, {arguments.epochs} epochs: {found['ratio']} x the speed of the plane's")
    return found


PROGRAMS = {
    "published": compare_published,
    "faithful": compare_faithful,
    "plane": compare_plane,
    "layout": compare_layout,
}


def main() -> None:
    """Run the program that the command line names."""
    warnings.simplefilter("ignore")  # umap-learn remarks on its seed
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--table", nargs="*", default=[], help="tables of real embeddings")
    parser.add_argument("--only-tables", action="store_true", help="leave other rows out")
    parser.add_argument("--published", action="store_true", help="of 'faithful': its call too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=200, help="of both, for 'layout'")
    parser.add_argument("--out", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    found = PROGRAMS[arguments.program](arguments)
    if arguments.out:
        settings = {"epochs": EPOCHS, "neighbors": NEIGHBORS}
        document = {"program": arguments.program, "settings": settings, "found": found}
        write(arguments.out, document | {"machine": machine()})


if __name__ == "__main__":
    main()
