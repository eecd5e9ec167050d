"""Arithmetic without opinions: great circles, exact neighbours, alignment, weights, matching.

Everything here works on float64 copies of unit rows, in blocks of bounded memory, and gives the
same answer for every block size.
"""

from __future__ import annotations

from rainmer_analysis.numerics.aligned import align_maps
from rainmer_analysis.numerics.bootstrap import (
    mixed_keys,
    poisson_weights,
    scene_keys,
    scene_weights,
)
from rainmer_analysis.numerics.dimension import effective_dimension
from rainmer_analysis.numerics.distributions import (
    kolmogorov_smirnov,
    pooled,
    wasserstein1,
    weighted_quantiles,
)
from rainmer_analysis.numerics.forking import guard_forks
from rainmer_analysis.numerics.great_circle import angle_between, unit_rows
from rainmer_analysis.numerics.matching import match_points, match_quantiles
from rainmer_analysis.numerics.neighbours import Neighbours, cosine_blocks, nearest, nearest_among
from rainmer_analysis.numerics.procrustes import align
from rainmer_analysis.numerics.radius_search import RadiusMatches, RadiusSearch
from rainmer_analysis.numerics.variance import CrossedEffects, crossed_effects

__all__ = [
    "CrossedEffects",
    "Neighbours",
    "RadiusMatches",
    "RadiusSearch",
    "align",
    "align_maps",
    "angle_between",
    "cosine_blocks",
    "crossed_effects",
    "effective_dimension",
    "guard_forks",
    "kolmogorov_smirnov",
    "match_points",
    "match_quantiles",
    "mixed_keys",
    "nearest",
    "nearest_among",
    "poisson_weights",
    "pooled",
    "scene_keys",
    "scene_weights",
    "unit_rows",
    "wasserstein1",
    "weighted_quantiles",
]

guard_forks()
