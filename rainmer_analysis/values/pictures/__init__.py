"""Pictures that carry a record of what they show, in a place that PNG, PDF and SVG provide for."""

from __future__ import annotations

from rainmer_analysis.values.pictures.picture_record_and_faults import (
    PictureRecord,
    carries_record,
    picture_sha256,
    read_record,
    with_record,
)

__all__ = ["PictureRecord", "carries_record", "picture_sha256", "read_record", "with_record"]
