"""Which scores see which degradation, and whether they follow its strength.

::

    python -m benchmarks.scores.ladders

A ladder degrades every image of a simulated set more and more: rain over the scene, fog, darkness,
noise, blur and a colour cast, and, as a change of contents, scenes of another simulated set in
growing number. Each rung is related to the set itself, on other scenes, in the spaces of the
hand-made descriptors, which need no weights. A score sees a ladder where the permutation test
tells its last rung from the first at the 5 % level, and follows it where its values move one way,
rung by rung (Spearman's correlation with the rung of at least 0.9).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer.encoders import encoder_spaces, load_encoder
from rainmer_analysis.scores import SCORES, Reference, relate
from rainmer_analysis.values import EmbeddingTable, Rows
from rainmer_analysis.weather import simulate

Images = np.ndarray
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
RECIPES = ("sim-Rain800", "sim-GTAV-balance")


def fog(images: Images, strength: float, generator: np.random.Generator) -> Images:
    """Blend towards a bright grey."""
    del generator
    return images * (1 - 0.7 * strength) + 0.75 * 0.7 * strength


def darkness(images: Images, strength: float, generator: np.random.Generator) -> Images:
    """Scale brightness down to a fifth."""
    del generator
    return images * (1 - 0.8 * strength)


def noise(images: Images, strength: float, generator: np.random.Generator) -> Images:
    """Add Gaussian noise of up to 0.2."""
    return np.clip(images + 0.2 * strength * generator.normal(size=images.shape), 0, 1)


def blur(images: Images, strength: float, generator: np.random.Generator) -> Images:
    """Blur by up to three pixels."""
    del generator
    return gaussian_filter(images, (0, 0, 3 * strength, 3 * strength))


def cast(images: Images, strength: float, generator: np.random.Generator) -> Images:
    """Take red and green away, as under a blue sky."""
    del generator
    return images * np.array([1 - 0.5 * strength, 1 - 0.25 * strength, 1.0])[None, :, None, None]


LADDERS: Mapping[str, Callable[[Images, float, np.random.Generator], Images]] = {
    "fog": fog,
    "darkness": darkness,
    "noise": noise,
    "blur": blur,
    "colour cast": cast,
}


def drawn(name: str, scenes: int, *, clean: bool) -> Images:
    """Simulate the images of a set, clean or as they are."""
    made = [simulate(name, index, size=(128, 128), seed=7) for index in range(scenes)]
    return np.stack([pair.clean if clean else pair.rainy for pair in made])


def rungs(scenes: int) -> dict[str, list[Images]]:
    """Return each ladder's images, rung by rung."""
    clean, rainy = (drawn(RECIPES[0], scenes, clean=each) for each in (True, False))
    night = drawn(RECIPES[1], scenes, clean=True)
    found = {
        name: [
            degrade(clean, strength, np.random.default_rng(3)).astype(np.float32)
            for strength in STRENGTHS
        ]
        for name, degrade in LADDERS.items()
    }
    found["rain"] = [clean + strength * (rainy - clean) for strength in STRENGTHS]
    moved = [round(strength * scenes) for strength in STRENGTHS]
    found["other scenes"] = [np.concatenate([night[:n], clean[n:]]) for n in moved]
    return found


def measure(scenes: int, permutations: int, chosen: list[str]) -> dict[str, Any]:
    """Relate every rung to its ladder's first, half of the scenes on either side."""
    encoder = load_encoder("statistics")
    found: dict[str, Any] = {view: {} for view in encoder.views}
    for ladder, steps in rungs(scenes).items():
        encoded = [encoder.encode(images) for images in steps]
        for view in encoder.views:
            table = _table(encoder, view, [each[view] for each in encoded])
            found[view][ladder] = {name: _follow(table, name, permutations) for name in chosen}
        print(f"{ladder} done", flush=True)
    return found


def _table(encoder: Any, view: str, steps: list[np.ndarray]) -> EmbeddingTable:
    """Put the even scenes of the first rung beside the odd ones of every rung."""
    parts = [("base", 0, 0)] + [(f"rung {step}", step, 1) for step in range(len(steps))]
    rows, vectors = [], []
    for name, step, odd in parts:
        for scene in range(odd, len(steps[0]), 2):
            rows.append((f"{name}/{scene}.png", name, f"{name}-{scene}"))
            vectors.append(steps[step][scene])
    frame = pd.DataFrame(rows, columns=["image_id", "dataset", "group"])
    return EmbeddingTable(
        np.array(vectors), Rows(frame), encoder_spaces(encoder, rule="none")[view]
    )


def _follow(table: EmbeddingTable, name: str, permutations: int) -> dict[str, Any]:
    # a fixed point between the rungs: from the mean of the first one all would be at right angles
    middle = Reference("mean of all rungs", table.vectors.astype(np.float64).mean(axis=0))
    options: dict[str, Any] = {"reference": middle} if name == "centred" else {}
    names = table.rows.column("dataset").astype(str)
    pairs = [
        table.take(np.flatnonzero(np.isin(names, ("base", f"rung {step}"))))
        for step in range(len(STRENGTHS))
    ]
    try:
        values = np.array([relate(pair, score=name, **options).values[0, 1] for pair in pairs])
        p = relate(pairs[-1], score=name, null=permutations, **options).p
    except ParameterError as error:  # a set without a clear mean direction
        return {"values": [None] * len(pairs), "rho": None, "p": None, "refused": str(error)}
    assert p is not None
    known = np.isfinite(values)
    steps = np.arange(len(values))[known]
    rho = (
        spearmanr(steps, values[known])[0] if known.sum() > 2 and np.ptp(values[known]) else np.nan
    )
    return {
        "values": [None if np.isnan(value) else round(float(value), 5) for value in values],
        "rho": None if np.isnan(rho) else round(float(rho), 3),
        "p": None if np.isnan(p[0, 1]) else round(float(p[0, 1]), 4),
    }


def told(found: dict[str, Any]) -> str:
    """Write which scores see which ladder: * seen and followed, + seen, - not."""
    lines = []
    for view, ladders in found.items():
        lines.append(f"{view:20}" + "".join(f"{name:>14}" for name in ladders))
        for score in next(iter(ladders.values())):
            cells = [_mark(ladders[ladder][score]) for ladder in ladders]
            lines.append(f"{score:20}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _mark(cell: dict[str, Any]) -> str:
    if "refused" in cell:
        return "refused"
    if cell["p"] is None or cell["p"] > 0.05:
        return "-"
    return "*" if cell["rho"] is not None and abs(cell["rho"]) >= 0.9 else "+"


def _joined(before: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    return {
        view: {ladder: before[view][ladder] | each for ladder, each in ladders.items()}
        for view, ladders in found.items()
    }


def main() -> None:
    """Print the table; write all values where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=80)
    parser.add_argument("--permutations", type=int, default=99)
    parser.add_argument("--scores", nargs="+", choices=SCORES, default=list(SCORES))
    parser.add_argument("--add", action="store_true", help="keep other scores that the file holds")
    parser.add_argument("--out", type=Path, help="JSON to write")
    options = parser.parse_args()
    start = time.process_time()
    found = measure(options.scenes, options.permutations, options.scores)
    if options.add and options.out.exists():
        found = _joined(json.loads(options.out.read_text(encoding="utf-8"))["found"], found)
    print(told(found))
    document = {"scenes": options.scenes, "strengths": STRENGTHS, "found": found}
    document["processor_s"] = round(time.process_time() - start, 1)
    if options.out:
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
