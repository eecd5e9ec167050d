"""Identity of a request: the same inputs and parameters give the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from rainmer_analysis.errors import ParameterError

__all__ = ["array_digest", "digest", "plain"]


def plain(value: Any) -> Any:
    """Turn a nested value into JSON's types.

    Mappings (keys as text), sequences, frozen dataclasses, numpy scalars, numbers, text, booleans
    and None are understood. Numbers that are not finite become None, as JSON has no name for them.

    Raises
    ------
    ParameterError
        The value holds anything else.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, np.generic):
        return plain(value.item())
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    raise ParameterError(
        f"a value of type {type(value).__name__} cannot be written into metadata; "
        "use text, numbers, lists and mappings"
    )


def digest(value: Any) -> str:
    """Give the SHA-256 (hexadecimal) of a nested value's canonical JSON."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def array_digest(*arrays: np.ndarray[Any, Any]) -> str:
    """Give the SHA-256 (hexadecimal) of arrays' shapes, types and little-endian bytes."""
    hasher = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        hasher.update(f"{little.dtype.str}{little.shape}".encode())
        hasher.update(little.tobytes())
    return hasher.hexdigest()
