"""Names of formats: which files count as images, and what others are called when they are met.

What a file is called decides only whether it is looked at; what it holds is read from its content,
because photographs of telephones, failed downloads and pointers of Git LFS are often named .jpg.
"""

from __future__ import annotations

__all__ = ["IMAGE_SUFFIXES", "PACKED_SUFFIXES", "UNREAD_SUFFIXES", "describe_unreadable_content"]

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

PACKED_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("7z", "arrow", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst"),
        *("h5", "hdf5", "lmdb", "mat", "mdb", "npy", "npz", "parquet", "tfrecord", "tfrecords"),
        *("avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "webm", "wmv"),
    )
)
"""Suffixes of archives, arrays and videos, which may hold images."""

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
    (b"\x1ae\xdf\xa3", "a video"),
    (b'{"', "a JSON document, as a failed download leaves it; download the image again"),
)


def describe_unreadable_content(prefix: bytes) -> str:
    """Say what a file holds instead of an image that is read, from its first 256 bytes.

    Returns
    -------
    The end of a sentence that begins with "not an image that is read: ".
    """
    name = _unread_picture_format(prefix)
    if name:
        return f"a picture in the format {name}; convert it to PNG"
    text = prefix.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for magic, what in _OTHERS:
        if text.startswith(magic):
            return what
    return "its first bytes belong to no format that is read"


def _unread_picture_format(prefix: bytes) -> str:
    """Name the picture format that is not read, or nothing."""
    if prefix[4:8] == b"ftyp":
        return "HEIC" if prefix[8:12] in _HEIF_BRANDS else ""
    if prefix[128:132] == b"DICM":
        return "DICOM"
    return next((name for magic, name in _PICTURES if prefix.startswith(magic)), "")
