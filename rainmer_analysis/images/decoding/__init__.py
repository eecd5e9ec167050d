"""Image files decoded: formats, what damages them, and the samples that they hold."""

from __future__ import annotations

from rainmer_analysis.images.decoding.formats import IMAGE_SUFFIXES, UNREAD_SUFFIXES
from rainmer_analysis.images.decoding.pillow import Header, header_of, pixels_of
from rainmer_analysis.images.decoding.samples import FloatImage
from rainmer_analysis.images.decoding.storage import Storage, storage_of

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
