"""New images compared with a table, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rainmer_analysis.pages import (
    PlacedImageCard,
    PlacedImagesContent,
    demand_page_suffix,
    page_up_to_date_or_refuse,
    render_placed_images,
)
from rainmer_analysis.recipes.place.place_images import PlacedImage, PlacedImages
from rainmer_analysis.recipes.report.dataset_colours_and_markers import dataset_colours_and_markers
from rainmer_analysis.recipes.report.table_thumbnails import thumbnail_or_none
from rainmer_analysis.values import algorithm_versions, digest, write_text

__all__ = ["write_placed_images_page_once"]

_LARGE, _SMALL = 24_000, 5_000
_STEPS = 73


def write_placed_images_page_once(
    done: PlacedImages, path: Path, *, overwrite: bool = False
) -> str:
    """Write one page with pictures, verdicts and the map; return ``written`` or ``up to date``."""
    demand_page_suffix(path)
    asked = {
        "place": [each.document() for each in done.placed],
        "table": done.table.content_sha256,
        "images": done.images.content_sha256,
        "skipped": [list(each) for each in done.skipped],
        "notes": list(done.notes),
        "level": done.level,
        "versions": algorithm_versions("place"),
    }
    request = digest(asked)
    if page_up_to_date_or_refuse(path, request, overwrite=overwrite):
        return "up to date"
    write_text(path, render_placed_images(_placed_images_content(done), request=request))
    return "written"


def _placed_images_content(done: PlacedImages) -> PlacedImagesContent:
    names = done.table.rows.datasets
    ids = done.table.rows.column("image_id").tolist()
    rows = {name: row for row, name in enumerate(ids)}
    return PlacedImagesContent(
        cards=[_image_card(each, done, rows) for each in done.placed],
        datasets=dict(zip(names, dataset_colours_and_markers(names), strict=True)),
        map=done.map,
        level=done.level,
        skipped=done.skipped,
        notes=done.notes,
    )


def _image_card(placed: PlacedImage, done: PlacedImages, rows: dict[str, int]) -> PlacedImageCard:
    frame = done.table.rows
    places = [rows[name] for name, _ in placed.neighbours]
    known = frame.column("path") if frame.has("path") else np.full(len(frame), None)
    return PlacedImageCard(
        path=placed.path,
        picture=thumbnail_or_none(placed.path, _LARGE),
        datasets=placed.datasets,
        p_values=placed.p_values,
        outside=placed.outside,
        neighbours=[
            (name, degrees, frame.datasets[frame.codes[row]], thumbnail_or_none(known[row], _SMALL))
            for (name, degrees), row in zip(placed.neighbours, places, strict=True)
        ],
        lon=placed.lon,
        lat=placed.lat,
        radius=placed.radius,
        disc=_circle_on_map(placed),
        known_as=placed.known_as,
    )


def _circle_on_map(placed: PlacedImage) -> Sequence[tuple[float, float]]:
    """Return the circle about a place as longitudes and latitudes in degrees."""
    if placed.radius is None:
        return []
    lon, lat, radius = np.radians([placed.lon, placed.lat, min(placed.radius, 179.0)])
    centre = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.cross(centre, east)
    turns = np.linspace(0, 2 * np.pi, _STEPS)[:, None]
    ring = np.cos(radius) * centre + np.sin(radius) * (np.cos(turns) * east + np.sin(turns) * north)
    longitudes = np.degrees(np.arctan2(ring[:, 1], ring[:, 0]))
    latitudes = np.degrees(np.arcsin(np.clip(ring[:, 2], -1, 1)))
    return list(zip(longitudes.tolist(), latitudes.tolist(), strict=True))
