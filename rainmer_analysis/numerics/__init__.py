"""Arithmetic without opinions: great circles, exact neighbours, alignment, weights, matching.

Everything here works on float64 copies of unit rows, in blocks of bounded memory, and gives the
same answer for every block size.
"""

from __future__ import annotations

from rainmer_analysis.numerics.bootstrap import (
    poisson_weights,
    scene_keys,
    scene_weights,
    splitmix64,
)
from rainmer_analysis.numerics.distributions import (
    energy_distance,
    equal_mixture,
    kolmogorov_smirnov,
    wasserstein1,
    weighted_quantiles,
)
from rainmer_analysis.numerics.effective_dimension import effective_dimension
from rainmer_analysis.numerics.fork_safety import guard_forks
from rainmer_analysis.numerics.great_circle import (
    angle_between,
    angles_to_xyz,
    unit_rows,
    xyz_to_angles,
)
from rainmer_analysis.numerics.map_alignment import align_maps
from rainmer_analysis.numerics.neighbours import (
    Neighbours,
    nearest_neighbours,
    nearest_neighbours_of_queries,
)
from rainmer_analysis.numerics.optimal_matching import match_points, match_quantiles
from rainmer_analysis.numerics.procrustes import align_points
from rainmer_analysis.numerics.radius_search import RadiusMatches, RadiusSearch
from rainmer_analysis.numerics.variance_components import crossed_effects

__all__ = [
    "Neighbours",
    "RadiusMatches",
    "RadiusSearch",
    "align_maps",
    "align_points",
    "angle_between",
    "angles_to_xyz",
    "crossed_effects",
    "effective_dimension",
    "energy_distance",
    "equal_mixture",
    "guard_forks",
    "kolmogorov_smirnov",
    "match_points",
    "match_quantiles",
    "nearest_neighbours",
    "nearest_neighbours_of_queries",
    "poisson_weights",
    "scene_keys",
    "scene_weights",
    "splitmix64",
    "unit_rows",
    "wasserstein1",
    "weighted_quantiles",
    "xyz_to_angles",
]

guard_forks()
