"""What an encoder knows of real sets: whose neighbour an image is, and facts of the matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.probing import NeighbourHits, neighbour_hits
from rainmer_analysis.recipes.probe.probed_encoders import ProbedEncoder
from rainmer_analysis.recipes.probe.real_sets import RealImages
from rainmer_analysis.scores import Statistic, bootstrap
from rainmer_analysis.values import EmbeddingTable

__all__ = ["accuracy_above_controls", "probe_real_sets", "real_sets_document"]

_METHOD = 1


def probe_real_sets(subject: ProbedEncoder, real: RealImages, cache: Path | None) -> dict[str, Any]:
    """Return hits of neighbours and facts of each view, from the folder `cache` if it is there."""

    def measure_views() -> dict[str, Any]:
        tables = subject.extract(real.images)
        return {view: _measure_hits_and_facts(table, real.facts) for view, table in tables.items()}

    return subject.cached_measurement(cache, "real", [_METHOD, real.sha256], measure_views)


def real_sets_document(measured: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a view on real sets, with intervals over scenes."""
    hits = _neighbour_hits_from_document(measured)
    drawn = hits.resampled_accuracies()
    return {
        "accuracy": hits.accuracy,
        **_percentile_bounds(drawn),
        "chance": hits.chance,
        "by_dataset": dict(hits.accuracy_by_dataset),
        "images": len(hits.hits),
        "scenes": len(set(hits.scenes)),
        "facts": measured["facts"],
    }


def accuracy_above_controls(
    measured: dict[str, Any], controls: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the accuracy above the mean of controls, the same scenes drawn for all."""
    own, others = (
        _neighbour_hits_from_document(measured),
        [_neighbour_hits_from_document(each) for each in controls],
    )
    drawn = own.resampled_accuracies() - np.mean(
        [each.resampled_accuracies() for each in others], axis=0
    )
    return {
        "value": own.accuracy - float(np.mean([each.accuracy for each in others])),
        **_percentile_bounds(drawn),
    }


def _neighbour_hits_from_document(measured: dict[str, Any]) -> NeighbourHits:
    return NeighbourHits(
        tuple(measured["hits"]), tuple(measured["datasets"]), tuple(measured["scenes"])
    )


def _percentile_bounds(drawn: Any) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"low": float(low), "high": float(high)}


def _measure_hits_and_facts(table: EmbeddingTable, facts: dict[str, Statistic]) -> dict[str, Any]:
    hits = neighbour_hits(table)
    intervals = {name: bootstrap(table, statistic) for name, statistic in facts.items()}
    return {
        "hits": list(hits.hits),
        "datasets": list(hits.datasets),
        "scenes": list(hits.scenes),
        "facts": {name: each._asdict() for name, each in intervals.items()},
    }
