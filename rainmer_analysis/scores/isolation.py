"""How isolated or compact the datasets of a table are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import angle_between, nearest_neighbours, unit_rows
from rainmer_analysis.values import EmbeddingTable

__all__ = ["compactness", "isolation", "isolations"]

_NEIGHBOURS = 15


def isolation(table: EmbeddingTable, dataset: str, *, k: int = _NEIGHBOURS) -> float:
    """Return the share of a dataset's nearest neighbours that belong to it.

    The mean, over the dataset's images, of the share of the k nearest images by cosine that are of
    the same dataset; images of the same scene are no neighbours. 1: nothing else comes near; by
    chance it is the dataset's share in the images of other scenes.

    Parameters
    ----------
    table
        The embeddings, in their own dimensions (not a map's).
    dataset
        A name in the table.
    k
        Neighbours of each image; fewer where fewer images of other scenes exist.

    Raises
    ------
    ParameterError
        There is no such dataset, or no image of it has an image of another scene beside it.
    """
    code = _dataset_code(table, dataset)
    codes = table.rows.codes
    found = nearest_neighbours(table.vectors, k, groups=table.rows.column("group")).indices[
        codes == code
    ]
    there = found >= 0
    _check_has_neighbours(there.any(axis=1), dataset)
    own = (codes[found] == code) & there
    seen = there.any(axis=1)
    return float((own.sum(axis=1)[seen] / there.sum(axis=1)[seen]).mean())


def compactness(table: EmbeddingTable) -> float:
    """Return the datasets' spread in units of the distance between them; small is compact.

    W / B, where W is the mean over datasets of the mean angle between a dataset's images and its
    mean direction, and B the mean over pairs of datasets of the angle between mean directions.
    Every dataset counts alike, whatever its size.

    Returns
    -------
    float
        0 when every dataset is a point; infinite when all mean directions are the same.

    Raises
    ------
    ParameterError
        There are fewer than two datasets, or one whose vectors cancel and have no mean direction.
    """
    names, codes = table.rows.datasets, table.rows.codes
    if len(names) < 2:
        raise ParameterError(
            f"compactness compares datasets, but the table holds {len(names)}; give at least two"
        )
    unit = unit_rows(table.vectors)
    centres = np.stack(
        [_mean_direction(unit[codes == code], names[code]) for code in range(len(names))]
    )
    spreads = [
        angle_between(unit[codes == code], centres[code]).mean() for code in range(len(names))
    ]
    first, second = np.triu_indices(len(names), k=1)
    between = float(angle_between(centres[first], centres[second]).mean())
    within = float(np.mean(spreads))
    return within / between if between > 0 else float("inf")


def _mean_direction(unit: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
    mean = unit.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < 1e-9:
        raise ParameterError(
            f"the vectors of {name} cancel out and have no mean direction; leave it out"
        )
    return np.asarray(mean / length)


def _dataset_code(table: EmbeddingTable, dataset: str) -> int:
    names = table.rows.datasets
    if dataset not in names:
        raise ParameterError(f"the table has no dataset {dataset!r}; it has {', '.join(names)}")
    return names.index(dataset)


def isolations(table: EmbeddingTable) -> dict[str, float]:
    """Return the isolation of each dataset that has one beside images of other scenes."""
    found = {}
    for name in table.rows.datasets:
        try:
            found[name] = isolation(table, name)
        except ParameterError:  # no image of another scene stands beside it
            continue
    return found


def _check_has_neighbours(seen: npt.NDArray[np.bool_], dataset: str) -> None:
    if not seen.any():
        raise ParameterError(
            f"no image of {dataset} stands beside an image of another scene; "
            "give a table of more scenes"
        )
