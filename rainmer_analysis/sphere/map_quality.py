"""How good a map is: its fidelity, its stability over seeds, and how surely rows are placed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import align_points, angle_between, unit_rows
from rainmer_analysis.sphere.fidelity import fidelity
from rainmer_analysis.sphere.sphere_layout import Engine, LayoutParameters
from rainmer_analysis.sphere.sphere_umap import SphereUMAP
from rainmer_analysis.values import Rows

__all__ = ["fidelity", "measure_stability", "placement_radius_statistics"]

Floats = npt.NDArray[np.float64]

# Share of rows that the radius of a place promises.
_LEVEL = 0.9


def measure_stability(
    unit: Floats,
    points: npt.NDArray[np.float32],
    lay_out: Engine,
    layout: LayoutParameters,
    count: int,
) -> dict[str, Any]:
    """Lay the rows out with further seeds; return how far a row moves, after the best turn."""
    seeds = [(layout.seed + step) % 2**32 for step in range(1, count + 1)]
    others = [lay_out(unit, replace(layout, seed=other)) for other in seeds]
    reference = unit_rows(points)
    moved = [angle_between(align_points(other, reference), reference) for other in others]
    degrees = float(np.degrees(np.median(np.concatenate(moved))))
    return {"stability_degrees": degrees, "stability_seeds": count}


def placement_radius_statistics(
    unit: Floats, rows: Rows, layout: LayoutParameters, parts: int
) -> dict[str, Any]:
    """Leave scenes out in parts, and return the radii within which rows were placed again."""
    model = SphereUMAP(layout.neighbors, min_dist=layout.min_dist, random_state=layout.seed).fit(
        unit
    )
    seen = model.calibrate(rows.column("group"), parts=parts).calibration_
    assert seen is not None
    radii = np.degrees(seen.cross_validated_radii(_LEVEL))
    return {
        "radius_level": _LEVEL,
        "radius_degrees": float(np.median(radii)),
        "radius_degrees_by_dataset": {
            name: float(np.median(radii[rows.codes == code]))
            for code, name in enumerate(rows.datasets)
        },
        "radius_coverage": seen.coverage(_LEVEL),
    }
