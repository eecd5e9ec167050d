"""What writing and reading of Parquet files share."""

from __future__ import annotations

__all__ = ["FORMAT_VERSION", "KEY", "TEXT"]

FORMAT_VERSION = 1
KEY = b"rainmer_analysis"  # of the document in a file's metadata
TEXT = ("image_id", "dataset", "group", "split", "target", "path", "sha256")  # or None
