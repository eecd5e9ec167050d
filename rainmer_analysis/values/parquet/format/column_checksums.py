"""Checksums of content, so that a flipped bit is found instead of read.

Every page of a file has the checksum that Parquet provides for. It covers neither the headers of
pages nor the footer, which hold names, places and sizes; so a digest of each column's values and
one of the document stand in the file as well. Digests of columns grow piece by piece and do not
depend on how rows are cut into pieces.

The digest of vectors is the SHA-256 of one 64-bit key a row: the sum of its words, each times an
odd number of its own, modulo 2**64 (multilinear hashing: Lemire and Kaser, "Strongly universal
string hashing is fast", The Computer Journal 57, 2014). Any change of one word changes the key.
It takes an eighth of the time of the SHA-256 of the vectors themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rainmer_analysis.values.request_digest import digest

__all__ = ["SUMS", "ColumnDigests", "digests_json", "document_digest"]

SUMS = b"rainmer_analysis.checksums"
"""Key of the digests in a file's metadata."""


class _ColumnDigest:
    """The digest of a growing column: of its values, and of which of them are there."""

    def __init__(self) -> None:
        self._values = hashlib.sha256()
        self._shape = hashlib.sha256()

    def add(self, chunk: pa.Array) -> None:
        """Take further rows."""
        kind = chunk.type
        if pa.types.is_dictionary(kind):
            self.add(chunk.dictionary_decode())
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            self._shape.update(
                _little_endian_bytes(pc.fill_null(pc.binary_length(chunk).cast("i8"), -1))
            )
            self._values.update(_text_bytes(chunk.drop_null()))
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            self._shape.update(_missing_mask_bytes(chunk))
            self._values.update(
                _little_endian_bytes(pc.fill_null(chunk, 0) if chunk.null_count else chunk)
            )
        elif pa.types.is_fixed_size_list(kind) and pa.types.is_float32(kind.value_type):
            self._shape.update(_missing_mask_bytes(chunk))
            self._values.update(_row_hash_bytes(chunk))
        else:
            for cell in chunk.to_pylist():
                self._values.update(json.dumps(cell, default=str, sort_keys=True).encode() + b"\n")

    def hexdigest(self) -> str:
        """Return the digest of all rows so far."""
        return hashlib.sha256(self._values.digest() + self._shape.digest()).hexdigest()


class ColumnDigests:
    """Digests of columns whose rows come in pieces.

    Attributes
    ----------
    rows
        Number of rows so far.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._columns: dict[str, _ColumnDigest] = {}

    def add(self, table: pa.Table) -> None:
        """Take further rows of the same columns."""
        self.rows += len(table)
        for name, column in zip(table.column_names, table.columns, strict=True):
            found = self._columns.setdefault(name, _ColumnDigest())
            for chunk in column.chunks:
                found.add(chunk)

    def hexdigests(self) -> dict[str, str]:
        """Return the digest of each column."""
        return {name: column.hexdigest() for name, column in self._columns.items()}


def document_digest(document: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the digest of a file's document and of the names of its columns."""
    return digest({"document": document, "columns": list(names)})


def digests_json(sums: ColumnDigests, document: str, beside: Mapping[str, str]) -> str:
    """Return the text that stands in a file's metadata.

    Parameters
    ----------
    sums
        Of all rows.
    document
        What `document_digest` gave.
    beside
        Digests of what was written together with the file, by name.
    """
    stated = {"rows": sums.rows, "columns": sums.hexdigests(), "document": document}
    return json.dumps(stated | ({"beside": dict(beside)} if beside else {}), sort_keys=True)


def _little_endian_bytes(values: pa.Array) -> bytes:
    array = values.to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()


def _missing_mask_bytes(chunk: pa.Array) -> bytes:
    """Return one byte a row, 1 where the value is missing."""
    if not chunk.null_count:
        return bytes(len(chunk))
    return bytes(chunk.is_null().to_numpy(zero_copy_only=False).tobytes())


def _text_bytes(chunk: pa.Array) -> memoryview:
    """Return the bytes of all texts, one behind the other."""
    wide = pa.types.is_large_string(chunk.type)
    _, offsets, data = chunk.buffers()
    if not len(chunk) or data is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, "<i8" if wide else "<i4")
    return memoryview(data)[int(ends[chunk.offset]) : int(ends[chunk.offset + len(chunk)])]


def _row_hash_bytes(chunk: pa.Array) -> bytes:
    width = chunk.type.list_size
    present = chunk.drop_null() if chunk.null_count else chunk
    flat = present.flatten()
    values = flat.to_numpy(zero_copy_only=False).reshape(len(present), width)
    if width % 2:
        values = np.pad(values, ((0, 0), (0, 1)))
    words = np.ascontiguousarray(values, "<f4").view("<u8")
    return np.asarray(words @ _hash_multipliers(words.shape[1]), "<u8").tobytes()


@cache
def _hash_multipliers(count: int) -> npt.NDArray[np.uint64]:
    drawn = hashlib.shake_128(b"rainmer_analysis: keys of rows").digest(8 * count)
    return np.frombuffer(drawn, "<u8").astype(np.uint64) | np.uint64(1)
