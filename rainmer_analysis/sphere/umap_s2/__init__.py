"""UMAP whose layout lives on the sphere S2.

`fuzzy_graph` joins rows to their neighbours as umap-learn does, `spectral_start` puts them on the
sphere, `optimise_layout` moves them along great circles, and `canonical_orientation` turns what
comes out to a convention. Distances are great-circle distances throughout: there are no angles and
no poles.
"""

from __future__ import annotations

from rainmer_analysis.sphere.umap_s2.attraction_curve import AttractionCurve
from rainmer_analysis.sphere.umap_s2.fast_neighbours import nearest_rows
from rainmer_analysis.sphere.umap_s2.fuzzy_graph import Graph, fuzzy_graph, membership_weights
from rainmer_analysis.sphere.umap_s2.optimise_layout import canonical_orientation, optimise_layout
from rainmer_analysis.sphere.umap_s2.spectral_start import spectral_start

__all__ = [
    "AttractionCurve",
    "Graph",
    "canonical_orientation",
    "fuzzy_graph",
    "membership_weights",
    "nearest_rows",
    "optimise_layout",
    "spectral_start",
]
