"""Every kind of file is understood as documented, or refused with a short reason."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_files import hostile_folder, photograph, png_bytes, save
from PIL import Image

from rainmer_analysis.errors import ImageError, ParameterError
from rainmer_analysis.images import find_datasets
from rainmer_analysis.images.reading import file_sha256, read_header, read_image

RGB = photograph()
WIDE = np.random.default_rng(3).integers(0, 65536, (20, 24, 4), dtype=np.uint16)


def _planes(pixels: np.ndarray, maximum: float = 255) -> np.ndarray:
    scaled = pixels.astype(np.float64) / maximum
    stacked = np.repeat(scaled[..., None], 3, axis=2) if scaled.ndim == 2 else scaled[..., :3]
    return stacked.transpose(2, 0, 1)


def _assert_reads(path: Path, wanted: np.ndarray, tolerance: float = 1e-7) -> None:
    image = read_image(path)
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    assert image.flags.writeable
    assert image.shape == wanted.shape
    np.testing.assert_allclose(image, wanted, atol=tolerance, rtol=0)
    header = read_header(path)
    assert (header.height, header.width) == wanted.shape[1:]


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm", ".webp"])
def test_lossless_formats_give_their_values(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == ".webp" else {}
    _assert_reads(save(tmp_path / f"a{suffix}", RGB, **options), _planes(RGB))


@pytest.mark.parametrize("suffix", [".jpg", ".jp2"])
def test_lossy_formats_agree_with_pillow(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a{suffix}", RGB)
    _assert_reads(path, _planes(np.asarray(Image.open(path))))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_modes_become_what_convert_gives(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(RGB).convert(mode)
    path = tmp_path / ("a.tif" if mode in ("CMYK", "YCbCr") else "a.png")
    image.save(path)
    try:
        with Image.open(path) as stored:
            expected = np.asarray(stored.convert("RGB"))
    except OSError as error:
        pytest.skip(f"Pillow {PIL.__version__} cannot read its own file: {error}")
    _assert_reads(path, _planes(expected))


def test_a_cmyk_jpeg_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(RGB).convert("CMYK").save(path)
    _assert_reads(path, _planes(np.asarray(Image.open(path).convert("RGB"))))


def test_alpha_is_dropped_and_hidden_colours_stay(tmp_path: Path) -> None:
    alpha = np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)])
    _assert_reads(save(tmp_path / "a.png", alpha), _planes(RGB))


def test_a_palette_with_transparent_entries_keeps_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png", transparency=bytes([0, 128, 255]))
    _assert_reads(tmp_path / "a.png", _planes(np.asarray(image.convert("RGB"))))


def test_the_first_frame_of_an_animation_counts(tmp_path: Path) -> None:
    frames = [Image.fromarray(photograph(seed=seed)).quantize(32) for seed in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    _assert_reads(tmp_path / "a.gif", _planes(np.asarray(frames[0].convert("RGB"))))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_keeps_sixteen_bits(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_bytes(WIDE[..., :channels]))
    colour = WIDE[..., :3] if channels >= 3 else WIDE[..., 0]
    _assert_reads(path, _planes(colour, 65535))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["grey", "white-is-zero", "rgb", "rgba", "planar", "tiled"])
def test_tiff_keeps_sixteen_bits(
    tmp_path: Path, kind: str, compression: str | None, byteorder: str
) -> None:
    grey = kind in ("grey", "white-is-zero")
    samples = WIDE[..., 0] if grey else WIDE[..., : 4 if kind == "rgba" else 3]
    photometric = {"grey": "minisblack", "white-is-zero": "miniswhite"}.get(kind, "rgb")
    options: dict[str, object] = {
        "planar": {"planarconfig": "separate"},
        "tiled": {"tile": (16, 16)},
    }.get(kind, {})
    if kind == "rgba":
        options["extrasamples"] = ["unassalpha"]
    stored = samples.transpose(2, 0, 1) if kind == "planar" else samples
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ascontiguousarray(stored),
        photometric=photometric,
        compression=compression,
        byteorder=byteorder,
        **options,
    )
    wanted = _planes(samples, 65535)
    _assert_reads(tmp_path / "a.tif", 1 - wanted if kind == "white-is-zero" else wanted)


@pytest.mark.parametrize("shape", [(20, 24), (20, 24, 3)])
def test_float_tiff_is_taken_as_it_is(tmp_path: Path, shape: tuple[int, ...]) -> None:
    samples = np.random.default_rng(0).random(shape, dtype=np.float32)
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb" if len(shape) > 2 else None)
    _assert_reads(tmp_path / "a.tif", _planes(samples, 1))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.full((9, 9), 1.5, np.float32), "float samples outside \\[0, 1\\]"),
        (np.full((9, 9), np.nan, np.float32), "float samples outside \\[0, 1\\]"),
        (np.full((9, 9, 3), -2, np.float32), "float samples outside \\[0, 1\\]"),
        (np.full((9, 9), 70_000, np.uint32), "samples of type uint32, whose range is not known"),
        (np.full((9, 9), -5, np.int16), "samples of type int16, whose range is not known"),
    ],
)
def test_samples_without_a_known_range_are_refused(
    tmp_path: Path, samples: np.ndarray, reason: str
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb" if samples.ndim > 2 else None)
    with pytest.raises(ImageError, match=reason):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    turns = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.rot90(np.fliplr(a), 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(np.fliplr(a), -1),
        8: lambda a: np.rot90(a, 1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / f"a{suffix}", RGB, exif=exif)
    plain = save(tmp_path / f"plain{suffix}", RGB)
    _assert_reads(path, _planes(turns[orientation](np.asarray(Image.open(plain).convert("RGB")))))


def test_orientation_of_sixteen_bits(tmp_path: Path) -> None:
    tag = [(274, "H", 1, 6, True)]
    for name, options in {"a": {}, "b": {"planarconfig": "separate"}}.items():
        stored = WIDE[..., :3].transpose(2, 0, 1) if options else WIDE[..., :3]
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, stored, photometric="rgb", extratags=tag, **options)
        _assert_reads(path, _planes(np.rot90(WIDE[..., :3], -1), 65535))


def test_halves(tmp_path: Path) -> None:
    both = photograph(20, 40)
    path = save(tmp_path / "a.png", both)
    np.testing.assert_array_equal(
        read_image(path, region="left"), read_image(path)[:, :, :20], strict=True
    )
    np.testing.assert_array_equal(read_image(path, region="right"), read_image(path)[:, :, 20:])
    assert read_image(path, region="right").flags.c_contiguous
    assert read_header(path, region="right").width == 20
    assert read_header(path).width == 40


@pytest.mark.parametrize(("height", "width"), [(20, 41), (20, 20), (10, 60)])
def test_what_is_not_two_halves_is_refused(tmp_path: Path, height: int, width: int) -> None:
    path = save(tmp_path / "a.png", photograph(height, width))
    with pytest.raises(ImageError, match=f"not two images side by side.*{width}x{height} pixels"):
        read_image(path, region="left")


def test_a_narrow_half_is_too_small(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", photograph(9, 14))
    with pytest.raises(ImageError, match="a side under 8 pixels: the image is 7x9 pixels"):
        read_image(path, region="right")


def test_an_unknown_region_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="unknown region 'top'; allowed are whole, left, ri"):
        read_image(save(tmp_path / "a.png"), region="top")  # type: ignore[arg-type]


def test_a_hostile_folder_gives_every_good_image_and_a_reason_for_every_other(
    tmp_path: Path,
) -> None:
    wanted = hostile_folder(tmp_path / "all")
    (dataset,) = find_datasets({"hostile": tmp_path / "all"})
    assert {image.relative for image in dataset.images} == set(wanted)
    for image in dataset.images:
        reason = wanted[image.relative]
        if reason is None:
            assert read_image(image.path).shape[0] == 3
            assert read_header(image.path).width > 8
            continue
        with pytest.raises(ImageError) as caught:
            read_image(image.path)
        text = str(caught.value)
        assert reason in text
        assert str(tmp_path) not in text
        assert "\n" not in text
        assert len(text) < 200


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    wanted = hostile_folder(tmp_path)

    def outcome(name: str) -> str:
        try:
            return hashlib.sha256(read_image(tmp_path / name)).hexdigest()
        except ImageError as error:
            return str(error)

    names = list(wanted) * 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, names)) == [outcome(name) for name in names]


def test_a_large_tiff_is_read_without_pillows_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.tif"
    Image.fromarray(np.full((12, 16, 3), 51, np.uint8)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # a warning is an error here
    with pytest.raises(Image.DecompressionBombWarning), Image.open(path) as image:
        image.load()
    assert np.allclose(read_image(path), 0.2)


def test_more_pixels_than_pillow_warns_of_are_only_a_header_away(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_bytes(WIDE, width=10_000, height=10_000))
    assert read_header(path).width == 10_000  # over Pillow's warning, under its refusal
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(path)
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    "suffix", [".png", ".jpg", ".tif", ".webp", ".gif", ".bmp", ".jp2", ".ppm"]
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.filterwarnings("ignore")
def test_damage_gives_a_reason_or_an_image_but_never_another_error(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    whole = save(tmp_path / f"whole{suffix}", RGB).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    place, value = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    damaged = bytearray(whole)
    damaged[place] = value
    path = tmp_path / f"damaged{suffix}"
    for content in (whole[:cut], bytes(damaged)):
        path.write_bytes(content)
        try:
            image = read_image(path)
        except ImageError:
            continue
        assert np.isfinite(image).all()
        assert image.min() >= 0
        assert image.max() <= 1


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    for call in (read_image, read_header, file_sha256):
        with pytest.raises(ImageError, match="not a regular file"):
            call(tmp_path / "a.png")


def test_missing_and_unnameable_files(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"^no such file$"):
        read_image(tmp_path / "a.png")
    with pytest.raises(ImageError, match="cannot be opened: embedded null"):
        read_image("a\0.png")


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
