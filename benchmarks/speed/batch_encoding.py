"""Images encoded in one call from Python, against `extract` of the same from files, on a CPU.

``encode`` of a batch takes images that were read and resized before, as they are in memory;
``extract`` reads and resizes them too. Both are done in turn, and which of them is first changes
from round to round. Vectors of both must be equal within 1e-5.

Run from the top of a checkout: ``python -m benchmarks.speed.batch_encoding [--images FOLDER]
[--weights FILE] [--count N] [--rounds N] [--threads N] [--out FILE]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.timing import in_turn, machine, simulated, write
from rainmer_analysis.images import load_image_set, read_image, resize
from rainmer_analysis.infer import extract, load_encoder
from rainmer_analysis.values import ImageSet

VIEWS = ("chromatic", "degradation")


def measure(images: ImageSet, weights: str | None, rounds: int) -> dict[str, Any]:
    """Time both ways, and compare their vectors."""
    encoder = load_encoder("rainmer", weights, device="cpu")
    paths = images.rows.column("path").tolist()
    batch = np.stack([resize(read_image(path)) for path in paths])
    found: dict[str, Any] = {}

    def encoded(_: int) -> None:
        found["encode"] = encoder.encode(batch)

    def extracted(_: int) -> None:
        tables = extract(images, encoder)
        found["extract"] = {view: tables[view].vectors for view in VIEWS}

    seconds = in_turn({"encode": encoded, "extract": extracted}, list(range(rounds)))
    apart = [np.abs(found["encode"][view] - found["extract"][view]).max() for view in VIEWS]
    assert max(apart) < 1e-5, apart
    result: dict[str, Any] = {"images": len(paths), "largest_difference": float(max(apart))}
    for name, rows in seconds.items():
        result[f"{name}_seconds_wall"] = round(median(row[0] for row in rows), 3)
        result[f"{name}_seconds_cpu"] = round(median(row[1] for row in rows), 3)
    pairs = list(zip(seconds["extract"], seconds["encode"], strict=True))
    for kind, which in (("wall", 0), ("cpu", 1)):
        result[f"ratio_{kind}"] = round(median(old[which] / new[which] for old, new in pairs), 3)
    return result


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of images [simulated]")
    parser.add_argument("--weights", help="file or shipped name [derain]")
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with simulated(options.images, count=options.count) as folder:
        images = load_image_set({"benchmark": folder}, per_dataset=options.count)
        result = measure(images, options.weights, options.rounds)
    result["threads"] = options.threads
    for name, value in result.items():
        print(f"{name.replace('_', ' ')}: {value}")
    print(f"encode is {result['ratio_cpu']} times as fast by processor time, extract being 1")
    if options.out:
        write(options.out, {"machine": machine(), "result": result})


if __name__ == "__main__":
    main()
