"""Speed and memory of restoration by image size, and the published configuration in all variants.

    python -m benchmarks.findings.restoration [--weights FILE] [--full] [--out FILE.json]

Every number comes from a fresh process that restores one random image and tells how long that
took and how large it has ever been. Each size is restored in tiles, as `derain` does, and up to
--whole pixels in one piece too: what tiles cost in time and save in memory. Without --weights the
network is that of the configuration `compact` with random weights, which takes the same time.

With --full, each published variant of the full configuration is built with random weights, saved
as safetensors, loaded back, compared with what was saved, and restores an image of --full-size.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.timing import machine, write
from rainmer_analysis.infer import load_restorer
from rainmer_analysis.infer.tiles import TILE
from rainmer_analysis.model.checkpoint import save_weights
from rainmer_analysis.model.restorer import VARIANTS, Restorer, RestorerConfig
from rainmer_analysis.model.restorer.restorer_checkpoint import load_restorer_checkpoint
from rainmer_analysis.train import read_train_config

SIZES = ("256x256", "481x321", "512x512", "1024x1024", "2048x2048")


def peak() -> float:
    """Give the largest resident set that this process has had, MB."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        # in bytes on macOS; elsewhere in kilobytes, but the largest of a parent counts too
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest / (2**20 if sys.platform == "darwin" else 2**10)


def restored(weights: str, size: str, tile: int, rounds: int) -> dict[str, Any]:
    """Restore a random image of WIDTHxHEIGHT in this process."""
    width, height = (int(side) for side in size.split("x"))
    restorer = load_restorer(weights, device="cpu")
    image = np.random.default_rng(0).random((1, 3, height, width), dtype=np.float32)
    restorer.restore(image[:, :, :64, :64])
    loaded, seconds = peak(), []
    for _ in range(rounds):
        start = time.perf_counter()
        restorer.restore(image, tile=tile)
        seconds.append(time.perf_counter() - start)
    return {
        "size": size,
        "tile": tile,
        "seconds": round(median(seconds), 2),
        "megapixels_per_second": round(height * width / 1e6 / median(seconds), 4),
        "loaded_mb": round(loaded),
        "peak_mb": round(peak()),
    }


def full(variant: str, folder: str, size: str, rounds: int) -> dict[str, Any]:
    """Build, save, load, compare and use a variant of the full configuration in this process."""
    torch.manual_seed(0)
    module = Restorer(RestorerConfig(variant))
    path = save_weights(module, Path(folder) / f"{variant}.safetensors", kind="restorer")
    back = load_restorer_checkpoint(path)
    state = module.state_dict()
    exact = set(state) == set(back.state)
    exact = exact and all(torch.equal(state[name], back.state[name]) for name in state)
    told = {
        "variant": variant,
        "tensors": len(state),
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "exact": exact and back.config == module.config,
    }
    del module, state, back
    try:
        return told | restored(str(path), size, TILE, rounds)
    finally:
        path.unlink()


def apart(job: Sequence[Any]) -> dict[str, Any]:
    """Do a job, [name of the function, its parameters ...], in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--job", json.dumps(job)],
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def by_size(
    weights: str, sizes: Sequence[str], whole: int, rounds: int
) -> Iterator[dict[str, Any]]:
    """Restore images of all sizes in tiles, and in one piece what is small enough for that."""
    for size in sizes:
        sides = [int(side) for side in size.split("x")]
        pieces = [TILE]
        if max(sides) > TILE and sides[0] * sides[1] <= whole:
            pieces.append(-(-max(sides) // 8) * 8)
        for tile in pieces:
            told = apart(["restored", weights, size, tile, rounds])
            _show(size, "tiles" if tile == TILE else "one piece", told)
            yield told


def variants(folder: str, names: Sequence[str], size: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Try variants of the full configuration."""
    for name in names:
        told = apart(["full", name, folder, size, rounds])
        same = "comes back exactly" if told["exact"] else "COMES BACK CHANGED"
        _show(f"{name} ({told['tensors']} tensors, {told['parameters']} numbers)", same, told)
        yield told


def _show(what: str, how: str, told: dict[str, Any]) -> None:
    print(
        f"{what}, {how}: {told['seconds']:.1f} s, {told['megapixels_per_second']:.3f} Mpixel/s, "
        f"{told['peak_mb']} MB at most ({told['loaded_mb']} MB before)",
        flush=True,
    )


def compact(folder: str) -> str:
    """Write a restorer of the shipped configuration with random weights."""
    torch.manual_seed(0)
    path = Path(folder) / "compact.safetensors"
    return str(
        save_weights(Restorer(read_train_config("compact").restorer_config), path, kind="restorer")
    )


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", help="weights of a restorer [random]")
    parser.add_argument("--sizes", nargs="*", default=SIZES, help="WIDTHxHEIGHT ...")
    parser.add_argument(
        "--whole", type=int, default=1 << 20, help="most pixels in one piece [1048576]"
    )
    parser.add_argument("--full", nargs="*", metavar="VARIANT", help="variants [all]")
    parser.add_argument("--full-size", default="481x321", help="WIDTHxHEIGHT [481x321]")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="torch threads [all]")
    parser.add_argument("--out", type=Path, help="JSON file")
    parser.add_argument("--job", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        name, *parameters = given.job
        print(json.dumps({"restored": restored, "full": full}[name](*parameters)))
        return
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    document: dict[str, Any] = {"benchmark": "restoration", "threads": given.threads}
    with tempfile.TemporaryDirectory() as folder:
        weights = given.weights or compact(folder)
        document["network"] = asdict(load_restorer_checkpoint(weights).config)
        work = {"sizes": by_size(weights, given.sizes, given.whole, given.rounds)}
        if given.full is not None:
            names = given.full or list(VARIANTS)
            work["variants"] = variants(folder, names, given.full_size, given.rounds)
        for part, rows in work.items():
            document[part] = []
            for row in rows:
                document[part].append(row)
                if given.out:  # what is measured is kept if the rest takes too long
                    write(given.out, document | {"machine": machine()})


if __name__ == "__main__":
    main()
