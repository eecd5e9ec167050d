"""Simulated sets of the training split: what settings of training are chosen by.

    python -m benchmarks.findings.training_split [--weights FILE...] [--count 16] [--out FILE.json]

For each file of weights and view: the share of images whose nearest image of another scene is of
their own dataset, each dataset counted alike, and the mean cosines between datasets. Beside them,
without any network, how far apart the draws of weather of two datasets lie: the middle of the root
mean squared differences of their standardised descriptors, which the degradation view learns from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.images import resize
from rainmer_analysis.infer import Encoder, load_encoder
from rainmer_analysis.infer.encoders.encoder_contract import encoder_spaces
from rainmer_analysis.probing import neighbour_hits
from rainmer_analysis.scores import relate
from rainmer_analysis.train import describe_degradation
from rainmer_analysis.values import EmbeddingTable, Rows, to_json_types, write_json
from rainmer_analysis.weather import Pair, simulate

MIXTURES = {
    "rain": ("Rain200H", "Rain800", "DDN_1", "DDN_5", "GT-Rain", "GTAV-balance"),
    "weather": ("Snow", "Rain", "Raindrop"),
}
# Scenes from here on: those before it are the first to be trained on.
_FIRST, _SEED = 300, 7


def pairs_of(names: Sequence[str], count: int) -> dict[str, list[Pair]]:
    """Simulate pairs of each dataset, every pair on a scene of its own."""
    return {
        name: [
            simulate(f"sim-{name}", _FIRST + number, split="train", seed=_SEED)
            for number in range(count)
        ]
        for name in names
    }


def weather_distances(pairs: dict[str, list[Pair]]) -> dict[str, dict[str, float]]:
    """Return the median distance of draws of weather between and within datasets."""
    described = {
        name: np.stack([describe_degradation(pair.rainy, pair.clean) for pair in made])
        for name, made in pairs.items()
    }
    every = np.concatenate(list(described.values()))
    scaled = {name: (each - every.mean(0)) / every.std(0) for name, each in described.items()}
    return {
        one: {other: _median_distance(scaled[one], scaled[other]) for other in scaled}
        for one in scaled
    }


def _median_distance(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    distances = np.sqrt(np.square(one[:, None] - other[None]).mean(-1))
    pairs = distances[np.triu_indices(len(one), 1)] if one is other else distances
    return float(np.median(pairs))


def describe_views(pairs: dict[str, list[Pair]], encoder: Encoder) -> dict[str, Any]:
    """Return neighbours and mean cosines of both views."""
    images = np.stack([resize(pair.rainy) for made in pairs.values() for pair in made])
    datasets = [name for name, made in pairs.items() for _ in made]
    scenes = [pair.scene for made in pairs.values() for pair in made]
    names = [f"{name}/{number:03d}" for number, name in enumerate(datasets)]
    frame = pd.DataFrame({"image_id": names, "group": scenes, "dataset": datasets})
    found, own = {}, encoder_spaces(encoder, rule=encoder.preprocessing)
    for view, vectors in encoder.encode(images).items():
        table = EmbeddingTable(vectors, Rows(frame), own[view])
        hits = neighbour_hits(table)
        matrix = relate(table)
        found[view] = {
            "accuracy": hits.accuracy,
            "by_dataset": dict(hits.accuracy_by_dataset),
            "cosines": dict(zip(matrix.datasets, np.asarray(matrix.values).tolist(), strict=True)),
        }
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", nargs="*", default=["derain"])
    parser.add_argument("--count", type=int, default=16, help="images of each dataset")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    encoders = {
        weights: load_encoder("rainmer", weights=weights, device="cpu") for weights in given.weights
    }
    document: dict[str, Any] = {"kind": "training split", "count": given.count, "mixtures": {}}
    for mixture, names in MIXTURES.items():
        pairs = pairs_of(names, given.count)
        found: dict[str, Any] = {"distances": weather_distances(pairs)}
        found["weights"] = {
            weights: {"sha256": encoder.sha256, **describe_views(pairs, encoder)}
            for weights, encoder in encoders.items()
        }
        document["mixtures"][mixture] = found
        print(pd.DataFrame(found["distances"]).round(2).to_string(), "\n")
        for weights, views in found["weights"].items():
            for view in encoders[weights].views:
                each = views[view]
                print(f"{weights}, {view}: nearest neighbour {each['accuracy']:.2f}")
                cosines = pd.DataFrame(each["cosines"], index=list(names)).round(2)
                print(cosines.to_string(), "\n")
    if given.out:
        write_json(given.out, to_json_types(document))


if __name__ == "__main__":
    main()
