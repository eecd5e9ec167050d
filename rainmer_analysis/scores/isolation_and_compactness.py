"""How isolated or compact the datasets of a table are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.numerics import angle_between, nearest_neighbours, unit_rows
from rainmer_analysis.values import EmbeddingTable

__all__ = ["compactness", "isolation", "isolation_by_dataset"]

_NEIGHBOURS = 15


def isolation(table: EmbeddingTable, dataset: str, *, k: int = _NEIGHBOURS) -> float:
    """Return the share of a dataset's nearest neighbours that belong to it.

    The mean, over the dataset's images, of the share of the k nearest images by cosine that are of
    the same dataset; images of the same scene are no neighbours. 1: nothing else comes near; by
    chance it is the dataset's share in the images of other scenes.

    Raises ParameterError: there is no such dataset, or no image of it has an image of another scene
    beside it.

    Parameters
    ----------
    table
        The embeddings, in their own dimensions (not a map's).
    dataset
        A name in the table.
    k
        Neighbours of each image; fewer where fewer images of other scenes exist.
    """
    names = table.rows.datasets
    if dataset not in names:
        raise ParameterError(f"the table has no dataset {dataset!r}; it has {', '.join(names)}")
    found = isolation_by_dataset(table, k=k)
    if dataset not in found:
        raise ParameterError(
            f"no image of {dataset} stands beside an image of another scene; "
            "give a table of more scenes"
        )
    return found[dataset]


def isolation_by_dataset(table: EmbeddingTable, *, k: int = _NEIGHBOURS) -> dict[str, float]:
    """Return the isolation of each dataset that has one beside images of other scenes."""
    codes = table.rows.codes
    near = nearest_neighbours(table.vectors, k, groups=table.rows.column("group")).indices
    there = np.asarray(near >= 0)
    own = (codes[near] == codes[:, None]) & there
    seen = np.asarray(there.any(axis=1))
    shares = own.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return {
        name: float(shares[seen & (codes == code)].mean())
        for code, name in enumerate(table.rows.datasets)
        if seen[codes == code].any()
    }


def compactness(table: EmbeddingTable) -> float:
    """Return the datasets' spread in units of the distance between them; small is compact.

    W / B, where W is the mean over datasets of the mean angle between a dataset's images and its
    mean direction, and B the mean over pairs of datasets of the angle between mean directions.
    Every dataset counts alike, whatever its size.

    Raises ParameterError: there are fewer than two datasets, or one whose vectors cancel and have
    no mean direction.

    Returns
    -------
    float
        0 when every dataset is a point; infinite when all mean directions are the same.
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
