"""What is wrong with a file is called by its name, and what is right is read."""

from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from image_files import photograph, png_bytes, save
from PIL import Image, PngImagePlugin

from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import read_header, read_image
from rainmer_analysis.images.decoding import pillow

RGB = photograph()
WIDE = np.random.default_rng(3).integers(0, 65536, (20, 24, 3), dtype=np.uint16)


def _assert_reads(path: Path, wanted: np.ndarray = RGB, maximum: int = 255) -> None:
    np.testing.assert_allclose(
        read_image(path), wanted.transpose(2, 0, 1) / maximum, atol=1e-7, rtol=0
    )
    assert (read_header(path).height, read_header(path).width) == wanted.shape[:2]


def _chunk(kind: bytes, body: bytes, *, crc: int | None = None) -> bytes:
    right = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", right)


def _with_chunk(path: Path, chunk: bytes, *, before: bytes) -> Path:
    data = path.read_bytes()
    place = data.index(before) - 4
    path.write_bytes(data[:place] + chunk + data[place:])
    return path


LONG = zlib.compress(bytes(2_000_000))
CHUNKS = {
    "a long profile": _chunk(b"iCCP", b"screen\0\0" + LONG),
    "a long text": _chunk(b"zTXt", b"workflow\0\0" + LONG),
    "a long international text": _chunk(b"iTXt", b"xmp\0\1\0\0\0" + LONG),
    "a damaged profile": _chunk(b"iCCP", b"screen\0\0\1\2\3"),
    "a damaged text": _chunk(b"tEXt", b"a\0b", crc=1),
}


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize("name", CHUNKS)
def test_profiles_and_texts_of_png_do_not_matter(tmp_path: Path, name: str, before: bytes) -> None:
    _assert_reads(_with_chunk(save(tmp_path / "a.png", RGB), CHUNKS[name], before=before))
    (tmp_path / "b.png").write_bytes(png_bytes(WIDE))
    _assert_reads(_with_chunk(tmp_path / "b.png", CHUNKS[name], before=before), WIDE, 65535)


def test_texts_as_pillow_writes_them(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("workflow", "x" * 2_000_000, zip=True)
    _assert_reads(save(tmp_path / "text.png", RGB, pnginfo=text))
    _assert_reads(save(tmp_path / "icc.png", RGB, icc_profile=bytes(2_000_000)))


@pytest.mark.parametrize("less", [1, 4, 12, 13, 20, 30])
def test_a_png_that_lacks_its_last_bytes_is_damaged(tmp_path: Path, less: int) -> None:
    """Decoders have all rows by then, and do not look for more."""
    path = save(tmp_path / "a.png", RGB)
    path.write_bytes(path.read_bytes()[:-less])
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(path)


def test_a_flipped_bit_of_a_png_is_found_or_changes_no_pixel(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RGB)
    data, wanted = path.read_bytes(), read_image(path)
    for at in range(0, len(data), max(1, len(data) // 200)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])
        with contextlib.suppress(ImageError):
            assert np.array_equal(read_image(path), wanted), f"byte {at} of {len(data)}"
    path.write_bytes(data + b"what some programs append")
    assert np.array_equal(read_image(path), wanted)


def test_a_truncated_png_with_texts_is_still_damaged(tmp_path: Path) -> None:
    path = _with_chunk(save(tmp_path / "a.png", RGB), CHUNKS["a long text"], before=b"IDAT")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(path)


@pytest.mark.parametrize(
    ("name", "fault"), [("_decode_unrotated", AttributeError), ("_exif_orientation", TypeError)]
)
def test_a_fault_of_the_program_shows_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: type[Exception]
) -> None:
    def broken(*given: object) -> None:
        raise fault("'tuple' object has no attribute 'args'")

    monkeypatch.setattr(pillow, name, broken)
    with pytest.raises(fault, match="has no attribute 'args'"):
        read_image(save(tmp_path / "a.png", RGB))


def test_a_fault_of_the_disk_is_none_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png", RGB)

    def fail(*given: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
    with pytest.raises(ImageError, match=r"^cannot be read: Input/output error$"):
        read_image(path)


def _compressed_by(path: Path, number: int, dtype: type = np.uint8) -> Path:
    tifffile.imwrite(path, np.zeros((16, 16, 3), dtype), photometric="rgb")
    data = bytearray(path.read_bytes())
    place = data.find(struct.pack("<HHI", 259, 3, 1)) + 8
    data[place : place + 2] = struct.pack("<H", number)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (34712, r"its compression \(JPEG2000\) needs the package imagecodecs"),
        (34887, r"its compression \(LERC\) needs the package imagecodecs"),
        (50001, "compressed by WebP, which this Pillow was built without, or damaged"),
        (5, "truncated or damaged"),
    ],
)
def test_a_compression_that_needs_another_library_is_named(
    tmp_path: Path, number: int, reason: str
) -> None:
    with pytest.raises(ImageError, match=reason):
        read_image(_compressed_by(tmp_path / "a.tif", number))


CONTENTS = {
    b"\0\0\0\x18ftypheic" + bytes(40): "a picture in the format HEIC; convert it to PNG",
    b"\xff\x0a" + bytes(40): "a picture in the format JPEG XL; convert it to PNG",
    b"v/1\x01" + bytes(40): "a picture in the format OpenEXR",
    b"8BPS\0\1" + bytes(40): "a picture in the format Photoshop",
    bytes(128) + b"DICM": "a picture in the format DICOM",
    b"\n <!DOCTYPE HTML><html>404": "a web page, as a failed download leaves it",
    b"version https://git-lfs.github.com/spec/v1\noid": "a pointer of Git LFS; fetch the image wi",
    b'{"error": "quota exceeded"}': "a JSON document, as a failed download leaves it; download",
    b"\x1aE\xdf\xa3" + bytes(40): "a video",
    b"RIFF\x10\0\0\0AVI LIST": "its first bytes belong to no format that is read",
    b"PK\3\4" + bytes(40): "a ZIP archive",
    b"hello": "its first bytes belong to no format that is read",
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("suffix", [".jpg", ".tga"])
def test_what_is_no_image_is_called_by_its_content(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    if suffix == ".tga" and CONTENTS[content].startswith("its first bytes"):
        pytest.skip("TGA has no signature")
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(ImageError) as told:
        read_image(tmp_path / f"a{suffix}")
    assert f"not an image that is read: {CONTENTS[content]}" in str(told.value)


def test_raw_data_of_a_camera_is_not_its_preview(tmp_path: Path) -> None:
    preview = np.zeros((16, 16, 3), np.uint8)
    tags = [(50706, "B", 4, (1, 4, 0, 0), True)]
    tifffile.imwrite(tmp_path / "a.tif", preview, photometric="rgb", extratags=tags)
    with pytest.raises(ImageError, match="a picture in the format camera RAW; convert"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", [".tga", ".qoi", ".pcx", ".sgi", ".dds", ".apng"])
def test_more_formats_are_read_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    kind = {"apng": "PNG"}.get(suffix[1:], suffix[1:].upper())
    image = Image.fromarray(RGB)
    try:
        image.save(path, format=kind)
    except KeyError:
        pytest.skip(f"this Pillow writes no {kind}")
    _assert_reads(path)


@pytest.mark.parametrize("suffix", [".avif", ".j2k", ".mpo"])
def test_more_lossy_formats_agree_with_pillow(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    try:
        Image.fromarray(RGB).save(path)
    except (KeyError, ValueError):
        pytest.skip(f"this Pillow writes no {suffix}")
    _assert_reads(path, np.asarray(Image.open(path).convert("RGB")))
