"""Identity of a request: the same inputs and parameters give the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from itertools import islice
from typing import Any

import numpy as np

from rainmer_analysis.errors import ParameterError

__all__ = ["ALGORITHMS", "algorithm_versions", "array_digest", "digest", "to_json_types"]

ALGORITHMS: dict[str, int] = {
    "audit": 2,
    "describe": 1,
    "extract": 1,
    "figure": 1,
    "place": 1,
    "project/sphere": 1,
    "project/umap-learn": 1,
    "relate": 1,
    "report": 1,
    "statistics": 1,
}
"""Version of each algorithm. Whoever changes what comes out beyond rounding raises its number, so
that no result of an earlier release is taken for one of this."""

_AT_ONCE = 1024


def to_json_types(value: Any) -> Any:
    """Turn a nested value into JSON's types.

    Mappings (keys as text), sequences, frozen dataclasses, numpy scalars, numbers, text, booleans
    and None are understood. Numbers that are not finite become None, as JSON has no name for them.

    Raises ParameterError: the value holds anything else.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return to_json_types(asdict(value))
    if isinstance(value, np.generic):
        return to_json_types(value.item())
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_json_types(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return to_json_types(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [to_json_types(item) for item in value]
    raise ParameterError(
        f"a value of type {type(value).__name__} cannot be written into metadata; "
        "use text, numbers, lists and mappings"
    )


def digest(value: Any) -> str:
    """Return the SHA-256 (hexadecimal) of a nested value's canonical JSON.

    An iterator, by itself or in mappings and tuples, counts as the list of what it gives. Neither
    it nor a list is held as text at once.
    """
    hasher = hashlib.sha256()
    for piece in _canonical_json_pieces(value):
        hasher.update(piece.encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()


def algorithm_versions(*algorithms: str) -> dict[str, int]:
    """Return the versions that belong into a request, by the algorithms that answer it.

    The first version of an algorithm is left out: results of releases that did not number them
    are still up to date.
    """
    found = {name: ALGORITHMS.get(name, 1) for name in sorted(algorithms)}
    return {name: version for name, version in found.items() if version != 1}


def _canonical_json_pieces(value: Any) -> Iterator[str]:
    """Write canonical JSON piece by piece: keys sorted, no spaces."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        named = {str(key): item for key, item in value.items()}
        for number, name in enumerate(sorted(named)):
            yield f"{',' if number else '{'}{_canonical_json(name)}:"
            yield from _canonical_json_pieces(named[name])
        yield "}" if named else "{}"
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield "," if number else "["
            yield from _canonical_json_pieces(item)
        yield "]" if value else "[]"
    elif isinstance(value, list | Iterator):
        yield "["
        yield from _json_items(value)
        yield "]"
    else:
        yield _canonical_json(to_json_types(value))


def _json_items(items: Iterable[Any]) -> Iterator[str]:
    left, comma = iter(items), ""
    while piece := list(islice(left, _AT_ONCE)):
        yield comma + _canonical_json(to_json_types(piece))[1:-1]
        comma = ","


def _canonical_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def array_digest(*arrays: np.ndarray[Any, Any]) -> str:
    """Return the SHA-256 (hexadecimal) of arrays' shapes, types and little-endian bytes."""
    hasher = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        hasher.update(f"{little.dtype.str}{little.shape}".encode())
        hasher.update(little.tobytes())
    return hasher.hexdigest()
