"""Pictures that carry a record of what they show, in a place that PNG, PDF and SVG provide for."""

from __future__ import annotations

from rainmer_analysis.values.pictures.command_line import command_line, stated_command
from rainmer_analysis.values.pictures.picture_record import (
    RECORD_KIND,
    PictureRecord,
    carries_record,
    picture_sha256,
    read_record,
    with_record,
)

__all__ = [
    "RECORD_KIND",
    "PictureRecord",
    "carries_record",
    "command_line",
    "picture_sha256",
    "read_record",
    "stated_command",
    "with_record",
]
