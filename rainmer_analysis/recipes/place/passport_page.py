"""Passports as one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rainmer_analysis.pages import (
    PassportCard,
    PassportContent,
    check_page_name,
    is_page_up_to_date,
    render_passports,
)
from rainmer_analysis.recipes.place.passports import Passport, Passports
from rainmer_analysis.recipes.report.dataset_colours import dataset_styles
from rainmer_analysis.recipes.report.point_thumbnails import thumbnail_or_none
from rainmer_analysis.values import algorithm_versions, digest, write_text

__all__ = ["write_passports"]

_LARGE, _SMALL = 24_000, 5_000
_STEPS = 73


def write_passports(done: Passports, path: Path, *, overwrite: bool = False) -> str:
    """Write one page with pictures, verdicts and the map; say whether it existed already.

    Raises
    ------
    OutputExistsError
        Something else lies there.
    ParameterError
        The name does not end in ``.html``.
    """
    check_page_name(path)
    told = {
        "place": [each.document() for each in done.passports],
        "table": done.table.content_sha256,
        "images": done.images.content_sha256,
        "skipped": [list(each) for each in done.skipped],
        "notes": list(done.notes),
        "level": done.level,
        "versions": algorithm_versions("place"),
    }
    request = digest(told)
    if is_page_up_to_date(path, request, overwrite=overwrite):
        return "up to date"
    text = render_passports(_page_content(done), request=request)
    write_text(path, text)
    return "written"


def _page_content(done: Passports) -> PassportContent:
    names = done.table.rows.datasets
    ids = done.table.rows.column("image_id").tolist()
    rows = {name: row for row, name in enumerate(ids)}
    return PassportContent(
        cards=[_passport_card(each, done, rows) for each in done.passports],
        datasets=dict(zip(names, dataset_styles(names), strict=True)),
        map=done.map,
        level=done.level,
        skipped=done.skipped,
        notes=done.notes,
    )


def _passport_card(passport: Passport, done: Passports, rows: dict[str, int]) -> PassportCard:
    frame = done.table.rows
    places = [rows[name] for name, _ in passport.neighbours]
    known = frame.column("path") if frame.has("path") else np.full(len(frame), None)
    return PassportCard(
        path=passport.path,
        picture=thumbnail_or_none(passport.path, _LARGE),
        datasets=passport.datasets,
        p_values=passport.p_values,
        outside=passport.outside,
        neighbours=[
            (name, degrees, frame.datasets[frame.codes[row]], thumbnail_or_none(known[row], _SMALL))
            for (name, degrees), row in zip(passport.neighbours, places, strict=True)
        ],
        lon=passport.lon,
        lat=passport.lat,
        radius=passport.radius,
        disc=_circle_on_map(passport),
        known_as=passport.known_as,
    )


def _circle_on_map(passport: Passport) -> Sequence[tuple[float, float]]:
    """Return the circle about a place as longitudes and latitudes in degrees."""
    if passport.radius is None:
        return []
    lon, lat, radius = np.radians([passport.lon, passport.lat, min(passport.radius, 179.0)])
    centre = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    north = np.cross(centre, east)
    turns = np.linspace(0, 2 * np.pi, _STEPS)[:, None]
    ring = np.cos(radius) * centre + np.sin(radius) * (np.cos(turns) * east + np.sin(turns) * north)
    longitudes = np.degrees(np.arctan2(ring[:, 1], ring[:, 0]))
    latitudes = np.degrees(np.arcsin(np.clip(ring[:, 2], -1, 1)))
    return list(zip(longitudes.tolist(), latitudes.tolist(), strict=True))
