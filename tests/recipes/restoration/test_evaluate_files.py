"""Folders compared: numbers, partners, sizes, tables and refusals."""

from __future__ import annotations

import csv
import logging
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images import read_image
from rainmer_analysis.images.psnr_ssim import QUALITIES
from rainmer_analysis.images.psnr_ssim_protocols import PROTOCOLS
from rainmer_analysis.recipes.restoration import evaluate


def save(path: Path, seed: int, *, noise: int = 0, size: tuple[int, int] = (24, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(60, 200, (*size, 3))
    image += np.random.default_rng(99).integers(-noise, noise + 1, image.shape)
    Image.fromarray(image.astype(np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    result, target = tmp_path / "result", tmp_path / "target"
    for number, (one, two) in enumerate([("a.png", "a.png"), ("s/b.png", "s/b.bmp")]):
        save(result / one, number, noise=10 * (number + 1))
        save(target / two, number)
    save(result / "lone.png", 5)
    save(target / "s" / "nobody.png", 6)
    save(result / "large.png", 7, size=(24, 31))
    save(target / "large.png", 7)
    save(result / "small.png", 8, size=(24, 10))
    save(target / "small.png", 8, size=(24, 10))
    save(result / "bad.png", 9)
    (target / "bad.png").write_bytes(b"")
    (result / "skipped.csv").write_text("image,reason\n")
    return result, target


REASONS = {
    "bad.png": "a target that cannot be used: an empty file",
    "large.png": "another size than its target: 31x24 against 30x24 pixels",
    "lone.png": "no target of that name",
    "small.png": "a side under 11 pixels, too small for SSIM: 10x24 pixels",
    "s/nobody.png": "no result of that name",
}


def test_scores_means_and_reasons(folders: tuple[Path, Path], tmp_path: Path) -> None:
    result, target = folders
    told: list[tuple[int, int]] = []
    done = evaluate(*folders, out=tmp_path / "t.csv", progress=lambda *each: told.append(each))
    assert [(each.image, each.target) for each in done.compared_images] == [
        ("a.png", "a.png"),
        ("s/b.png", "s/b.bmp"),
    ]
    assert {each.name: each.reason for each in done.left_out_images} == REASONS
    for each in done.compared_images:
        pair = read_image(result / each.image), read_image(target / each.target)
        assert each.qualities == {name: quality(*pair) for name, quality in QUALITIES.items()}
        assert (each.width, each.height) == (30, 24)
    for name, mean in done.mean_qualities.items():
        assert mean == pytest.approx(
            np.mean([each.qualities[name] for each in done.compared_images])
        )
    assert done.mean_qualities["psnr"] == pytest.approx(34, abs=2)
    assert told[-1] == (6, 6)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert {row["image"] or row["target"]: row["reason"] for row in rows if row["reason"]} == (
        REASONS
    )
    assert float(rows[0]["psnr"]) == pytest.approx(
        done.compared_images[0].qualities["psnr"], abs=1e-6
    )
    for name in PROTOCOLS:
        measured = [each.protocols[name] for each in done.compared_images]
        assert done.protocol_means[name].ssim == pytest.approx(np.mean([m.ssim for m in measured]))
        scored = [row for row in rows if not row["reason"]]
        for row, found in zip(scored, measured, strict=True):
            assert float(row[f"{name}_psnr"]) == pytest.approx(found.psnr, abs=1e-6)
            assert float(row[f"{name}_ssim"]) == pytest.approx(found.ssim, abs=1e-6)
    document = done.document()
    assert document["count"] == len(document["images"]) == 2
    first = done.compared_images[0].protocols["rgb-float"]
    assert document["images"][0]["protocols"]["rgb-float"] == asdict(first)
    assert document["protocols"]["matlab-y"]["used"] == PROTOCOLS["matlab-y"].used
    assert len(document["left_out"]) == 5


def test_a_folder_against_itself_is_perfect(folders: tuple[Path, Path]) -> None:
    done = evaluate(folders[1], folders[1])
    assert done.path is None
    assert {each.name for each in done.left_out_images} == {"bad.png", "small.png"}
    assert done.mean_qualities == {
        "psnr": math.inf,
        "ssim": 1,
        "rainmer_psnr": math.inf,
        "rainmer_ssim": 1,
    }


def test_a_border_is_left_out(folders: tuple[Path, Path]) -> None:
    done = evaluate(*folders, border=2)
    assert (done.border, done.document()["crop_border"]) == (2, 2)
    pair = [read_image(folder / done.compared_images[0].image) for folder in folders]
    inner = [np.ascontiguousarray(each[:, 2:-2, 2:-2]) for each in pair]
    assert done.compared_images[0].qualities == {name: q(*inner) for name, q in QUALITIES.items()}
    with pytest.raises(SourceError, match="a side under 11 pixels without 7 pixels at every side"):
        evaluate(*folders, border=7)
    with pytest.raises(ParameterError, match="a border of -1 pixels was to be left out; give 0"):
        evaluate(*folders, border=-1)


def test_two_images_need_no_common_name(folders: tuple[Path, Path]) -> None:
    done = evaluate(folders[0] / "a.png", folders[1] / "s" / "b.bmp")
    assert [(each.image, each.target) for each in done.scores] == [("a.png", "b.bmp")]
    assert done.mean_qualities["psnr"] < 20


def test_a_table_that_stands_stays(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    assert not evaluate(*folders, out=out).up_to_date
    before = out.stat().st_mtime_ns
    assert evaluate(*folders, out=out).up_to_date
    assert out.stat().st_mtime_ns == before
    save(folders[0] / "a.png", 0, noise=30)
    with pytest.raises(OutputExistsError, match="holds something else; give another name"):
        evaluate(*folders, out=out)
    evaluate(*folders, out=out, overwrite=True)
    assert out.stat().st_mtime_ns != before
    out.write_text("my own")
    with pytest.raises(OutputExistsError, match="already exists and holds something else"):
        evaluate(*folders, out=out)
    with pytest.raises(ParameterError, match=r"as 't\.txt'; use a name that ends in \.csv"):
        evaluate(*folders, out=tmp_path / "t.txt")


def test_what_cannot_be_compared(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"only one of .* is a folder; give two folders or two"):
        evaluate(folders[0] / "a.png", folders[1])
    with pytest.raises(SourceError, match=r"there is no file or folder .*; give an image or a fol"):
        evaluate(folders[0], tmp_path / "no")
    save(tmp_path / "others" / "x.png", 1)
    with pytest.raises(SourceError, match=r"has no target of that name; give two folders with eq"):
        evaluate(folders[0], tmp_path / "others", out=tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()


def test_other_sizes_are_not_taken_for_other_names(tmp_path: Path) -> None:
    for name, side in (("a", 32), ("b", 40)):
        (tmp_path / name).mkdir()
        Image.new("RGB", (side, side)).save(tmp_path / name / "1.png")
    with pytest.raises(SourceError) as told:
        evaluate(tmp_path / "a", tmp_path / "b")
    assert "32x32 against 40x40 pixels; give results and targets of the same images" in str(
        told.value
    )
    assert "equal names" not in str(told.value)


def test_names_may_correspond_by_a_pattern(tmp_path: Path) -> None:
    for number in range(2):
        save(tmp_path / f"target/im_{number}.png", number)
        for level in range(3):
            save(tmp_path / f"result/im_{number}_s80_a{level}.png", number, noise=10)
    with pytest.raises(SourceError, match=r"say how they pair with --pair 'RESULT -> TARGET'"):
        evaluate(tmp_path / "result", tmp_path / "target")
    done = evaluate(tmp_path / "result", tmp_path / "target", pair="*_s*_a* -> *")
    assert [each.target for each in done.compared_images] == ["im_0.png"] * 3 + ["im_1.png"] * 3
    assert not done.left_out_images
    assert done.mean_qualities["psnr"] > 30
    assert [account.images for account in done.accounts] == [6, 2]
    with pytest.raises(SourceError, match="is no pattern of pairs"):
        evaluate(tmp_path / "result", tmp_path / "target", pair="im_*")


def test_a_folder_of_pairs_as_target_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("rainmer_analysis"), "propagate", True)
    for name in ("r/input/1.png", "set/input/1.png", "set/target/1.png"):
        save(tmp_path / name, 1)
    evaluate(tmp_path / "r", tmp_path / "set")
    assert "rainy ones among them; name the folder target itself" in caplog.text
