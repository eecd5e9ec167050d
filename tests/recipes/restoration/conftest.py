"""A small restorer as a file and in memory, and image files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rainmer_analysis.infer import ImageRestorer, load_restorer
from rainmer_analysis.model.checkpoint import save_weights
from rainmer_analysis.model.restorer import Restorer, RestorerConfig


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def restorer(tmp_path_factory: pytest.TempPathFactory) -> ImageRestorer:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    config = RestorerConfig(
        dim=4, base_dim=6, gate_hidden=5, blocks=(1, 1, 1, 1), heads=(1, 2, 2, 4)
    )
    path = save_weights(Restorer(config), folder / "small.safetensors", kind="restorer")
    return load_restorer(path, device="cpu")


def pixels(height: int = 24, width: int = 30, seed: int = 0) -> np.ndarray:
    """Give 8-bit RGB of shape (H, W, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def rain(tmp_path: Path) -> Path:
    """Fill a folder with good images of all kinds, in subfolders, and with bad ones."""
    folder = tmp_path / "rain"
    for name in ("a.png", "sub/a.png", "sub/deep er/b.jpg", "é 🌧 'q'.png", "twice.png", "B.PNG"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(seed=len(name))).save(path)
    Image.fromarray(pixels(seed=9)).save(folder / "twice.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6  # stored lying on its side
    Image.fromarray(pixels(20, 33)).save(folder / "turned.jpg", exif=turned)
    wide = np.random.default_rng(1).integers(0, 65536, (20, 24), dtype=np.uint16)
    Image.fromarray(wide).save(folder / "wide.tif")
    whole = (folder / "a.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no image")
    Image.fromarray(pixels(1, 1)).save(folder / "one.png")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "notes.txt").write_text("passed over")
    return folder
