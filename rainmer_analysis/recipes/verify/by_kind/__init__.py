"""What pictures show, compared with files kind by kind."""

from __future__ import annotations

from rainmer_analysis.recipes.verify.by_kind.check_maps import check_map
from rainmer_analysis.recipes.verify.by_kind.check_matrices import (
    check_matrix_file,
    check_recomputed_matrix,
    check_stated_matrix,
)
from rainmer_analysis.recipes.verify.by_kind.check_other_pictures import (
    check_encoder,
    check_probe,
    check_properties,
)
from rainmer_analysis.recipes.verify.by_kind.check_tables_weights_and_images import (
    check_images,
    check_table,
    check_weights,
)

__all__ = [
    "check_encoder",
    "check_images",
    "check_map",
    "check_matrix_file",
    "check_probe",
    "check_properties",
    "check_recomputed_matrix",
    "check_stated_matrix",
    "check_table",
    "check_weights",
]
