"""The command ``extract``: hostile folders, JSON, strictness."""

from __future__ import annotations

import csv
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.main import main
from rainmer_analysis.values import EmbeddingTable, read

ODD_NAME = 'it\'s a "name" with spaces 🌧.png'


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["extract", *arguments])
    captured = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, captured.out, captured.err


def _bomb(side: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    folder = tmp_path / "hostile"
    folder.mkdir()
    rng = np.random.default_rng(0)

    def pixels(height: int = 40, width: int = 52) -> np.ndarray:
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)

    Image.fromarray(pixels()).save(folder / "good.png")
    Image.fromarray(pixels()).save(folder / "good.jpg")
    Image.fromarray(pixels()).save(folder / ODD_NAME)
    Image.fromarray(rng.integers(0, 65536, (40, 52), dtype=np.uint16)).save(folder / "wide.tif")
    Image.fromarray(pixels(64, 64)).save(folder / "truncated.jpg")
    whole = (folder / "truncated.jpg").read_bytes()
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "zero.png").write_bytes(b"")
    (folder / "text.png").write_text("no image")
    Image.fromarray(pixels(1, 1)).save(folder / "one.png")
    (folder / "bomb.png").write_bytes(_bomb(30_000))
    return folder


def test_a_hostile_folder(
    capsys: pytest.CaptureFixture[str], hostile: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = (f"h={hostile}", "--encoder", "statistics", "--out", str(out))
    code, stdout, _ = _run(capsys, *arguments)
    assert code == 0
    assert f"left out: 5 (listed in {out}/skipped.csv)" in stdout
    for view in ("chromatic", "degradation"):
        table = read(out / f"statistics-{view}.parquet")
        assert isinstance(table, EmbeddingTable)
        assert set(table.rows.column("image_id")) == {
            *("h/good.png", "h/good.jpg", f"h/{ODD_NAME}", "h/wide.tif")
        }
    with (out / "skipped.csv").open(encoding="utf-8", newline="") as file:
        reasons = {row["image_id"]: row["reason"] for row in csv.DictReader(file)}
    expected = {
        "h/truncated.jpg": "truncated",
        "h/zero.png": "empty",
        "h/text.png": "not an image",
        "h/one.png": "under 8 pixels",
        "h/bomb.png": "178,956,970 pixels",
    }
    assert set(reasons) == set(expected)
    for name, words in expected.items():
        assert words in reasons[name]
    code, stdout, _ = _run(capsys, *arguments, "--json")
    document = json.loads(stdout)
    assert code == 0
    assert document["state"] == "up to date"
    assert document["skipped"] == {"count": 5, "path": f"{out}/skipped.csv"}
    assert document["tables"]["chromatic"]["datasets"] == {"h": 4}
    assert document["tables"]["chromatic"]["space"] == "statistics/chromatic"


def test_strict_ends_with_one_and_keeps_the_tables(
    capsys: pytest.CaptureFixture[str], hostile: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, stdout, stderr = _run(
        capsys, f"h={hostile}", "--encoder", "statistics", "--out", str(out), "--strict"
    )
    assert (code, stdout) == (1, "")
    assert "error: 5 of 9 images were left out" in stderr
    assert "Traceback" not in stderr
    assert len(read(out / "statistics-chromatic.parquet")) == 4


def test_an_output_of_another_request(
    capsys: pytest.CaptureFixture[str], hostile: Path, tmp_path: Path
) -> None:
    for name in ("text.png", "zero.png", "one.png", "bomb.png", "truncated.jpg"):
        (hostile / name).unlink()
    out = tmp_path / "out"
    arguments = (f"h={hostile}", "--encoder", "statistics", "--out", str(out))
    assert _run(capsys, *arguments, "--per-dataset", "2")[0] == 0
    code, _, stderr = _run(capsys, *arguments)
    assert code == 1
    assert "statistics-chromatic.parquet already exists" in stderr
    assert _run(capsys, *arguments, "--overwrite")[0] == 0
    assert len(read(out / "statistics-chromatic.parquet")) == 4


def test_wrong_usage_and_unknown_encoders(
    capsys: pytest.CaptureFixture[str], hostile: Path, tmp_path: Path
) -> None:
    assert _run(capsys, f"h={hostile}")[0] == 2
    out = str(tmp_path / "out")
    assert _run(capsys, f"h={hostile}", "--out", out, "--batch-size", "0")[0] == 2
    code, _, stderr = _run(capsys, f"h={hostile}", "--out", out, "--encoder", "resnet")
    assert code == 1
    assert "error: unknown encoder 'resnet'; allowed are rainmer, airnet" in stderr


def test_every_file_is_accounted_for(
    capsys: pytest.CaptureFixture[str], hostile: Path, tmp_path: Path
) -> None:
    (hostile / "@eaDir").mkdir()
    (hostile / "@eaDir/good.jpg").write_bytes(b"")
    (hostile / "IMG_1.HEIC").write_bytes(b"")
    arguments = (f"h={hostile}", "--encoder", "statistics", "--out", str(tmp_path / "out"))
    code, stdout, stderr = _run(capsys, *arguments, "--per-dataset", "6", "--json")
    assert code == 0
    files = json.loads(stdout)["files"]["h"]
    assert files["used"] + files["left_out"] == 6
    assert files["not_drawn"] == 3
    assert files["files"] == sum(path.is_file() for path in hostile.rglob("*")) == 11
    assert "h: 1 picture in formats that are not read (HEIC 1; the first is IMG_1.HEIC)" in stderr
    assert stderr.splitlines()[-1].startswith(f"h: 11 files: {files['used']} used, ")
    assert stderr.splitlines()[-1].endswith(
        "2 passed over (in hidden and system folders: @eaDir 1; pictures in formats that are not "
        "read: HEIC 1)"
    )
