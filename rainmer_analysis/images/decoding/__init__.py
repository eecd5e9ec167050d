"""Image files decoded: formats, what damages them, and the samples that they hold."""

from __future__ import annotations

from rainmer_analysis.images.decoding.formats import IMAGE_SUFFIXES, UNREAD_SUFFIXES
from rainmer_analysis.images.decoding.pillow import Header, header_of, pixels_of
from rainmer_analysis.images.decoding.pixel_arrays import FloatImage
from rainmer_analysis.images.decoding.stored_format import Storage, storage_of

__all__ = [
    "IMAGE_SUFFIXES",
    "UNREAD_SUFFIXES",
    "FloatImage",
    "Header",
    "Storage",
    "header_of",
    "pixels_of",
    "storage_of",
]
