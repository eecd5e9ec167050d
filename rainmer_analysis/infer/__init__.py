"""Where torch meets images: encoders by name, and extraction of whole image sets into tables.

`load_encoder` gives an object that turns images into unit vectors, one per view; `extract` reads,
resizes and encodes every image of an `ImageSet`, keeps what was finished when it is interrupted,
and names what it left out.
"""

from __future__ import annotations

from rainmer_analysis.infer.encoders import (
    Encoder,
    StatisticsEncoder,
    encoder_names,
    fit_constants,
    load_encoder,
)
from rainmer_analysis.infer.extract import extract
from rainmer_analysis.infer.extraction import Extraction

__all__ = [
    "Encoder",
    "Extraction",
    "StatisticsEncoder",
    "encoder_names",
    "extract",
    "fit_constants",
    "load_encoder",
]
