"""What a file of weights may claim, judged before anything of that size is read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import WeightsError

__all__ = [
    "MAX_TENSORS",
    "checked_safetensors_header",
    "refuse_unsafe_unpickler",
    "refuse_zip_bomb",
]

MAX_TENSORS = 10_000
"""A whole Rainmer has fewer than 3,000."""
_MAX_HEADER = 16 << 20  # bytes
# Below, files could run code or corrupt memory in spite of weights_only=True: CVE-2025-32434 until
# 2.6, CVE-2026-24747 until 2.10.
_SAFE_TORCH = (2, 10)
_REPAIR = "fetch or write it again"


def refuse_unsafe_unpickler(path: Path, version: str) -> None:
    """Refuse pickled checkpoints where torch's restricted unpickler is known to be unsafe.

    Parameters
    ----------
    path
        What is going to be read.
    version
        Of torch.

    Raises
    ------
    WeightsError
        The version is too old.
    """
    if tuple(int(part) for part in version.split(".")[:2]) < _SAFE_TORCH:
        msg = (
            f"{path} is a pickle, which torch {version} is known not to read safely "
            "(CVE-2026-24747); install torch 2.10 or newer, or give a .safetensors file."
        )
        raise WeightsError(msg)


def refuse_zip_bomb(path: Path) -> None:
    """Refuse a zipped checkpoint that unpacks to much more than it is.

    `torch.save` stores without compression, so an honest file is no smaller than what it holds.

    Raises
    ------
    WeightsError
        It claims more, has too many entries, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        msg = f"{path} is damaged, truncated or no torch checkpoint; {_REPAIR}."
        raise WeightsError(msg) from error
    claimed, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if claimed > 4 * size + (1 << 20) or len(entries) > 2 * MAX_TENSORS:
        msg = (
            f"{path} claims {len(entries):,} entries of {claimed:,} bytes in a file of {size:,}; "
            f"no weights do: {_REPAIR}."
        )
        raise WeightsError(msg)


def checked_safetensors_header(path: Path, data: bytes) -> dict[str, Any]:
    """Return the header of a safetensors file, and refuse one that no weights have.

    Raises
    ------
    WeightsError
        It is damaged, or names too many tensors.
    """
    length = int.from_bytes(data[:8], "little")
    named = data.count(b'"data_offsets"', 8, 8 + length)
    if named > MAX_TENSORS:
        msg = f"{path} names {named:,} tensors, weights have at most {MAX_TENSORS:,}."
        raise WeightsError(msg)
    try:
        if not 0 < length <= min(_MAX_HEADER, len(data) - 8):
            raise ValueError(length)
        header = json.loads(data[8 : 8 + length])
        if not isinstance(header, dict):
            raise TypeError(header)
    except (ValueError, TypeError, RecursionError) as error:
        msg = f"{path} is a damaged or truncated safetensors file; {_REPAIR}."
        raise WeightsError(msg) from error
    return header
