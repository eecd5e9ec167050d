"""Image files: where they lie, which are drawn, what scene they show, and how they are read.

`load_image_set` turns sources (folders, manifests, names of the catalogue) into an `ImageSet`;
`read_image` turns a file into float32 RGB of shape (3, H, W) in [0, 1]; `resize` applies the resize
rule.
"""

from __future__ import annotations

from rainmer_analysis.images.datasets import (
    Account,
    Rule,
    list_candidates,
    pair_names,
    parse_patterns,
)
from rainmer_analysis.images.datasets.catalogue import CATALOGUE
from rainmer_analysis.images.protocols import PROTOCOLS, Measured, crop, measure
from rainmer_analysis.images.psnr_ssim import QUALITIES, WINDOW
from rainmer_analysis.images.reading import (
    IMAGE_SUFFIXES,
    Region,
    file_sha256,
    read_hashed,
    read_header,
    read_image,
    unstorable_name_reason,
)
from rainmer_analysis.images.reading_threads import content_hashes, read_ahead, sha256_or_empty
from rainmer_analysis.images.resize_rules import DEFAULT_RULE, RESIZE_RULES, resize
from rainmer_analysis.images.sampling import sample_ids
from rainmer_analysis.images.sources import (
    Sources,
    find_datasets,
    load_image_set,
    notes_of,
    sample_datasets,
)
from rainmer_analysis.images.thumbnails import LEAST_BYTES, encode_thumbnail
from rainmer_analysis.images.writing import (
    compress_jpeg,
    png_request,
    to_samples,
    write_png,
    write_samples,
)

__all__ = [
    "CATALOGUE",
    "DEFAULT_RULE",
    "IMAGE_SUFFIXES",
    "LEAST_BYTES",
    "PROTOCOLS",
    "QUALITIES",
    "RESIZE_RULES",
    "WINDOW",
    "Account",
    "Measured",
    "Region",
    "Rule",
    "Sources",
    "compress_jpeg",
    "content_hashes",
    "crop",
    "encode_thumbnail",
    "file_sha256",
    "find_datasets",
    "list_candidates",
    "load_image_set",
    "measure",
    "notes_of",
    "pair_names",
    "parse_patterns",
    "png_request",
    "read_ahead",
    "read_hashed",
    "read_header",
    "read_image",
    "resize",
    "sample_datasets",
    "sample_ids",
    "sha256_or_empty",
    "to_samples",
    "unstorable_name_reason",
    "write_png",
    "write_samples",
]
