"""Contents of reports, made from random vectors."""

from __future__ import annotations

import io
from dataclasses import asdict

import numpy as np
import pandas as pd
from PIL import Image

from rainmer_analysis.numerics import nearest_neighbours
from rainmer_analysis.pages import DatasetEntry, Outlier, ReportContent, SpaceResults
from rainmer_analysis.values import RelationshipMatrix, Rows, Space, SphereMap

COLOURS = ("#0072B2", "#E69F00", "#009E73")
MARKERS = ("o", "s", "^")
FIDELITY = {"trustworthiness": 0.981, "continuity": 0.973, "spearman": 0.64, "neighbors": 15}
LAYOUT = {"engine": "sphere", "neighbors": 50, "min_dist": 0.0, "seed": 42}


def picture(row: int) -> bytes:
    """Return a thumbnail that tells its row by its bytes."""
    colour = (row * 37 % 256, row * 91 % 256, row * 13 % 256)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(buffer, format="WEBP")
    return buffer.getvalue() + row.to_bytes(4, "little")


def content_of(
    sizes: dict[str, int], *, spaces: tuple[str, ...] = ("chromatic", "degradation"), seed: int = 0
) -> ReportContent:
    """Return a report of random images."""
    names = [name for name, size in sizes.items() for _ in range(size)]
    total = len(names)
    frame = pd.DataFrame(
        {
            "image_id": [f"{name}/{row}.png" for row, name in enumerate(names)],
            "dataset": names,
            "group": [f"scene {row}" for row in range(total)],
        }
    )
    rows = Rows(frame)
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(len(sizes), 3))
    panels = [_panel(rows, view, centres, generator) for view in spaces]
    datasets = [
        DatasetEntry(name, size, size, COLOURS[at], COLOURS[at], MARKERS[at], f"{name}: all used")
        for at, (name, size) in enumerate(sizes.items())
    ]
    outliers = [Outlier(total - 1, panels[0].name, 80.0, 31.0, names[0])]
    return ReportContent(
        rows,
        datasets,
        panels,
        [picture(row) for row in range(total)],
        outliers,
        [("night/<b>broken</b>.png", "not an image")],
        command="rainmer-analysis report",
        provenance={
            "neighbours": {"shown": 5, "outlier_neighbours": 5, "fence": 1.5},
            "tables": {panel.name: "0" * 64 for panel in panels},
            "libraries": {"numpy": "2.0"},
        },
    )


def _panel(
    rows: Rows, view: str, centres: np.ndarray, generator: np.random.Generator
) -> SpaceResults:
    points = centres[rows.codes] + 0.6 * generator.normal(size=(len(rows), 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    space = Space("rainmer", view, "1" * 64, "bilinear-128", "exact")
    size = len(rows.datasets)
    values = np.eye(size) * 0.6 - 0.2
    q = np.full((size, size), 0.002)
    q[0, -1] = q[-1, 0] = 0.4
    matrix = RelationshipMatrix(
        values,
        rows.datasets,
        "cosine",
        space,
        tuple(rows.counts.values()),
        tuple(rows.group_counts.values()),
        parameters={"level": 0.95, "resamples": 1000, "null": 1000, "seed": 42},
        low=values - 0.1,
        high=values + 0.1,
        p=q,
        q=q,
    )
    made = {
        "encoder": {"name": "rainmer", "configuration": {"width": "quarter"}},
        "seed": 42,
        "sampling": {"per_dataset": 500},
        "space": asdict(space),
    }
    return SpaceResults(
        SphereMap(points.astype(np.float32), rows, space, LAYOUT, FIDELITY),
        nearest_neighbours(points, 5, groups=rows.column("group")),
        matrix if size > 1 else None,
        dict.fromkeys(rows.datasets, 0.8),
        made,
    )
