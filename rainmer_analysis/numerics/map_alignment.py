"""Maps turned onto each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics.procrustes import procrustes_rotation
from rainmer_analysis.numerics.unit_vectors import unit_rows
from rainmer_analysis.values import SphereMap

__all__ = ["align_maps"]

_FEWEST = 3


def align_maps(maps: Sequence[SphereMap]) -> tuple[SphereMap, ...]:
    """Turn maps onto the first, by the best rotation or reflection over the images they share.

    A layout on the sphere is determined only up to such a turn, so that aligned maps can be looked
    at side by side. Distances within a map stay what they are.

    Raises ParameterError: a map shares fewer than 3 images with the first.

    Parameters
    ----------
    maps
        One or more; each shares at least 3 images (by ``image_id``) with the first.

    Returns
    -------
    The maps in their order; ``parameters`` of the turned ones name the first as ``aligned_to``.
    """
    if not maps:
        return ()
    first, *others = maps
    return (first, *(_align_to_first(each, first) for each in others))


def _align_to_first(map_: SphereMap, first: SphereMap) -> SphereMap:
    places = pd.Index(first.rows.column("image_id")).get_indexer(map_.rows.column("image_id"))
    shared = places >= 0
    if shared.sum() < _FEWEST:
        raise ParameterError(
            f"a map of {map_.space.name} shares {shared.sum()} images with the first map of "
            f"{first.space.name}; aligning needs {_FEWEST}, so give maps of the same images"
        )
    turn = procrustes_rotation(map_.points[shared], first.points[places[shared]])
    points = unit_rows(map_.points.astype(np.float64) @ turn)
    parameters = {**map_.parameters, "aligned_to": first.content_sha256}
    return SphereMap(points.astype(np.float32), map_.rows, map_.space, parameters, map_.fidelity)
