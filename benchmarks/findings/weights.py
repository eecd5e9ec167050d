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
from rainmer_analysis.probing import neighbour_hits
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.recipes.training import make_or_open_pair_pool
from rainmer_analysis.scores import bootstrap, make_separation_margin_statistic
from rainmer_analysis.train import RainmerTrainable, read_train_config
from rainmer_analysis.values import EmbeddingTable, to_json_types, write_json

_BATCHES = 25
_RESAMPLES = 2000


def neighbour_accuracy(table: EmbeddingTable) -> dict[str, Any]:
    """Return the share of images whose nearest neighbour in other scenes is of their dataset."""
    hits = neighbour_hits(table)
    low, high = np.percentile(hits.resampled_accuracies(resamples=_RESAMPLES), [2.5, 97.5])
    return {
        "accuracy": hits.accuracy,
        "low": float(low),
        "high": float(high),
        "by_dataset": dict(hits.accuracy_by_dataset),
    }


def held_out(file: str, given: argparse.Namespace) -> dict[str, float]:
    """Give loss and accuracies on held-out scenes of the training images."""
    changes = {"run.validation_batches": str(_BATCHES), "run.precision": '"float32"'}
    if given.real:
        changes["data.real"] = f'"{given.real}"'
    config = read_train_config(given.config, changes=changes)
    objective = RainmerTrainable(config, make_or_open_pair_pool(config, given.cache))
    weights = load_weights(file)
    for encoder in objective.query_and_key_encoders:
        encoder.load_state_dict(weights.state)
    return objective.validate()


def judge(file: str, given: argparse.Namespace) -> dict[str, Any]:
    """Measure one file of weights."""
    tables = extract([given.manifest], "rainmer", weights=file)
    margin = bootstrap(tables["chromatic"], make_separation_margin_statistic(given.night))
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
        write_json(given.out, to_json_types(document))


if __name__ == "__main__":
    main()
