"""What an encoder knows of real sets: whose neighbour an image is, and facts of the matrix."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import file_sha256, load_image_set
from rainmer_analysis.infer import extract
from rainmer_analysis.probing import NeighbourHits, neighbour_hits
from rainmer_analysis.recipes.probe.json_cache import cached_json
from rainmer_analysis.recipes.probe.probed_encoders import ProbedEncoder
from rainmer_analysis.scores import Statistic, bootstrap, night_margin
from rainmer_analysis.values import EmbeddingTable, ImageSet, digest

__all__ = [
    "RealImages",
    "RealSets",
    "accuracy_above_controls",
    "load_real",
    "probe_real",
    "real_sets_document",
]

_log = logging.getLogger(__name__)
_METHOD = 1


@dataclass(frozen=True)
class RealSets:
    """A manifest of real sets, and which of its datasets play a part in facts.

    Parameters
    ----------
    manifest
        ``FILE.toml``, or any SOURCE.
    night, heavy, light, clear
        Names of the datasets with night, with heavy rain, with light rain and with none; a fact
        whose datasets are not there is left out, with a note.
    per_dataset
        Images drawn from each dataset.
    """

    manifest: str | Path
    night: str = "night"
    heavy: str = "heavy"
    light: str = "light"
    clear: str = "clear"
    per_dataset: int = 500


@dataclass(frozen=True, eq=False)
class RealImages:
    """Images of real sets, their identity, and the facts that can be asked of them."""

    images: ImageSet
    sha256: str
    facts: dict[str, Statistic]


def load_real(sets: RealSets, *, seed: int = 42) -> RealImages:
    """Find the images of real sets, and note which facts cannot be asked of them.

    Raises
    ------
    SourceError
        The manifest cannot be used, or holds fewer than two datasets.
    """
    images = load_image_set(sets.manifest, per_dataset=sets.per_dataset, seed=seed)
    if len(images.rows.datasets) < 2:
        raise SourceError(
            f"{sets.manifest} holds the dataset {images.rows.datasets[0]} alone; neighbours tell "
            "datasets apart, so give a manifest of at least two"
        )
    parts = [
        [name, group, file_sha256(path)]
        for name, group, path in zip(
            images.rows.column("image_id"),
            images.rows.column("group"),
            images.rows.column("path"),
            strict=True,
        )
    ]
    facts = _facts_of_present_sets(sets, images.rows.datasets)
    roles = [sets.night, sets.heavy, sets.light, sets.clear]
    return RealImages(images, digest(["real sets", parts, sorted(facts), roles]), facts)


def probe_real(subject: ProbedEncoder, real: RealImages, cache: Path | None) -> dict[str, Any]:
    """Take hits of neighbours and facts of each view, or read what was taken before."""

    def compute() -> dict[str, Any]:
        tables = extract(real.images, subject.encoder)
        return {view: _measure_table(table, real.facts) for view, table in tables.items()}

    identity = [_METHOD, real.sha256, *subject.identity]
    return cached_json(cache, f"real-{subject.stem}", identity, compute)


def real_sets_document(taken: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a view on real sets, with intervals over scenes."""
    hits = _neighbour_hits(taken)
    drawn = hits.resampled()
    return {
        "accuracy": hits.accuracy,
        **_percentile_bounds(drawn),
        "chance": hits.chance,
        "by_dataset": dict(hits.by_dataset),
        "images": len(hits.hits),
        "scenes": len(set(hits.scenes)),
        "facts": taken["facts"],
    }


def accuracy_above_controls(
    taken: dict[str, Any], controls: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the accuracy above the mean of controls, the same scenes drawn for all."""
    own, others = _neighbour_hits(taken), [_neighbour_hits(each) for each in controls]
    drawn = own.resampled() - np.mean([each.resampled() for each in others], axis=0)
    return {
        "value": own.accuracy - float(np.mean([each.accuracy for each in others])),
        **_percentile_bounds(drawn),
    }


def _neighbour_hits(taken: dict[str, Any]) -> NeighbourHits:
    return NeighbourHits(tuple(taken["hits"]), tuple(taken["datasets"]), tuple(taken["scenes"]))


def _percentile_bounds(drawn: Any) -> dict[str, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"low": float(low), "high": float(high)}


def _measure_table(table: EmbeddingTable, facts: dict[str, Statistic]) -> dict[str, Any]:
    hits = neighbour_hits(table)
    intervals = {name: bootstrap(table, statistic) for name, statistic in facts.items()}
    return {
        "hits": list(hits.hits),
        "datasets": list(hits.datasets),
        "scenes": list(hits.scenes),
        "facts": {name: each._asdict() for name, each in intervals.items()},
    }


def _facts_of_present_sets(sets: RealSets, names: tuple[str, ...]) -> dict[str, Statistic]:
    """Return what can be asked of the datasets that are there."""
    asked: dict[str, tuple[tuple[str, ...], Statistic]] = {
        "night apart": ((sets.night,), night_margin(sets.night)),
        "heavy rain apart": ((sets.heavy,), night_margin(sets.heavy)),
        "light rain between": ((sets.heavy, sets.light, sets.clear), _light_rain_between(sets)),
    }
    found = {}
    for fact, (needed, statistic) in asked.items():
        missing = [name for name in needed if name not in names]
        if missing or len(names) < 3:
            _log.info("%r is not asked: there is no dataset %s", fact, ", ".join(missing or needed))
        else:
            found[fact] = statistic
    return found


def _light_rain_between(sets: RealSets) -> Statistic:
    """Positive: light rain is nearer to both heavy rain and none than these are to each other."""

    def statistic(values: Any, names: tuple[str, ...]) -> float:
        heavy, light, clear = (names.index(each) for each in (sets.heavy, sets.light, sets.clear))
        apart = values[heavy, clear]
        return float(min(values[light, clear] - apart, values[light, heavy] - apart))

    return statistic
