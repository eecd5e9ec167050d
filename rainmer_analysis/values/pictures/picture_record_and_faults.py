"""The record that a picture carries: what it shows, of which inputs, made by which command.

A record is a JSON document with the digest of its own content (as every document of this package)
and the digest of what is drawn. Both find damage, an edited number and a swapped picture. They are
no signature: whoever changes a record can compute its digests anew, and is found only by what the
record says of its inputs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import rainmer_analysis.values.pictures.pdf_record as pdf_record
import rainmer_analysis.values.pictures.png_record as png_record
import rainmer_analysis.values.pictures.svg_record as svg_record
from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk.checksummed_json import verify_and_drop_checksum, with_checksum

__all__ = [
    "RECORD_KIND",
    "PictureRecord",
    "carries_record",
    "picture_sha256",
    "read_record",
    "with_record",
]

RECORD_KIND = "picture"
_VERSION = 1
_CONTENT = "picture_sha256"
_MOST_BYTES = 1 << 28


class _RecordFunctions(NamedTuple):
    insert_record: Callable[[bytes, str], bytes]
    split_record: Callable[[bytes], tuple[bytes | None, bytes]]
    content_sha256: Callable[[bytes], str]


_RECORD_FUNCTIONS: Mapping[str, _RecordFunctions] = MappingProxyType(
    {
        f".{name}": _RecordFunctions(
            module.insert_record, module.split_record, module.content_sha256
        )
        for name, module in (("png", png_record), ("pdf", pdf_record), ("svg", svg_record))
    }
)


@dataclass(frozen=True)
class PictureRecord:
    """What a picture says of itself, and whether it is still the picture that said so.

    Parameters
    ----------
    document
        The record, without its own digest.
    record_fault
        Why the record is not as it was written; empty where it is.
    picture_fault
        Why the picture is not the one that the record was written for; empty where it is.
    content_sha256
        Digest of what is drawn; empty where it cannot be read.
    suffix
        The format, as in ``.png``, whatever the file's name ends in.
    """

    document: Mapping[str, Any]
    record_fault: str = ""
    picture_fault: str = ""
    content_sha256: str = ""
    suffix: str = ""


def with_record(picture: bytes, suffix: str, document: Mapping[str, Any]) -> bytes:
    """Return a picture with its record inside.

    Parameters
    ----------
    picture
        Content of a ``.png``, ``.pdf`` or ``.svg`` file of matplotlib.
    suffix
        Which of them.
    document
        What JSON can hold; kind, version and digests are added.
    """
    form = _RECORD_FUNCTIONS[suffix]
    head = {"kind": RECORD_KIND, "version": _VERSION, _CONTENT: form.content_sha256(picture)}
    text = json.dumps(with_checksum(head | dict(document)), separators=(",", ":"), allow_nan=False)
    return form.insert_record(picture, text)


def picture_sha256(picture: bytes) -> str:
    """Return the digest of what a picture draws: a PNG's pixels, all of a PDF or SVG.

    Raises FileFormatError: it cannot be decoded.
    """
    return _record_functions_of(picture).content_sha256(picture)


def carries_record(path: Path) -> bool:
    """Return whether a picture has a record inside, be it right or wrong."""
    return _read_text_and_picture(path)[0] is not None


def read_record(path: Path) -> PictureRecord:
    """Read what a picture carries, and compare it with the picture.

    Raises FileFormatError: the file is no picture of this package, or of a newer version of it.
    """
    if not path.is_file():
        raise FileFormatError(f"there is no file {path}; give a .png, .pdf or .svg picture")
    text, picture = _read_text_and_picture(path)
    if text is None:
        raise FileFormatError(
            f"{path} carries no record of this package; give a .png, .pdf or .svg picture that "
            "rainmer-analysis has written, as it was written (other programs may drop the record)"
        )
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("kind") != RECORD_KIND:
            raise ValueError("it is no record")
    except (ValueError, RecursionError) as error:
        fault = f"it cannot be read ({error}): it is damaged"
        return PictureRecord({}, fault, "the record does not say what was drawn")
    _demand_known_version(found, path)
    document, fault = _document_and_fault(found, path)
    content, drawn = _content_digest_and_fault(picture)
    if not drawn and content != document.get(_CONTENT):
        drawn = "what is drawn is not what the record was written for"
    return PictureRecord(document, fault, drawn, content, _suffix_by_first_bytes(picture))


def _read_text_and_picture(path: Path) -> tuple[bytes | None, bytes]:
    """Return the text of a picture's record, None where it has none, and the picture without it."""
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return None, b""
    data = path.read_bytes()
    return _record_functions_of(data).split_record(data)


def _suffix_by_first_bytes(data: bytes) -> str:
    """Tell a format by how its files begin, whatever the name ends in."""
    return {b"\x89PNG": ".png", b"%PDF": ".pdf"}.get(data[:4], ".svg")


def _record_functions_of(data: bytes) -> _RecordFunctions:
    return _RECORD_FUNCTIONS[_suffix_by_first_bytes(data)]


def _demand_known_version(document: Mapping[str, Any], path: Path) -> None:
    stated = document.get("version")
    if isinstance(stated, int) and stated > _VERSION:
        raise FileFormatError(
            f"the record of {path} has version {stated}, but this installation reads up to "
            f"{_VERSION}; update rainmer-analysis"
        )


def _document_and_fault(found: dict[str, Any], path: Path) -> tuple[dict[str, Any], str]:
    if "checksum" not in found:
        return found, "it lacks the digest of its content"
    try:
        return verify_and_drop_checksum(found, path), ""
    except FileFormatError:
        content = {name: value for name, value in found.items() if name != "checksum"}
        return content, "its content is not that of its digest: it was edited or is damaged"


def _content_digest_and_fault(picture: bytes) -> tuple[str, str]:
    try:
        return picture_sha256(picture), ""
    except FileFormatError as error:
        return "", str(error)
