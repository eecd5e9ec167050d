"""Layouts on the unit sphere, and how faithful they are.

`project` turns a table into a map; `SphereUMAP` lays out any vectors; `fidelity` judges any
placement of rows on a sphere; `summarise_map` describes a map; `ENGINES` lists what can lay out.
umap-learn, whose import takes seconds, is imported by the first layout that it is asked for.
"""

from __future__ import annotations

from rainmer_analysis.sphere.fidelity import fidelity
from rainmer_analysis.sphere.layout_engines import DEFAULT_ENGINE, ENGINES
from rainmer_analysis.sphere.map_summary import summarise_map
from rainmer_analysis.sphere.project_table import project
from rainmer_analysis.sphere.sphere_umap import SphereUMAP

__all__ = ["DEFAULT_ENGINE", "ENGINES", "SphereUMAP", "fidelity", "project", "summarise_map"]
