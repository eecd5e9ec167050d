"""Image files: where they lie, which are drawn, what scene they show, and how they are read.

`load_image_set` turns sources (folders, manifests, names of the catalogue) into an `ImageSet`;
`read_image` turns a file into float32 RGB of shape (3, H, W) in [0, 1]; `resize` applies the resize
rule.
"""

from __future__ import annotations

from rainmer_analysis.images.datasets import (
    Account,
    Rule,
    iterate_candidate_paths,
    pair_names,
    parse_patterns,
)
from rainmer_analysis.images.datasets.catalogue import CATALOGUE
from rainmer_analysis.images.lossy_encoding import LEAST_BYTES, encode_thumbnail, jpeg_round_trip
from rainmer_analysis.images.png_files import (
    read_png_request_digest,
    to_uint8_hwc,
    write_png,
    write_uint8_png,
)
from rainmer_analysis.images.psnr_ssim import QUALITIES, WINDOW
from rainmer_analysis.images.psnr_ssim_protocols import (
    PROTOCOLS,
    PsnrSsim,
    crop_border,
    measure_by_every_protocol,
)
from rainmer_analysis.images.reading import (
    IMAGE_SUFFIXES,
    Region,
    file_sha256,
    read_hashed_image,
    read_header,
    read_image,
    unstorable_name_reason,
)
from rainmer_analysis.images.resize_rules import DEFAULT_RULE, RESIZE_RULES, resize
from rainmer_analysis.images.sample_image_ids import sample_ids
from rainmer_analysis.images.sources import (
    Sources,
    dataset_notes,
    find_datasets,
    load_image_set,
    sample_datasets,
)
from rainmer_analysis.images.work_in_threads import (
    content_hashes,
    map_ahead_in_threads,
    map_in_threads,
    sha256_or_empty,
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
    "PsnrSsim",
    "Region",
    "Rule",
    "Sources",
    "content_hashes",
    "crop_border",
    "dataset_notes",
    "encode_thumbnail",
    "file_sha256",
    "find_datasets",
    "iterate_candidate_paths",
    "jpeg_round_trip",
    "load_image_set",
    "map_ahead_in_threads",
    "map_in_threads",
    "measure_by_every_protocol",
    "pair_names",
    "parse_patterns",
    "read_hashed_image",
    "read_header",
    "read_image",
    "read_png_request_digest",
    "resize",
    "sample_datasets",
    "sample_ids",
    "sha256_or_empty",
    "to_uint8_hwc",
    "unstorable_name_reason",
    "write_png",
    "write_uint8_png",
]
