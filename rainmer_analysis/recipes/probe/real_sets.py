"""Real sets to probe encoders on: which images, and which facts can be asked of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import file_sha256, load_image_set
from rainmer_analysis.scores import Statistic, make_separation_margin_statistic
from rainmer_analysis.values import ImageSet, digest

__all__ = ["RealImages", "RealSets", "load_real_images"]

_log = logging.getLogger(__name__)


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


def load_real_images(sets: RealSets, *, seed: int = 42) -> RealImages:
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
    facts = _askable_statistics(sets, images.rows.datasets)
    roles = [sets.night, sets.heavy, sets.light, sets.clear]
    return RealImages(images, digest(["real sets", parts, sorted(facts), roles]), facts)


def _askable_statistics(sets: RealSets, names: tuple[str, ...]) -> dict[str, Statistic]:
    """Return what can be asked of the datasets that are there."""
    asked: dict[str, tuple[tuple[str, ...], Statistic]] = {
        "night apart": ((sets.night,), make_separation_margin_statistic(sets.night)),
        "heavy rain apart": ((sets.heavy,), make_separation_margin_statistic(sets.heavy)),
        "light rain between": (
            (sets.heavy, sets.light, sets.clear),
            _light_rain_between_statistic(sets),
        ),
    }
    found = {}
    for fact, (needed, statistic) in asked.items():
        missing = [name for name in needed if name not in names]
        if missing or len(names) < 3:
            _log.info("%r is not asked: there is no dataset %s", fact, ", ".join(missing or needed))
        else:
            found[fact] = statistic
    return found


def _light_rain_between_statistic(sets: RealSets) -> Statistic:
    """Positive: light rain is nearer to both heavy rain and none than these are to each other."""

    def statistic(values: Any, names: tuple[str, ...]) -> float:
        heavy, light, clear = (names.index(each) for each in (sets.heavy, sets.light, sets.clear))
        apart = values[heavy, clear]
        return float(min(values[light, clear] - apart, values[light, heavy] - apart))

    return statistic
