"""Whose neighbour is a real photograph? New weights beside old ones and controls.

    python -m benchmarks.findings.neighbours MANIFEST.toml [--old OLD.safetensors]
        [--airnet OTHER.safetensors] [--out FILE.json]

For each space the share of images whose nearest image of another scene is of their own dataset,
each dataset counted alike, with its 95 % bootstrap interval over scenes; and what the shipped
weights of Rainmer have above each other space, paired over the same resamples.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.probing.neighbour_accuracy import NeighbourHits, neighbour_hits
from rainmer_analysis.recipes.extract_tables import extract
from rainmer_analysis.values import to_json_types, write_json


def with_interval(hits: NeighbourHits) -> dict[str, Any]:
    """Return an accuracy with its interval, and the shares by dataset."""
    low, high = np.percentile(hits.resampled_accuracies(), [2.5, 97.5])
    return {
        "accuracy": hits.accuracy,
        "low": low,
        "high": high,
        "chance": hits.chance,
        "by_dataset": dict(hits.accuracy_by_dataset),
    }


def above(one: NeighbourHits, other: NeighbourHits) -> dict[str, float]:
    """Return the difference of two accuracies with its paired interval."""
    low, high = np.percentile(
        one.resampled_accuracies() - other.resampled_accuracies(), [2.5, 97.5]
    )
    return {"difference": one.accuracy - other.accuracy, "low": low, "high": high}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest")
    parser.add_argument("--old", help="earlier weights of Rainmer's encoder")
    parser.add_argument("--airnet", help="other weights of AirNet's encoder")
    parser.add_argument("--out", type=Path, default=Path("figures/reference/neighbours.json"))
    given = parser.parse_args()
    asked = [("rainmer", "rainmer", None), ("airnet", "airnet", None)]
    asked.append(("statistics", "statistics", None))
    if given.old:
        asked.append(("earlier rainmer", "rainmer", given.old))
    if given.airnet:
        asked.append(("airnet, other weights", "airnet", given.airnet))
    hits = {
        f"{name}/{view}": neighbour_hits(table)
        for name, encoder, weights in asked
        for view, table in extract([given.manifest], encoder, weights=weights).items()
    }
    own = [name for name in hits if name.startswith("rainmer/")]
    document = {
        "kind": "neighbours",
        "spaces": {name: with_interval(found) for name, found in hits.items()},
        "above": {
            name: {other: above(hits[name], hits[other]) for other in hits if other not in own}
            for name in own
        },
    }
    for name, found in document["spaces"].items():
        print(f"{name:28} {found['accuracy']:.3f} [{found['low']:.3f}, {found['high']:.3f}]")
    for name, others in document["above"].items():
        for other, found in others.items():
            interval = f"[{found['low']:+.3f}, {found['high']:+.3f}]"
            print(f"{name} above {other:28} {found['difference']:+.3f} {interval}")
    write_json(given.out, to_json_types(document))


if __name__ == "__main__":
    main()
