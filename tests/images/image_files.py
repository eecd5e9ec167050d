"""Image files of all kinds, made by hand."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

GOOD_NAME = "a 'quoted' \"name\" 🌧 +é%41\n.png"


def photograph(height: int = 24, width: int = 32, seed: int = 0) -> np.ndarray:
    """Give 8-bit RGB of shape (H, W, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray | None = None, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photograph() if pixels is None else pixels).save(path, **options)
    return path


def png_bytes(samples: np.ndarray, *, width: int | None = None, height: int | None = None) -> bytes:
    """Encode 16-bit samples (H, W, C) as a PNG; width and height may lie."""
    rows, columns, channels = samples.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width or columns, height or rows, 16, kind, 0, 0, 0)
    data = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def hostile_folder(folder: Path) -> dict[str, str | None]:
    """Fill a folder; give a word of the reason expected for each file, None for good ones."""
    folder.mkdir(parents=True, exist_ok=True)
    wide = np.random.default_rng(1).integers(0, 65536, (20, 24, 3), dtype=np.uint16)
    save(folder / "good.png")
    save(folder / "good.jpg", quality=95)
    save(folder / GOOD_NAME)
    (folder / "wide.png").write_bytes(png_bytes(wide))
    Image.fromarray(wide[..., 0]).save(folder / "sixteen.tif")
    whole = save(folder / "truncated.jpg", photograph(64, 64)).read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    whole = (folder / "good.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "zero.png").write_bytes(b"")
    (folder / "text.png").write_text("this is no image\n")
    save(folder / "one.png", photograph(1, 1))
    (folder / "bomb.png").write_bytes(png_bytes(wide, width=30_000, height=30_000))
    (folder / "folder.png").mkdir()
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "notes.txt").write_text("passed over")
    (folder / ".hidden.png").write_bytes(b"passed over")
    return {
        "good.png": None,
        "good.jpg": None,
        GOOD_NAME: None,
        "wide.png": None,
        "sixteen.tif": None,
        "truncated.jpg": "truncated or damaged",
        "truncated.png": "truncated or damaged",
        "zero.png": "empty file",
        "text.png": "not an image",
        "one.png": "a side under 8 pixels: the image is 1x1",
        "bomb.png": "more than 178,956,970 pixels: the header states 30000x30000",
        "gone.png": "a link to a file that does not exist",
    }
