"""Layouts on the unit sphere, and how faithful they are.

`project` turns a table into a map; `fidelity` judges any placement of rows on a sphere; `ENGINES`
lists what can lay out. Importing this room imports umap-learn, which takes seconds.
"""

from __future__ import annotations

from rainmer_analysis.sphere.angles import angles_to_xyz, xyz_to_angles
from rainmer_analysis.sphere.engines import DEFAULT_ENGINE, ENGINES
from rainmer_analysis.sphere.fidelity import fidelity
from rainmer_analysis.sphere.project import project

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "angles_to_xyz",
    "fidelity",
    "project",
    "xyz_to_angles",
]
