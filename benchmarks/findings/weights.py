"""Hold new weights of Rainmer's encoder against old ones.

    python -m benchmarks.findings.weights MANIFEST.toml --weights OLD.safetensors NEW.safetensors \
        --config derain --real FOLDER --cache POOLS --out FILE.json

For each file of weights: per view the accuracy of the nearest neighbour (does the nearest image of
another scene come from the same dataset; mean over datasets, so that each counts alike) with its
95 % bootstrap interval over scenes, over the manifest's real sets; the chromatic margin of
``real_sets.py``; and loss and accuracies of the contrast on the configuration's held-out scenes,
the same batches for all. Claims are re-counted by ``make reproduce`` once weights ship.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.model.checkpoint import load_weights
from rainmer_analysis.numerics import nearest, scene_weights
from rainmer_analysis.recipes.embed import extract
from rainmer_analysis.recipes.training import make_pool
from rainmer_analysis.scores import bootstrap, night_margin_statistic
from rainmer_analysis.train import EncoderObjective, read_config
from rainmer_analysis.values import EmbeddingTable, plain, write_json

_BATCHES = 25
_RESAMPLES = 2000


def neighbour_accuracy(table: EmbeddingTable, *, seed: int = 42) -> dict[str, Any]:
    """Give the share of images whose nearest neighbour in other scenes is of their dataset."""
    labels = np.array(table.rows.column("dataset"))
    scenes = np.array(table.rows.column("group"))
    near = nearest(table.vectors, 1, groups=scenes).indices[:, 0]
    hit = (labels[near] == labels).astype(float)
    names = sorted(set(labels))

    def mean(weights: np.ndarray) -> float:
        shares = [
            np.average(hit[labels == name], weights=weights[labels == name])
            for name in names
            if weights[labels == name].sum() > 0
        ]
        return float(np.mean(shares))

    # Scenes are drawn again, those that stand in several datasets jointly; sets that hold the
    # same scenes are one stratum, so that none is ever empty.
    unique, scene = np.unique(scenes, return_inverse=True)
    places = [tuple(sorted(set(labels[scene == k]))) for k in range(len(unique))]
    strata = np.unique(["/".join(place) for place in places], return_inverse=True)[1]
    blocks = scene_weights(strata, resamples=_RESAMPLES, seed=seed)
    drawn = [mean(row[scene]) for block in blocks for row in block]
    return {
        "accuracy": mean(np.ones(len(hit))),
        "low": float(np.percentile(drawn, 2.5)),
        "high": float(np.percentile(drawn, 97.5)),
        "by_dataset": {name: float(hit[labels == name].mean()) for name in names},
    }


def held_out(file: str, given: argparse.Namespace) -> dict[str, float]:
    """Give loss and accuracies on held-out scenes of the training images."""
    changes = {"run.validation_batches": str(_BATCHES), "run.precision": '"float32"'}
    if given.real:
        changes["data.real"] = f'"{given.real}"'
    config = read_config(given.config, changes=changes)
    objective = EncoderObjective(config, make_pool(config, given.cache))
    weights = load_weights(file)
    for encoder in objective.encoders:
        encoder.load_state_dict(weights.state)
    return objective.validate()


def judge(file: str, given: argparse.Namespace) -> dict[str, Any]:
    """Measure one file of weights."""
    tables = extract([given.manifest], "rainmer", weights=file)
    margin = bootstrap(tables["chromatic"], night_margin_statistic(given.night))
    return {
        "sha256": load_weights(file).sha256,
        "metadata": dict(load_weights(file).metadata),
        "neighbours": {view: neighbour_accuracy(table) for view, table in tables.items()},
        "margin": {"value": margin.value, "low": margin.low, "high": margin.high},
        "held_out": held_out(file, given),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest")
    parser.add_argument("--weights", nargs="+", required=True)
    parser.add_argument("--night", default="night")
    parser.add_argument("--config", default="derain")
    parser.add_argument("--real", default="")
    parser.add_argument("--cache", type=Path, default=Path("pools"))
    parser.add_argument("--out", type=Path, default=Path("figures/reference/weights.json"))
    given = parser.parse_args()
    document: dict[str, Any] = {
        "kind": "weights",
        "date": datetime.now(UTC).date().isoformat(),
        "batches": _BATCHES,
        "weights": [],
    }
    for file in given.weights:
        found = judge(file, given)
        document["weights"].append(found)
        print(found["sha256"][:12], found["metadata"])
        for view, own in found["neighbours"].items():
            interval = f"[{own['low']:.3f}, {own['high']:.3f}]"
            print(f"  nearest neighbour, {view:12} {own['accuracy']:.3f} {interval}")
        margin = found["margin"]
        interval = f"[{margin['low']:+.3f}, {margin['high']:+.3f}]"
        print(f"  chromatic margin {margin['value']:+.3f} {interval}")
        print("  held out", {name: round(value, 3) for name, value in found["held_out"].items()})
        write_json(given.out, plain(document))


if __name__ == "__main__":
    main()
