"""Folders restored: names, bad images, what stands, what is refused."""

from __future__ import annotations

import csv
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import ImageError, OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images import read_image, write_png
from rainmer_analysis.infer import ImageRestorer
from rainmer_analysis.recipes.restoration import derain
from rainmer_analysis.values import report_progress_to

GOOD = {
    "a.png": "a.png",
    "sub/a.png": "sub/a.png",
    "sub/deep er/b.jpg": "sub/deep er/b.png",
    "é 🌧 'q'.png": "é 🌧 'q'.png",
    "twice.png": "twice.png",
    "twice.jpg": "twice.jpg.png",
    "B.PNG": "B.PNG",
    "turned.jpg": "turned.png",
    "wide.tif": "wide.png",
}
BAD = {
    "half.png": "truncated or damaged",
    "empty.png": "an empty file",
    "text.jpg": "not an image",
    "one.png": "a side under 8 pixels",
    "gone.png": "a link to a file that does not exist",
}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_of_all_kinds(rain: Path, tmp_path: Path, restorer: ImageRestorer) -> None:
    out = tmp_path / "out"
    before = contents(rain)
    told: list[tuple[int, int]] = []
    done = derain(rain, out, restorer, progress=lambda *each: told.append(each))
    assert contents(rain) == before
    assert set(contents(out)) == {*GOOD.values(), "skipped.csv"}
    assert set(done.written) == {out / name for name in GOOD.values()}
    assert told[-1] == (14, 14)
    assert [each for each, _ in told] == sorted(each for each, _ in told)
    for name, result in GOOD.items():
        image = read_image(rain / name)
        with Image.open(out / result) as stored:
            assert (stored.format, stored.mode) == ("PNG", "RGB")
        expected = restorer.restore(image[None])[0]
        np.testing.assert_array_equal(
            read_image(out / result), np.rint(expected * 255).astype(np.float32) / 255
        )
    assert read_image(out / "turned.png").shape == (3, 33, 20)
    with (out / "skipped.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["image"]: row["reason"] for row in csv.DictReader(file)}
    assert listed == dict(done.skipped)
    assert set(listed) == set(BAD)
    assert all(listed[name].startswith(reason) for name, reason in BAD.items())


def test_what_stands_stays(rain: Path, tmp_path: Path, restorer: ImageRestorer) -> None:
    out = tmp_path / "out"
    first = derain(rain, out, restorer)
    assert not first.up_to_date
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    again = derain(rain, out, restorer)
    assert again.up_to_date
    assert set(again.existing) == set(first.written)
    assert again.skipped == first.skipped
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == times
    (out / "sub/a.png").unlink()  # as after an interruption
    kept = contents(out)
    continued = derain(rain, out, restorer)
    assert continued.written == (out / "sub/a.png",)
    assert {name: contents(out)[name] for name in kept} == kept


def test_another_request_writes_nothing_over(
    rain: Path, tmp_path: Path, restorer: ImageRestorer
) -> None:
    out = tmp_path / "out"
    derain(rain, out, restorer)
    before = contents(out)
    with pytest.raises(OutputExistsError, match="already exists and holds something else; give"):
        derain(rain, out, restorer, tile=256)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(rain / "a.png")
    with pytest.raises(OutputExistsError, match=r"a\.png already exists"):
        derain(rain, out, restorer)
    assert contents(out) == before
    done = derain(rain, out, restorer, overwrite=True)
    assert done.written == (out / "a.png",)
    assert read_image(out / "a.png").shape == (3, 16, 16)


def test_strangers_in_the_folder(rain: Path, tmp_path: Path, restorer: ImageRestorer) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    (out / "skipped.csv").write_text("my,own\n")
    with pytest.raises(OutputExistsError, match=r"skipped\.csv already exists"):
        derain(rain, out, restorer)
    assert set(contents(out)) == {"letter.txt", "skipped.csv"}
    derain(rain, out, restorer, overwrite=True)
    assert (out / "letter.txt").read_text() == "mine"
    assert (out / "skipped.csv").read_text().startswith("image,reason\n")
    (out / "B.PNG").unlink()
    (out / "B.PNG").mkdir()
    with pytest.raises(OutputExistsError, match=r"B\.PNG already exists"):
        derain(rain, out, restorer, overwrite=True)


def test_a_single_image(rain: Path, tmp_path: Path, restorer: ImageRestorer) -> None:
    done = derain(rain / "a.png", tmp_path / "one.png", restorer)
    assert done.written == (tmp_path / "one.png",)
    assert done.listed is None
    assert derain(rain / "a.png", tmp_path / "one.png", restorer).up_to_date
    with pytest.raises(OutputExistsError, match=r"one\.png already exists"):
        derain(rain / "twice.jpg", tmp_path / "one.png", restorer)
    with pytest.raises(ImageError, match=r"half\.png cannot be restored: truncated or damaged"):
        derain(rain / "half.png", tmp_path / "two.png", restorer)
    with pytest.raises(ImageError, match=r"text\.jpg cannot be restored: not an image"):
        derain(rain / "text.jpg", tmp_path / "two", restorer)
    assert not (tmp_path / "two").exists()


def test_large_images_go_in_tiles(tmp_path: Path, restorer: ImageRestorer) -> None:
    image = np.random.default_rng(0).integers(0, 256, (70, 100, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    derain(tmp_path / "a.png", tmp_path / "out", restorer, tile=48, overlap=16)
    whole = read_image(tmp_path / "a.png")
    expected = restorer.restore(whole[None], tile=48, overlap=16)[0]
    found = read_image(tmp_path / "out" / "a.png")
    np.testing.assert_allclose(found, expected, atol=0.51 / 255)
    with pytest.raises(ParameterError, match="tiles of 50 pixels"):
        derain(tmp_path / "a.png", tmp_path / "other", restorer, tile=50)


def test_progress_of_one_large_image_is_told_in_rows(
    tmp_path: Path, restorer: ImageRestorer
) -> None:
    source, heard = tmp_path / "large.png", []
    write_png(np.random.default_rng(0).random((3, 70, 40)), source)
    with report_progress_to(lambda done, total, unit: heard.append((done, total, unit))):
        derain(source, tmp_path / "out", restorer, tile=32, overlap=8)
    assert [unit for *_, unit in heard] == ["row"] * len(heard)
    assert [done for done, *_ in heard] == sorted({done for done, *_ in heard})
    assert len(heard) > 1
    assert heard[-1][:2] == (70, 70)


def test_a_folder_without_any_good_image(tmp_path: Path, restorer: ImageRestorer) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"")
    (folder / "b.png").write_text("no image")
    with pytest.raises(SourceError, match=r"none of the 2 images of .* can be used; the reasons"):
        derain(folder, tmp_path / "out", restorer)
    assert "a.png,an empty file\n" in (tmp_path / "out" / "skipped.csv").read_text()


def test_a_folder_of_pairs_is_warned_of(
    tmp_path: Path,
    restorer: ImageRestorer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("rainmer_analysis"), "propagate", True)
    for name in ("set/input/1.png", "set/target/1.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / name)
    done = derain(tmp_path / "set", tmp_path / "out", restorer)
    assert len(done.written) == 2
    assert done.account is not None
    assert done.account.images == 2
    assert "clean images are restored as well; name the folder input itself" in caplog.text
