"""What makes images and pairs trustworthy, measured on arrays: no file is read here.

Thumbnails and their descriptors find copies and shared scenes (`related_images`,
`window_alignment`); pairs are registered to parts of a pixel, and told which side is degraded
(`registration`, `pair_orientation`, `pair_faults`); fingerprints tell known sets.
"""

from __future__ import annotations

from rainmer_analysis.auditing.connected_components import first_connected
from rainmer_analysis.auditing.findings import FINDINGS, Finding
from rainmer_analysis.auditing.luma_thumbnails import (
    SHAPE,
    Planes,
    Thumbnails,
    planes_of,
    thumbnail,
)
from rainmer_analysis.auditing.pair_faults import PairFacts, frame_within, measure_pair, pair_faults
from rainmer_analysis.auditing.perceptual_hashing import (
    BITS,
    NEAR,
    Fingerprints,
    hamming_distances,
    mirrored_hashes,
    nearest_hash,
    perceptual_hashes,
    read_fingerprints,
)
from rainmer_analysis.auditing.registration import Registration
from rainmer_analysis.auditing.related_images import (
    RelatedPair,
    compare_thumbnails,
    find_related_pairs,
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
    "compare_thumbnails",
    "find_related_pairs",
    "first_connected",
    "frame_within",
    "hamming_distances",
    "measure_pair",
    "mirrored_hashes",
    "nearest_hash",
    "pair_faults",
    "perceptual_hashes",
    "planes_of",
    "read_fingerprints",
    "thumbnail",
]
