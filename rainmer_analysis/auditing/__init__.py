"""What makes images and pairs trustworthy, measured on arrays: no file is read here.

Thumbnails and their descriptors find copies and shared scenes (`related_images`,
`window_alignment`); pairs are registered to parts of a pixel, and their degraded side is found
(`registration`, `degraded_side`, `pair_faults`); fingerprints recognise known sets.
"""

from __future__ import annotations

from rainmer_analysis.auditing.connected_components import first_member_of_component
from rainmer_analysis.auditing.findings import FINDINGS, Finding
from rainmer_analysis.auditing.fingerprints import (
    BITS,
    NEAR,
    Fingerprints,
    count_set_bits,
    mirrored_hashes,
    nearest_hashes_and_distances,
    perceptual_hashes,
    read_fingerprints,
)
from rainmer_analysis.auditing.luma_and_colour_thumbnails import (
    SHAPE,
    Planes,
    Thumbnails,
    luma_and_red_minus_blue,
    thumbnail_of_planes,
)
from rainmer_analysis.auditing.pair_faults import (
    PairFacts,
    measure_pair_facts,
    pair_faults,
    wider_side_and_box_of_other,
)
from rainmer_analysis.auditing.registration import Registration
from rainmer_analysis.auditing.related_images import (
    RelatedPair,
    find_related_pairs,
    find_thumbnail_relation,
)

__all__ = [
    "BITS",
    "FINDINGS",
    "NEAR",
    "SHAPE",
    "Finding",
    "Fingerprints",
    "PairFacts",
    "Planes",
    "Registration",
    "RelatedPair",
    "Thumbnails",
    "count_set_bits",
    "find_related_pairs",
    "find_thumbnail_relation",
    "first_member_of_component",
    "luma_and_red_minus_blue",
    "measure_pair_facts",
    "mirrored_hashes",
    "nearest_hashes_and_distances",
    "pair_faults",
    "perceptual_hashes",
    "read_fingerprints",
    "thumbnail_of_planes",
    "wider_side_and_box_of_other",
]
