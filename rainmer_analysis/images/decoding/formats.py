"""Names of formats, what files are called that are none, and the chunks of PNG files.

What a file is called decides only whether it is looked at; what it holds is told from its content,
because photographs of telephones, failed downloads and pointers of Git LFS are often named .jpg.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from rainmer_analysis.images.decoding.damage import DamageError

__all__ = [
    "IMAGE_SUFFIXES",
    "UNREAD_SUFFIXES",
    "demand_whole_png",
    "describe_other_content",
    "png_exif",
    "unread_format_reason",
    "without_texts",
]

IMAGE_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("apng", "avif", "bmp", "dds", "dib", "gif", "j2c", "j2k", "jfif", "jp2", "jpc", "jpe"),
        *("jpeg", "jpf", "jpg", "jpx", "mpo", "pbm", "pcx", "pgm", "png", "pnm", "ppm", "qoi"),
        *("sgi", "tga", "tif", "tiff", "webp"),
    )
)

_RAW = ("3fr", "arw", "cr2", "cr3", "crw", "dng", "erf", "iiq", "kdc", "mrw", "nef", "nrw", "orf")
_UNREAD = {
    "HEIC": ("heic", "heics", "heif", "heifs", "hif"),
    "camera RAW": (*_RAW, "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    "JPEG XL": ("jxl",),
    "JPEG XR": ("jxr", "hdp", "wdp"),
    "OpenEXR": ("exr",),
    "Radiance HDR": ("hdr", "pic", "rgbe"),
    "PFM": ("pfm",),
    "Photoshop": ("psd", "psb"),
    "BPG": ("bpg",),
    "DICOM": ("dcm", "dicom"),
    "FITS": ("fit", "fits", "fts"),
    "icon": ("cur", "icns", "ico"),
    "vector drawing": ("eps", "emf", "svg", "svgz", "wmf"),
    "raster of an old system": ("im", "msp", "pcd", "ras", "sun", "xbm", "xpm", "xwd"),
}
UNREAD_SUFFIXES = {f".{end}": name for name, ends in _UNREAD.items() for end in ends}
"""Suffixes of pictures in formats that are not read, and what these formats are called."""

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_PICTURES = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"8BPS", "Photoshop"),
    (b"BPG\xfb", "BPG"),
    (b"SIMPLE  =", "FITS"),
    (b"\0\0\1\0", "icon"),
    (b"icns", "icon"),
    (b"PF\n", "PFM"),
    (b"Pf\n", "PFM"),
)
_OTHERS = (
    (b"version https://git-lfs", "a pointer of Git LFS; fetch the image with 'git lfs pull'"),
    (b"<!doctype html", "a web page, as a failed download leaves it; download the image again"),
    (b"<html", "a web page, as a failed download leaves it; download the image again"),
    (b"<svg", "a vector drawing"),
    (b"<?xml", "an XML file"),
    (b"%pdf", "a PDF document"),
    (b"%!ps", "a PostScript document"),
    (b"pk\3\4", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x93numpy", "a numpy array"),
    (b"\x89hdf", "an HDF5 file"),
)


def describe_other_content(prefix: bytes) -> str:
    """Say what a file holds instead of an image that is read, from its first 256 bytes.

    Returns
    -------
    The end of a sentence that begins with "not an image that is read: ".
    """
    name = _unread_picture_format(prefix)
    if name:
        return unread_format_reason(name)
    text = prefix.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for magic, what in _OTHERS:
        if text.startswith(magic):
            return what
    return "its first bytes belong to no format that is read"


def unread_format_reason(name: str) -> str:
    """Say that a picture is in a format which is not read, and what to do."""
    return f"a picture in the format {name}; convert it to PNG"


def _unread_picture_format(prefix: bytes) -> str:
    """Name the picture format that is not read, or nothing."""
    if prefix[4:8] == b"ftyp":
        return "HEIC" if prefix[8:12] in _HEIF_BRANDS else ""
    if prefix[128:132] == b"DICM":
        return "DICOM"
    return next((name for magic, name in _PICTURES if prefix.startswith(magic)), "")


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_NO_PIXELS = (b"iCCP", b"iTXt", b"tEXt", b"zTXt")


def png_exif(file: BinaryIO) -> bytes:
    """Read the EXIF of an open PNG; empty where there is none."""
    for start, length, kind in _png_chunks(file):
        if kind == b"eXIf":
            file.seek(start + 8)
            return file.read(length)
    return b""


def demand_whole_png(file: BinaryIO) -> None:
    """Make sure that what pixels depend on is as it was written, up to the end of the image.

    Decoders pass over the checksums of pixels, and over an end that is missing.

    Raises
    ------
    DamageError
        A checksum differs, or the file is cut off.
    """
    for start, length, kind in _png_chunks(file):
        if kind in _PIXELS:
            file.seek(start + 4)
            data, stated = file.read(4 + length), file.read(4)
            if len(stated) < 4:
                break
            if zlib.crc32(data) != int.from_bytes(stated, "big"):
                raise DamageError(
                    f"truncated or damaged: the checksum of its {kind.decode()} differs"
                )
            if kind == b"IEND":
                return
    raise DamageError("truncated or damaged: the file ends before the image does")


def without_texts(file: BinaryIO) -> io.BytesIO | None:
    """Copy an open PNG into memory without texts and profiles; None where it has none."""
    file.seek(0)
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return None
    kept, left_out = io.BytesIO(), False
    kept.write(_SIGNATURE)
    for start, length, kind in _png_chunks(file):
        if kind in _NO_PIXELS:
            left_out = True
            continue
        file.seek(start)
        kept.write(file.read(length + 12))
    kept.seek(0)
    return kept if left_out else None


def _png_chunks(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Return where each chunk begins, the length of its data, and its kind."""
    start = len(_SIGNATURE)
    while len(head := (file.seek(start), file.read(8))[1]) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield start, length, kind
        start += length + 12
