"""Reproducing the paper's figures against the published protocol's work, on the same images.

The published protocol encodes image by image (batch 1, eager float32), with a full pass of
Rainmer's encoder for each of its two views and a pass of AirNet's, and lays every space out by the
published call of umap-learn. That is all that is counted on its side: pictures, intervals and
claims cost it nothing. Every way runs in a fresh process, imports and compiling included, on the
same image files and the same weights:

``protocol``
    the published work for figure 2 (six sets, two encoders, three maps)
``same work``
    vectors, maps by umap-learn, and matrices of figure 2, exact: what `reproduce` does for it
``same work, fast``
    the same with ``--precision fast`` and maps by `SphereUMAP`
``figure 2``, ``reproduce``
    the whole commands without cached results, with the shipped weights: pictures in three formats,
    intervals, provenance, and for ``reproduce`` figures 1 and 3 and the comparisons of all claims.
    The protocol's side of the latter is its work for figures 2 and 3 (two views, two maps).

Simulated images are on disk before anything is timed. Run from the top of a checkout:
``python -m benchmarks.speed.reproduction [--per-dataset N] [--width shipped|full] [--out FILE]``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rainmer_analysis.images import load_image_set, read_image, resize
from rainmer_analysis.infer import extract, load_encoder
from rainmer_analysis.infer.encoders.encoder_weights import encoder_weights_path
from rainmer_analysis.model.airnet import AirNetEncoder
from rainmer_analysis.model.checkpoint import build_encoder, load_weights, save_weights
from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.recipes.paper.corpora_and_requests import (
    ALL_IN_ONE,
    CORPORA,
    DERAINING,
    find_or_simulate_sources,
)

SEED = 42
Vectors = dict[str, np.ndarray]


def protocol(manifest: str, weights: dict[str, str], encoders: Sequence[str]) -> Vectors:
    """Do the published work for one figure and give its points by space."""
    from benchmarks.maps.published_map import published_map
    from benchmarks.speed.extraction import VIEWS, published
    from benchmarks.speed.published_protocol import as_published

    images = load_image_set(manifest)
    found: Vectors = {}
    if "rainmer" in encoders:
        module = as_published(build_encoder(load_weights(weights["rainmer"])).eval())
        rows = published(module, images)
        found |= {f"rainmer/{view}": rows[view] for view in VIEWS}
    if "airnet" in encoders:
        module = build_encoder(load_weights(weights["airnet"])).eval()
        paths = images.rows.column("path")
        rows = [_airnet(module, resize(read_image(path))) for path in paths]
        found["airnet/degradation"] = np.concatenate(rows)
    return {space: published_map(rows, SEED) for space, rows in found.items()}


def _airnet(module: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        row = module(torch.from_numpy(image)[None]).out.numpy()
    return np.asarray(row / np.linalg.norm(row, axis=1, keepdims=True))


def same_work(
    manifest: str, weights: dict[str, str], encoders: Sequence[str], *, fast: bool, out: Path
) -> Vectors:
    """Do the same by this package, with matrices: tables on disk, then maps."""
    from rainmer_analysis.scores import relate
    from rainmer_analysis.sphere import project

    images, found = load_image_set(manifest), {}
    engine = "sphere" if fast else "umap-learn"
    for name in encoders:
        precision = "fast" if fast else "exact"
        encoder = load_encoder(name, weights[name], device="cpu", precision=precision)
        tables = extract(images, encoder, out=out)
        for view in ("chromatic", "degradation") if name == "rainmer" else ("degradation",):
            found[f"{name}/{view}"] = project(tables[view], engine=engine, seed=SEED).points
            relate(tables[view])
    return found


def child(options: argparse.Namespace) -> None:
    """Do the work of one way; tell the time of day after each figure."""
    warnings.simplefilter("ignore")
    corpora = [CORPORA[name] for name in options.corpora]
    for corpus in corpora:
        manifest = str(options.work / "simulated" / corpus.name / "simulated.toml")
        weights = json.loads(options.weights)[corpus.name]
        encoders = list(dict.fromkeys(encoder for encoder, _ in corpus.spaces))
        with tempfile.TemporaryDirectory() as place:
            if options.way == "protocol":
                protocol(manifest, weights, encoders)
            else:
                fast = options.way == "fast"
                same_work(manifest, weights, encoders, fast=fast, out=Path(place))
        print(time.time(), flush=True)


def timed(command: Sequence[str]) -> list[float]:
    """Give the seconds of a fresh process: to each figure that it tells of, or to its end."""
    start = time.time()
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    told = done.stdout.split() if "--way" in command else [str(time.time())]
    return [float(each) - start for each in told]


def weights_of(width: str, folder: Path) -> dict[str, dict[str, str]]:
    """Give files of weights by corpus and encoder: shipped, or random of the published width."""
    corpora = (DERAINING, ALL_IN_ONE)
    if width == "shipped":
        return {
            each.name: {
                name: str(encoder_weights_path(name, each.weights))
                for name in ("rainmer", "airnet")
            }
            for each in corpora
        }
    torch.manual_seed(0)
    made = {
        name: str(save_weights(module, folder / f"{name}.safetensors", kind=name, metadata={}))
        for name, module in (("rainmer", RainmerEncoder()), ("airnet", AirNetEncoder()))
    }
    return {each.name: made for each in corpora}


def ways(options: argparse.Namespace, place: Path) -> dict[str, Callable[[], list[float]]]:
    """Give what is timed, by name; each starts a process."""
    weights = json.dumps(weights_of(options.width, place))

    def of(way: str, *corpora: str) -> Callable[[], list[float]]:
        command = [sys.executable, "-m", __spec__.name, "--way", way, "--work", str(place)]
        command += ["--weights", weights, "--corpora", *corpora]
        return lambda: timed(command)

    both = [DERAINING.name, ALL_IN_ONE.name] if options.width == "shipped" else [DERAINING.name]
    found = {
        "protocol": of("protocol", *both),
        "same work": of("exact", DERAINING.name),
        "same work, fast": of("fast", DERAINING.name),
    }
    if options.width == "full":
        return found
    for name, command in (("figure 2", ["figure", "2"]), ("reproduce", ["reproduce"])):
        found[name] = _whole_table(command, options, place)
    return found


def _whole_table(
    command: list[str], options: argparse.Namespace, place: Path
) -> Callable[[], list[float]]:
    out = place / command[0]
    out.mkdir()
    (out / "simulated").symlink_to(place / "simulated")
    full = [sys.executable, "-m", "rainmer_analysis", *command, "--out", str(out), "--quiet"]
    return lambda: timed([*full, "--per-dataset", str(options.per_dataset), "--device", "cpu"])


def report(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Print seconds and ratios, and give them."""
    protocol, found = seconds["protocol"], {}
    for name, (spent, *_) in seconds.items():
        against = protocol[-1] if name == "reproduce" else protocol[0]
        row = {"seconds": round(spent, 1), "protocol_seconds": round(against, 1)}
        found[name] = row | {"ratio": round(against / spent, 2)}
        print(f"{name:16} {spent:8.1f} s   protocol {against:8.1f} s   {against / spent:6.2f} x")
    return found


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-dataset", type=int, default=40, help="images of each set")
    parser.add_argument("--width", choices=("shipped", "full"), default="shipped")
    parser.add_argument("--out", type=Path, help="JSON file")
    for name in ("--way", "--work", "--weights"):  # of a process that this one starts
        parser.add_argument(name, type=Path if name == "--work" else str, help=argparse.SUPPRESS)
    parser.add_argument("--corpora", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        return child(options)
    from benchmarks.timing import machine, write

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for corpus in (DERAINING, ALL_IN_ONE):
            find_or_simulate_sources(
                corpus, place, root=None, per_dataset=options.per_dataset, seed=SEED
            )
        seconds = {name: way() for name, way in ways(options, place).items()}
    print(f"{options.per_dataset} images of each set, weights: {options.width}")
    document: dict[str, Any] = {"benchmark": "reproduction", "per_dataset": options.per_dataset}
    document |= {
        "width": options.width,
        "threads": torch.get_num_threads(),
        "ways": report(seconds),
    }
    if options.out:
        write(options.out, document | {"machine": machine(), "cpus": os.cpu_count()})
    return None


if __name__ == "__main__":
    main()
