"""A table to a map."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import unit_rows
from rainmer_analysis.sphere.layout_engines import DEFAULT_ENGINE, engine_named
from rainmer_analysis.sphere.map_quality import (
    fidelity,
    measure_stability,
    placement_radius_statistics,
)
from rainmer_analysis.sphere.sphere_layout import LayoutParameters
from rainmer_analysis.values import EmbeddingTable, SphereMap

__all__ = ["project"]

_FEWEST = 4
_LOG = logging.getLogger(__name__)


def project(
    table: EmbeddingTable,
    *,
    engine: str = DEFAULT_ENGINE,
    neighbors: int = 50,
    min_dist: float = 0.0,
    seed: int = 42,
    stability: int = 0,
    calibrate: int = 0,
) -> SphereMap:
    """Lay a table's rows out on the unit sphere.

    The map does not depend on the order of the rows: they are worked through in the order of the
    SHA-256 of their image ids.

    Parameters
    ----------
    table
        At least 4 rows that are not all the same.
    engine
        A name in `ENGINES`.
    neighbors
        Rows that a row is held near to (itself counted); fewer in a table with fewer rows.
    min_dist
        Least distance of neighbours in the layout, in [0, 1].
    seed
        Seed of the layout.
    stability
        How many further seeds (seed + 1, seed + 2, ...) to lay out with. The map's fidelity then
        holds ``stability_degrees``: the median over rows and seeds of the great-circle distance
        between a row's places, after the best rotation or reflection.
    calibrate
        In how many parts to leave scenes out and place them by their neighbours (engine ``sphere``
        only; 0 for not at all, and at least 10, better 20, for a radius below 180 degrees). The
        map's fidelity then holds ``radius_degrees``: the median radius about such a place within
        which the layout of all rows puts 90 % of the rows, as the other parts tell it;
        ``radius_degrees_by_dataset``; and ``radius_coverage``, the share of rows that lay within
        theirs.

    Returns
    -------
    SphereMap
        With ``parameters`` (engine, neighbors, min_dist, seed, the table's ``content_sha256``) and
        ``fidelity``.

    Raises
    ------
    ParameterError
        The table has fewer than 4 rows or only one direction, or a parameter is not allowed.
    """
    lay_out = engine_named(engine)
    layout = LayoutParameters(neighbors, min_dist, seed)
    if stability < 0:
        raise ParameterError(
            f"stability over {stability} seeds was asked for; give 0 for none, or how many"
        )
    if calibrate and engine != "sphere":
        raise ParameterError(
            f"the engine {engine!r} cannot place new rows; calibrate with the engine 'sphere'"
        )
    unit = _checked_unit_rows(table)
    if neighbors >= len(table):
        _LOG.info("%d rows allow %d neighbors, not %d", len(table), len(table) - 1, neighbors)
    order = _order_by_image_id_hash(table)
    unit = unit[order]
    laid = lay_out(unit, layout).astype(np.float32)
    judged: dict[str, Any] = dict(fidelity(unit, laid, seed=seed))
    if stability:
        judged |= measure_stability(unit, laid, lay_out, layout, stability)
    if calibrate:
        judged |= placement_radius_statistics(unit, table.take(order).rows, layout, calibrate)
    points = np.empty_like(laid)
    points[order] = laid
    parameters = _map_parameters(table, engine, layout) | {"stability": stability}
    if calibrate:
        parameters["calibrate"] = calibrate
    return SphereMap(points, table.rows, table.space, parameters, judged)


def _checked_unit_rows(table: EmbeddingTable) -> npt.NDArray[np.float64]:
    if len(table) < _FEWEST:
        raise ParameterError(
            f"the table holds {len(table)} image(s), but a map needs at least {_FEWEST}; "
            "extract more images"
        )
    if (table.vectors == table.vectors[0]).all():
        raise ParameterError(
            f"all {len(table)} images have the same vector, so there is nothing to lay out; "
            "use images that differ or another encoder"
        )
    return unit_rows(table.vectors)


def _order_by_image_id_hash(table: EmbeddingTable) -> npt.NDArray[np.int64]:
    names = table.rows.column("image_id")
    keys = [hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest() for name in names]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _map_parameters(table: EmbeddingTable, engine: str, layout: LayoutParameters) -> dict[str, Any]:
    parameters = {
        "engine": engine,
        "neighbors": layout.neighbors,
        "min_dist": layout.min_dist,
        "seed": layout.seed,
        "table": table.content_sha256,
    }
    encoder = table.made.get("encoder")
    return parameters | ({"encoder": dict(encoder)} if isinstance(encoder, dict) else {})
