"""UMAP whose layout lives on the sphere S2.

`fuzzy_graph` joins rows to their neighbours as umap-learn does, `spectral_start` puts them on the
sphere, `lay_out` moves them along great circles, and `oriented` turns what comes out to a
convention. Distances are great-circle distances throughout: there are no angles and no poles.
"""

from __future__ import annotations

from rainmer_analysis.sphere.umap_s2.forces import lay_out
from rainmer_analysis.sphere.umap_s2.graph import Graph, fuzzy_graph, memberships
from rainmer_analysis.sphere.umap_s2.kernel import Kernel
from rainmer_analysis.sphere.umap_s2.neighbours import near_rows
from rainmer_analysis.sphere.umap_s2.orientation import oriented
from rainmer_analysis.sphere.umap_s2.spectral import spectral_start

__all__ = [
    "Graph",
    "Kernel",
    "fuzzy_graph",
    "lay_out",
    "memberships",
    "near_rows",
    "oriented",
    "spectral_start",
]
