"""Faults of what is read: images, names, links, devices, files that change or cannot be read."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.faults.harness import Command, Row, extract, make_images, rows_of
from rainmer_analysis.errors import ImageError
from rainmer_analysis.images import read_image
from rainmer_analysis.infer.extraction import stream_encoded_images as stream
from rainmer_analysis.values import read

_PIXELS = np.random.default_rng(5).integers(0, 256, (9, 12, 3), np.uint8)


def bad_images(place: Path, *, quick: bool) -> Row:
    """Put files that are no images among good ones."""
    row = Row("bad images among good", "cut in half, one byte short, empty, text, a folder x.jpg")
    count = 40 if quick else 1000
    good = make_images(place / "good", count)
    Command(extract(good, place / "clean", "--per-dataset", "2000"), place).wait(600)
    wanted = rows_of(place / "clean")
    mixed, bad = make_images(place / "mixed", count), []
    whole = (good / "0000.png").read_bytes()
    kinds = {"half": whole[: len(whole) // 2], "short": whole[:-1], "empty": b"", "text": b"hello"}
    for kind, data in kinds.items():
        for number in range(count // 20):
            bad.append(mixed / f"{number:04d}-{kind}.png")
            bad[-1].write_bytes(data)
    (mixed / "x.jpg").mkdir()
    asked = extract(mixed, place / "out", "--per-dataset", "2000")
    ended = Command(asked, place).wait(600)
    same = rows_of(place / "out") == wanted and ended.code == 0
    listed = (place / "out" / "skipped.csv").read_text(encoding="utf-8")
    for path in bad:
        row.check(same and f"a/{path.name}," in listed, f"{path.name} is not named")
    strict = Command([*asked, "--strict"], place).wait(600)
    row.check(strict.code == 1 and strict.quiet, f"--strict ended with {strict.code}")
    return row


def odd_images(place: Path, *, quick: bool) -> Row:
    """Read images of rare kinds, and compare with what they are made of."""
    row = Row(
        "odd images",
        "EXIF, CMYK, 16 bits, palette with alpha, animated, 9x9, 9x65,535; 20,000x20,000 and 60 "
        "GiB refused with less than 64 MiB",
    )
    place.mkdir(exist_ok=True)
    wanted = _PIXELS.transpose(2, 0, 1).astype(np.float32) / 255
    image, path = Image.fromarray(_PIXELS), place / "odd"
    turned = Image.Exif()
    turned[0x0112] = 6
    palette = Image.fromarray(_PIXELS[:, :, 0] // 64 * 64).convert("P")
    wide = (_PIXELS[:, :, 0].astype(np.uint16) << 8) | 0x5A
    flat = np.broadcast_to(palette.convert("RGB"), (9, 12, 3)).transpose(2, 0, 1)
    cmyk = image.convert("CMYK")
    kinds: list[tuple[str, Callable[[], object], np.ndarray]] = [
        ("EXIF", lambda: image.save(path, "PNG", exif=turned), np.rot90(wanted, -1, (1, 2))),
        ("CMYK", lambda: cmyk.save(path, "TIFF"), _of(cmyk.convert("RGB"))),
        ("16 bits", lambda: Image.fromarray(wide).save(path, "PNG"), np.stack([wide / 65535] * 3)),
        ("palette", lambda: palette.save(path, "PNG", transparency=0), flat / 255),
        ("animated", lambda: image.save(path, "PNG", save_all=True, append_images=[image]), wanted),
        ("9x9", lambda: image.crop((0, 0, 9, 9)).save(path, "PNG"), wanted[:, :, :9]),
        ("long", lambda: Image.new("RGB", (9, 65_535), (5, 6, 7)).save(path, "PNG"),
         np.broadcast_to(np.array([5, 6, 7]).reshape(3, 1, 1) / 255, (3, 65_535, 9))),
    ]  # fmt: skip
    for name, write, golden in kinds:
        write()
        found = read_image(path)
        same = found.shape == golden.shape and np.allclose(found, golden, rtol=0, atol=1e-6)
        row.check(same, f"{name}: {found.shape}")
    small = Image.new("1", (16, 16))
    small.save(path, "PNG")
    data = path.read_bytes()
    size = (20_000).to_bytes(4, "big")
    header = data[12:16] + size * 2 + data[24:29]
    crc = __import__("zlib").crc32(header).to_bytes(4, "big")
    path.write_bytes(data[:12] + header + crc + data[33:])
    start = time.process_time()
    reason = _refusal(path)
    row.check("pixels" in reason and time.process_time() - start < 0.5, f"20,000x20,000: {reason}")
    more = _peak_memory(lambda: _refusal(path)) - _peak_memory(lambda: None)
    row.check(more < 64 << 20, f"20,000x20,000: {more:,} bytes more memory")
    with path.open("wb") as file:
        file.write(data[:8])
        file.truncate(60 << 30)
    start = time.process_time()
    reason = _refusal(path)
    row.check("GiB" in reason and time.process_time() - start < 0.5, f"60 GiB: {reason}")
    more = _peak_memory(lambda: _refusal(path)) - _peak_memory(lambda: None)
    row.check(more < 64 << 20, f"60 GiB: {more:,} bytes more memory")
    path.unlink()
    return row


def _peak_memory(work: Callable[[], object]) -> int:
    """Return the most bytes that a fork had in memory while it did some work."""
    process = os.fork()
    if process == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.wait4(process, 0)[2].ru_maxrss * 1024


def _of(image: Image.Image) -> np.ndarray:
    return np.asarray(image).transpose(2, 0, 1) / 255


def _refusal(path: Path) -> str:
    try:
        read_image(path)
    except ImageError as error:
        return str(error)
    return "it was read"


def nasty_names(place: Path, *, quick: bool) -> Row:
    """Return files names that break other programs, also where the language is C."""
    row = Row(
        "nasty file names",
        "spaces, quotes, newline, emoji, NFC/NFD, dash, 255 bytes, not UTF-8; LANG=C",
    )
    images = make_images(place / "images", 1)
    data = (images / "0000.png").read_bytes()
    names = [
        b" two  spaces .png", b"quo'te\"s.png", b"new\nline.png",
        "\N{CLOUD WITH RAIN}.png".encode(), "e\u0301.png".encode(), "\u00e9.png".encode(),
        b"-dash.png", b"a" * 251 + b".png",
        b"\xff\xfe.png", b"=cmd().png", b"a,b;c.png", b"$(true)`x`.png",
    ]  # fmt: skip
    for name in names:
        Path(os.fsdecode(os.fsencode(images) + b"/" + name)).write_bytes(data)
    for language in ("C.UTF-8", "C"):
        out = place / f"out-{language}"
        ended = Command(
            extract(images, out),
            place,
            prepare=lambda: os.environ.update(LC_ALL=language),  # noqa: B023
        ).wait()
        table = read(out / "statistics-chromatic.parquet")
        paths = table.rows.column("path").tolist()  # type: ignore[union-attr]
        listed = (out / "skipped.csv").read_bytes()
        for name in names:
            text = os.fsdecode(name)
            whole = [each for each in paths if each.endswith("/" + text)]
            if name == b"\xff\xfe.png":
                good = not whole and b"udcff" in listed
            else:
                good = len(whole) == 1 and Path(whole[0]).read_bytes() == data
            row.check(good and ended.code == 0 and ended.quiet, f"{name!r}: {ended.err[-200:]}")
    return row


def links_and_devices(place: Path, *, quick: bool) -> Row:
    """Link folders in circles, and name devices and pipes like images."""
    row = Row(
        "links and devices",
        "ln -s ., a and b to each other, nine folders, dangling, FIFO, /dev/zero, /proc, "
        "1,200 folders deep",
    )
    images = make_images(place / "images", 3)
    Command(extract(images, place / "clean"), place).wait()
    wanted = rows_of(place / "clean")
    inner = [images / f"f{number}" for number in range(9)]
    for folder in inner:
        folder.mkdir()
    cases: dict[str, Callable[[], object]] = {
        "dot": lambda: (images / "dot").symlink_to("."),
        "a to b": lambda: ((images / "la").symlink_to("lb"), (images / "lb").symlink_to("la")),
        "nine": lambda: [
            (one / f"to-{other.name}").symlink_to(other) for one in inner for other in inner
        ],
        "dangling": lambda: (images / "gone.png").symlink_to("nothing.png"),
        "pipe": lambda: os.mkfifo(images / "pipe.png"),
        "/dev/zero": lambda: (images / "zero.png").symlink_to("/dev/zero"),
        "/proc": lambda: (images / "proc.png").symlink_to("/proc/self/environ"),
        "/proc/kmsg": lambda: (images / "kmsg.png").symlink_to("/proc/kmsg"),
        "deep": lambda: _deep(images),
        "deep and hidden": lambda: _deep(images / ".hidden"),
    }
    for number, (name, make) in enumerate(cases.items()):
        make()
        ended = Command(extract(images, place / f"out-{number}"), place).wait()
        same = ended.code == 0 and rows_of(place / f"out-{number}") == wanted
        row.check(same and ended.quiet and ended.seconds < 4, f"{name}: {ended.err[-200:]}")
    subprocess.run(["rm", "-rf", str(images)], check=False)
    return row


def _deep(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def changing(place: Path, *, quick: bool) -> Row:
    """Change images between listing and reading, and while a run is dead."""
    row = Row(
        "input changes meanwhile",
        "replaced, cut or deleted between listing and reading, and after a kill with size and "
        "time kept",
    )
    for name in ("replace", "cut", "delete"):
        images = make_images(place / name, 6)
        target, other = images / "0003.png", make_images(place / f"{name}-other", 1, seed=9)

        def strike(name: str = name, target: Path = target, other: Path = other) -> None:
            inner = stream.read_hashed_image

            def reading(path: str, **named: object) -> object:
                if Path(path) == target:
                    if name == "replace":
                        (other / "0000.png").replace(target)
                    elif name == "cut":
                        os.truncate(target, 50)
                    else:
                        target.unlink()
                return inner(path, **named)  # type: ignore[arg-type]

            stream.read_hashed_image = reading  # type: ignore[assignment]

        out = place / f"{name}-out"
        ended = Command(extract(images, out), place, prepare=strike).wait()
        table = read(out / "statistics-chromatic.parquet")
        frame = table.rows.frame.set_index("image_id")  # type: ignore[union-attr]
        if name == "replace":
            stated = frame.loc["a/0003.png", "sha256"]
            good = stated == hashlib.sha256(target.read_bytes()).hexdigest()
        else:
            listed = (out / "skipped.csv").read_text(encoding="utf-8")
            good = "a/0003.png" not in frame.index and "a/0003.png" in listed
        row.check(good and ended.code == 0 and ended.quiet, f"{name}: {ended.err[-200:]}")
    images, out = make_images(place / "stale", 70), place / "stale-out"
    Command(extract(images, out), place, prepare=_die_at_the_end).wait()
    times, size = (images / "0001.png").stat(), (images / "0001.png").stat().st_size
    _same_size(images / "0001.png", size)
    os.utime(images / "0001.png", ns=(times.st_atime_ns, times.st_mtime_ns))
    ended = Command(extract(images, out), place).wait()
    Command(extract(images, place / "stale-clean"), place).wait()
    same = rows_of(out) == rows_of(place / "stale-clean")
    row.check(same and "have changed since" in ended.err, f"stale: {ended.err[-200:]}")
    return row


def _die_at_the_end() -> None:
    from rainmer_analysis.infer.extraction import extract_to_memory_or_folder as publishing

    publishing._publish_tables_and_skipped_list = lambda *_, **__: os._exit(9)  # type: ignore[assignment]


def _same_size(path: Path, size: int) -> None:
    """Write another image of as many bytes."""
    Image.new("RGB", (16, 16), (200, 10, 10)).save(path)
    with path.open("ab") as file:
        file.write(bytes(size - path.stat().st_size))
