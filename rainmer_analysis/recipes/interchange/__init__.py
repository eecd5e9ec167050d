"""Vectors of others in, and tables and maps out to other programs."""

from __future__ import annotations

from rainmer_analysis.recipes.interchange.export_rows import Exported, ExportOptions, export
from rainmer_analysis.recipes.interchange.import_vectors import (
    Imported,
    ImportOptions,
    import_vectors,
)

__all__ = ["ExportOptions", "Exported", "ImportOptions", "Imported", "export", "import_vectors"]
