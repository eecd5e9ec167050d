"""Pictures of values: maps, matrices and the paper's figures.

This room reads values and computes nothing but where ink goes. Each drawing comes back as a
`Drawing` with its artists by name, so that a test can ask the picture what it shows, and is saved
with its provenance beside it. No pyplot state, no windows, one style sheet.
"""

from __future__ import annotations

import os

from rainmer_analysis.errors import ParameterError

try:
    import matplotlib  # noqa: F401
except ValueError as error:  # it reads the variable while it is imported
    raise ParameterError(
        f"MPLBACKEND is {os.environ.get('MPLBACKEND')!r}, which matplotlib does not accept; "
        "unset it or set it to agg (pictures are drawn without a window)"
    ) from error

from rainmer_analysis.draw.architecture import architecture_figure, read_architecture_facts
from rainmer_analysis.draw.figure import (
    Drawing,
    assign_colours,
    drawing_library_versions,
    drawing_platform,
    provenance_path,
)
from rainmer_analysis.draw.maps import map_count_and_digests, map_provenance, plot_map
from rainmer_analysis.draw.maps_above_matrices import maps_and_matrices_figure
from rainmer_analysis.draw.matrices import matrix_provenance, plot_intervals, plot_matrix
from rainmer_analysis.draw.probes import plot_probe
from rainmer_analysis.draw.property_plot import plot_properties

__all__ = [
    "Drawing",
    "architecture_figure",
    "assign_colours",
    "drawing_library_versions",
    "drawing_platform",
    "map_count_and_digests",
    "map_provenance",
    "maps_and_matrices_figure",
    "matrix_provenance",
    "plot_intervals",
    "plot_map",
    "plot_matrix",
    "plot_probe",
    "plot_properties",
    "provenance_path",
    "read_architecture_facts",
]
