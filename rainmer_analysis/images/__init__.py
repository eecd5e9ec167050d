"""Image files: where they lie, which are drawn, what scene they show, and how they are read.

`load` turns sources (folders, manifests, names of the catalogue) into an `ImageSet`; `read_image`
turns a file into float32 RGB of shape (3, H, W) in [0, 1]; `resize` applies the resize rule.
"""

from __future__ import annotations

from rainmer_analysis.images.datasets.catalogue import CATALOGUE
from rainmer_analysis.images.reading import (
    IMAGE_SUFFIXES,
    file_sha256,
    name_fault,
    read_hashed,
    read_header,
    read_image,
)
from rainmer_analysis.images.resize import DEFAULT_RULE, RESIZE_RULES, resize
from rainmer_analysis.images.sampling import sample, sample_key
from rainmer_analysis.images.sources import Sources, draw, find, load, notes_of
from rainmer_analysis.images.writing import compress_jpeg, png_request, write_png

__all__ = [
    "CATALOGUE",
    "DEFAULT_RULE",
    "IMAGE_SUFFIXES",
    "RESIZE_RULES",
    "Sources",
    "compress_jpeg",
    "draw",
    "file_sha256",
    "find",
    "load",
    "name_fault",
    "notes_of",
    "png_request",
    "read_hashed",
    "read_header",
    "read_image",
    "resize",
    "sample",
    "sample_key",
    "write_png",
]
