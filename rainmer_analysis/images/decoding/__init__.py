"""Image files decoded: formats, what damages them, and the samples that they hold."""

from __future__ import annotations

from rainmer_analysis.images.decoding.formats import (
    IMAGE_SUFFIXES,
    PACKED_SUFFIXES,
    UNREAD_SUFFIXES,
)
from rainmer_analysis.images.decoding.pillow import Header, header_of, pixels_of
from rainmer_analysis.images.decoding.pixel_arrays import FloatImage
from rainmer_analysis.images.decoding.stored_format import StoredFormat, stored_format_of

__all__ = [
    "IMAGE_SUFFIXES",
    "PACKED_SUFFIXES",
    "UNREAD_SUFFIXES",
    "FloatImage",
    "Header",
    "StoredFormat",
    "header_of",
    "pixels_of",
    "stored_format_of",
]
