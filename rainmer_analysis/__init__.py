"""Which image-restoration datasets belong together? Representation analysis of image folders.

::

    import rainmer_analysis as ra

    table = ra.extract({"heavy": "rain/heavy", "night": "rain/night"})["chromatic"]
    ra.plot_map(ra.project(table)).save("map.pdf")
    ra.relate(table).to_frame()

Names are resolved on first use (PEP 562), so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Drawing": "draw.figure.drawing",
    "EmbeddingTable": "values.immutable.embedding_table_and_map",
    "ImageSet": "values.immutable.label_frame_and_images_to_encode",
    "ModuleEncoder": "infer.encoders",
    "PropertyTable": "values.immutable.property_table",
    "RainmerAnalysisError": "errors",
    "RelationshipMatrix": "values.immutable.relationship_matrix",
    "Rows": "values.immutable.label_frame_and_images_to_encode",
    "Space": "values.immutable.embedding_table_and_map",
    "SphereMap": "values.immutable.embedding_table_and_map",
    "SphereUMAP": "sphere.sphere_umap",
    "audit": "recipes.audit",
    "balance": "recipes.properties",
    "compare": "scores.between.encoder_agreement",
    "describe": "recipes.properties",
    "extract": "recipes.extract_tables",
    "load_encoder": "infer.encoders",
    "load_restorer": "infer.restore",
    "plot_map": "draw.maps",
    "plot_matrix": "draw.matrices",
    "plot_properties": "draw.property_plot",
    "probe": "recipes.probe",
    "project": "sphere.project_table",
    "read": "values.read_and_write",
    "relate": "scores.relate_table",
    "report": "recipes.report",
    "reproduce": "recipes.paper.reproduce",
    "simulate": "weather.simulation",
    "sketch": "scores.streaming.sketch",
    "timm_encoder": "infer.encoders",
    "verify": "recipes.verify",
    "write": "values.read_and_write",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
