"""No command about data writes into folders of images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.main import main


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments), "--quiet"])
    assert not ended.value.code, arguments


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a training set, a test set that shares half of it, and results."""
    top = tmp_path_factory.mktemp("mine") / "images"
    for number in range(12):
        coarse = np.random.default_rng(number).uniform(40, 180, (8, 8, 3))
        clean = np.kron(coarse, np.ones((5, 7, 1))).astype(np.uint8)
        name = "test" if number < 4 else "train"
        parts = [(f"{name}/input", 20 + number), (f"{name}/target", 0)]
        for part, more in [*parts, ("results", 5)] if name == "test" else parts:
            path = top / part / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(clean + np.uint8(more)).save(path)
        if number == 5:  # the scene of an image that is tested on
            for side in ("input", "target"):
                (top / "train" / side / "again.png").write_bytes(
                    (top / "test" / side / "0.png").read_bytes()
                )
    return top


def state(folder: Path) -> list[tuple[str, int, str]]:
    return [
        (
            str(path),
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted([folder, *folder.rglob("*")])
    ]


def commands(images: Path, out: Path) -> Iterator[tuple[object, ...]]:
    sets = [f"{name}={images / name}" for name in ("train", "test")]
    files = ("--clean-manifest", out / "c.toml", "--scene-manifest", out / "s.toml")
    files = (*files, "--html", out / "a.html", "--lists", out / "lists")
    yield "datasets", "fingerprint", sets[1], "--out", out / "known.json"
    yield "audit", *sets, "--known", out / "known.json", "--out", out / "a.json", *files
    yield "leakage", out / "a.json", images / "results", "--dataset", "test"
    yield "confounds", *sets, "--encoder", "statistics", "--per-dataset", 4
    for name, source in zip(("train", "test"), sets, strict=True):
        yield "describe", source, "--out", out / f"{name}.parquet", "--card", out / f"{name}.md"
    chosen = ("--property", "entropy", "--size", 2, "--out", out / "b.toml")
    like = ("--like", out / "test.parquet")
    yield "balance", out / "train.parquet", *like, *chosen, "--link", out / "links"
    drawn = ("--per-dataset", 2, "--out", out / "d.toml")
    yield "datasets", "sample", *sets, *drawn, "--copy", out / "copies"
    yield "describe", out / "d.toml", "--out", out / "d.parquet"


def test_no_command_writes_into_folders_of_images(images: Path, tmp_path: Path) -> None:
    before = state(images)
    for each in commands(images, tmp_path):
        run(*each)
        assert state(images) == before, each
    made = {path.name for path in tmp_path.iterdir()}
    assert {"a.json", "a.html", "c.toml", "s.toml", "links", "copies", "lists"} <= made
    assert not [name for name in made if name.startswith(".")]
