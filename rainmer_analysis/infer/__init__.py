"""Where torch meets images: encoders by name, extraction into tables, and restoration.

`load_encoder` gives an object that turns images into unit vectors, one per view; `extract` reads,
resizes and encodes every image of an `ImageSet`, keeps what was finished when it is interrupted,
and names what it left out. `load_restorer` gives an object that turns degraded images of any size
into restored ones.
"""

from __future__ import annotations

import torch

from rainmer_analysis.infer.encoders import (
    SHIPPED,
    Encoder,
    StatisticsEncoder,
    compare_fast_with_exact,
    encoder_names,
    encoder_spaces,
    fit_standardisation_constants,
    load_encoder,
)
from rainmer_analysis.infer.extraction import Extraction, extract, extract_over_ranks
from rainmer_analysis.infer.restore import ImageRestorer, load_restorer
from rainmer_analysis.infer.tiles import TILE, Tiling
from rainmer_analysis.numerics import limit_threads_after_fork

__all__ = [
    "SHIPPED",
    "TILE",
    "Encoder",
    "Extraction",
    "ImageRestorer",
    "StatisticsEncoder",
    "Tiling",
    "compare_fast_with_exact",
    "encoder_names",
    "encoder_spaces",
    "extract",
    "extract_over_ranks",
    "fit_standardisation_constants",
    "load_encoder",
    "load_restorer",
]

limit_threads_after_fork(torch.set_num_threads)  # it sets those of its matrix products too
