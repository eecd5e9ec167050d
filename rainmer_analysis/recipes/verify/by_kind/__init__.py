"""What pictures show, compared with files kind by kind."""

from __future__ import annotations

from rainmer_analysis.recipes.verify.by_kind.check_maps import find_and_check_map
from rainmer_analysis.recipes.verify.by_kind.check_matrices import (
    check_recomputed_matrix,
    find_and_check_matrix_file,
    read_and_check_stated_matrix,
)
from rainmer_analysis.recipes.verify.by_kind.check_other_pictures import (
    check_encoder,
    check_probe,
    find_and_check_properties,
)
from rainmer_analysis.recipes.verify.by_kind.check_tables_weights_and_images import (
    check_images,
    check_weights,
    find_and_check_table,
)

__all__ = [
    "check_encoder",
    "check_images",
    "check_probe",
    "check_recomputed_matrix",
    "check_weights",
    "find_and_check_map",
    "find_and_check_matrix_file",
    "find_and_check_properties",
    "find_and_check_table",
    "read_and_check_stated_matrix",
]
