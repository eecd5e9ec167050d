"""umap-learn's layout on the sphere."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.numerics import angles_to_xyz, nearest_neighbours
from rainmer_analysis.sphere.sphere_layout import LayoutParameters
from rainmer_analysis.sphere.umap_s2.numba_cache import import_with_numba_cache
from rainmer_analysis.sphere.umap_s2.threading_layer import allow_parallel_loops
from rainmer_analysis.values import has_progress_listener, report_progress

with warnings.catch_warnings():
    # What is missing is wanted only by its neural variant.
    warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
    umap = import_with_numba_cache("umap")

__all__ = ["umap_layout"]

# Below this the spectral start has fewer rows than its solver needs; a random one serves.
_SPECTRAL_ROWS = 16
# What umap-learn says about choices made here on purpose.
_EXPECTED = (
    "n_jobs value",  # a seed implies one thread
    "precomputed_knn",  # nobody transforms new rows with this layout
    "Spectral initialisation failed",  # it starts at random then, which is seeded too
    "Graph is not fully connected",  # far apart datasets are what is looked for
)


def umap_layout(unit: npt.NDArray[np.float64], layout: LayoutParameters) -> npt.NDArray[np.float64]:
    """Lay rows out on the sphere by UMAP under the haversine distance.

    The published analysis does the same with an arc cosine of float32 dot products as its metric,
    under which a vector stands up to 1e-3 rad from itself. Here the neighbours and their
    great-circle distances are exact and computed in float64.

    Parameters
    ----------
    unit
        Shape (n, d), float64 unit rows, n at least 4.
    layout
        Number of neighbours (a row counts among its own, as umap-learn counts), minimum distance
        and seed.

    Returns
    -------
    numpy.ndarray
        Shape (n, 3), unit rows.
    """
    total = len(unit)
    # umap-learn wants fewer neighbours than rows.
    width = min(layout.neighbors, total - 1)
    near = nearest_neighbours(unit, width - 1)
    own = np.arange(total)[:, None]
    indices = np.concatenate([own, near.indices], axis=1).astype(np.int32)
    distances = np.concatenate([np.zeros((total, 1)), near.distances], axis=1).astype(np.float32)
    model = umap.UMAP(
        n_neighbors=width,
        metric="euclidean",  # only places whole components; neighbours come from above
        output_metric="haversine",
        min_dist=layout.min_dist,
        random_state=layout.seed,
        n_jobs=1,
        init="spectral" if total >= _SPECTRAL_ROWS else "random",
        precomputed_knn=(indices, distances),
        tqdm_kwds=_progress_bar_arguments() if has_progress_listener() else None,
    )
    with allow_parallel_loops(), warnings.catch_warnings():
        for text in _EXPECTED:
            warnings.filterwarnings("ignore", message=text)
        angles = model.fit_transform(unit.astype(np.float32))
    return angles_to_xyz(angles)


class _EpochReports(io.StringIO):
    """What umap-learn's progress bar is written to: passes the epochs on."""

    def write(self, text: str) -> int:
        found = re.search(r"(\d+)/(\d+)", text)
        if found:
            report_progress(int(found[1]), int(found[2]), "epoch")
        return len(text)


def _progress_bar_arguments() -> dict[str, Any]:
    """Return arguments of umap-learn's bar under which it reports and is not seen."""
    return {"disable": False, "file": _EpochReports(), "bar_format": "{n}/{total}"}
