"""Arithmetic without opinions: great circles, exact neighbours, alignment, weights, matching.

Everything here works on float64 copies of unit rows, in blocks of bounded memory, and gives the
same answer for every block size.
"""

from __future__ import annotations

from rainmer_analysis.numerics.bootstrap_weights import (
    bootstrap_scene_weights,
    hash_scene_names,
    poisson_weights,
    splitmix64,
)
from rainmer_analysis.numerics.distribution_distances import (
    energy_distance,
    equal_mixture,
    ks_statistic,
    wasserstein1,
    weighted_quantiles,
)
from rainmer_analysis.numerics.effective_dimension import effective_dimension
from rainmer_analysis.numerics.exact_neighbours import (
    Neighbours,
    nearest_neighbours,
    nearest_neighbours_of_queries,
)
from rainmer_analysis.numerics.fork_safety import limit_threads_after_fork
from rainmer_analysis.numerics.map_alignment import align_maps
from rainmer_analysis.numerics.optimal_matching import match_points, match_scalars
from rainmer_analysis.numerics.procrustes import align_points
from rainmer_analysis.numerics.radius_search import RadiusMatches, RadiusSearch
from rainmer_analysis.numerics.unit_vectors import angle_between, angles_to_xyz, unit_rows
from rainmer_analysis.numerics.variance_components import crossed_effects

__all__ = [
    "Neighbours",
    "RadiusMatches",
    "RadiusSearch",
    "align_maps",
    "align_points",
    "angle_between",
    "angles_to_xyz",
    "bootstrap_scene_weights",
    "crossed_effects",
    "effective_dimension",
    "energy_distance",
    "equal_mixture",
    "hash_scene_names",
    "ks_statistic",
    "limit_threads_after_fork",
    "match_points",
    "match_scalars",
    "nearest_neighbours",
    "nearest_neighbours_of_queries",
    "poisson_weights",
    "splitmix64",
    "unit_rows",
    "wasserstein1",
    "weighted_quantiles",
]

limit_threads_after_fork()
