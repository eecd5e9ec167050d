"""New images against a table: which datasets they are like, if any, and where they lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.recipes.place.embed_images import embed_images
from rainmer_analysis.recipes.place.place_on_map import nearest_table_images, place_on_map
from rainmer_analysis.scores.membership import DatasetMembership
from rainmer_analysis.values import EmbeddingTable, SphereMap

__all__ = ["PlacedImage", "PlacedImages", "place"]


@dataclass(frozen=True)
class PlacedImage:
    """What is known of one new image.

    Parameters
    ----------
    path
        As it was given.
    datasets
        Probability of each dataset, given that the image is of one of them, the likeliest first.
    p_values
        By dataset: how the image ranks among its scenes; small for strangers.
    outside
        Whether every dataset refuses it at the level.
    neighbours
        Image ids of the table's nearest images, nearest first, and their distances in degrees.
    lon, lat, radius
        Its place on the map in degrees, and the radius that holds the true place with the level;
        None where the table has too few scenes to say.
    known_as
        The table's image with the same bytes, if there is one.
    """

    path: str
    datasets: Mapping[str, float]
    p_values: Mapping[str, float]
    outside: bool
    neighbours: tuple[tuple[str, float], ...]
    lon: float
    lat: float
    radius: float | None
    known_as: str | None = None

    def document(self) -> dict[str, Any]:
        """Return JSON types."""
        return {
            "path": self.path,
            "datasets": dict(self.datasets),
            "p": dict(self.p_values),
            "outside": self.outside,
            "neighbours": [name for name, _ in self.neighbours],
            "distances": [degrees for _, degrees in self.neighbours],
            "lon": self.lon,
            "lat": self.lat,
            "radius": self.radius,
            "known_as": self.known_as,
        }


@dataclass(frozen=True, eq=False)
class PlacedImages:
    """Several new images, and what they were compared with.

    Parameters
    ----------
    placed
        Each image that can be read, in the order given.
    skipped
        Images that cannot be used: path and reason.
    notes
        What limits the answers, in sentences.
    level
        Of "none of these" and of the radius.
    map
        The map that the images are placed on.
    table
        The table.
    images
        The new images as a table, in the order of `placed`.
    """

    placed: Sequence[PlacedImage]
    skipped: Sequence[tuple[str, str]]
    notes: Sequence[str]
    level: float
    map: SphereMap
    table: EmbeddingTable
    images: EmbeddingTable


def place(
    paths: Sequence[str | Path],
    table: EmbeddingTable,
    *,
    level: float = 0.9,
    weights: str | Path | None = None,
    neighbors: int = 50,
    device: str = "auto",
    seed: int = 42,
    progress: Callable[[int, int], None] | None = None,
) -> PlacedImages:
    """Compare images with the datasets of a table.

    Parameters
    ----------
    paths
        Image files.
    table
        At least one dataset of 3 scenes; its encoder embeds the images.
    level
        In (0, 1): of new scenes of a dataset, at least this share is not called outside, and the
        layout of all images puts this share within the radius.
    weights
        Of the encoder; by default the shipped ones that the table was made with.
    neighbors, seed
        Of the map.
    device
        Where the encoder runs.
    progress
        Called as ``progress(done, total)``.

    Raises
    ------
    ParameterError
        The level is no share, no path came, or the table is too small.
    SourceError
        No image can be used.
    WeightsError
        The table's weights are neither shipped nor given.
    """
    if not paths:
        raise ParameterError("no image was given; name at least one file")
    membership = DatasetMembership(table)
    found = membership.datasets_too_small_for(level) if 0 < level < 1 else ()
    images, skipped = embed_images(paths, table.space, weights, device, progress)
    answer = membership.predict(images.vectors, level=level)
    near = nearest_table_images(images, table)
    ids = table.rows.column("image_id")
    map_, points, radii = place_on_map(table, images, level=level, neighbors=neighbors, seed=seed)
    on_map = SphereMap(points, images.rows, images.space)
    known = _table_ids_of_same_bytes(table, images)
    placed = [
        PlacedImage(
            str(path),
            _sort_by_value(membership.datasets, answer.probabilities[row]),
            _sort_by_value(membership.datasets, answer.p_values[row]),
            bool(answer.outside[row]),
            tuple(
                (str(ids[other]), float(np.degrees(angle)))
                for other, angle in zip(near.indices[row], near.distances[row], strict=True)
            ),
            float(on_map.lon[row]),
            float(on_map.lat[row]),
            None if radii is None else float(np.degrees(radii[row])),
            known[row],
        )
        for row, path in enumerate(images.rows.column("path"))
    ]
    notes = _caveat_sentences(membership.left_out, found, level)
    return PlacedImages(placed, skipped, notes, level, map_, table, images)


def _sort_by_value(names: Sequence[str], values: Any) -> dict[str, float]:
    pairs = sorted(zip(names, values, strict=True), key=lambda pair: -pair[1])
    return {name: float(value) for name, value in pairs}


def _caveat_sentences(
    left_out: Mapping[str, int], undecidable: Sequence[str], level: float
) -> list[str]:
    notes = [
        f"{name} has {count} scene(s), too few to compare with; it is left out"
        for name, count in left_out.items()
    ]
    if undecidable:
        needed = int(np.ceil(1 / (1 - level) - 1e-9)) - 1
        notes.append(
            f"{', '.join(undecidable)}: fewer than {needed} scenes, which cannot refuse any image "
            f"at the level {level:g}, so that 'none of these' is never said"
        )
    return notes


def _table_ids_of_same_bytes(table: EmbeddingTable, images: EmbeddingTable) -> list[str | None]:
    """Return the table's image with the same bytes, for each image."""
    if not table.rows.has("sha256"):
        return [None] * len(images)
    ids = dict(zip(table.rows.column("sha256"), table.rows.column("image_id"), strict=True))
    return [ids.get(each) for each in images.rows.column("sha256")]
