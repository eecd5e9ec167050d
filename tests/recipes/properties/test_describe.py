from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

import rainmer_analysis as ra
from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.recipes.image_meter import ImageMeter
from rainmer_analysis.recipes.properties import describe, summarise_properties
from rainmer_analysis.recipes.properties.description_files import skipped_list_path
from rainmer_analysis.values import PROPERTIES


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(np.float64)


def by_hand(rainy: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """The published definitions on levels (H, W, 3), pixel by pixel, without the package."""
    change = rainy - clean
    mask = np.abs(change).max(axis=2) > 8
    one, other = rainy / 255, clean / 255
    ratio = np.abs(one - other).max(axis=2) / (one.max(axis=2) + other.max(axis=2) + 1e-3)
    steps = [
        np.abs(change[y + 1, x] - change[y, x]).mean()
        for y in range(len(change) - 1)
        for x in range(change.shape[1])
        if mask[y, x]
    ]
    weights = np.array([65.481, 128.553, 24.966]) / 255
    error = np.mean((change @ weights) ** 2)

    def entropy(image: np.ndarray) -> float:
        bits = []
        for channel in range(3):
            counts = np.histogram(image[..., channel], bins=16, range=(0, 256))[0]
            shares = counts[counts > 0] / counts.sum()
            bits.append(-(shares * np.log2(shares)).sum())
        return float(np.mean(bits))

    return {
        "density": float(ratio.mean()),
        "entropy": entropy(rainy),
        "entropy_target": entropy(clean),
        "gradient": float(np.mean(steps)),
        "brightness": float(rainy.mean()),
        "brightness_target": float(clean.mean()),
        "monochromaticity": float(np.mean([px.std() for px in change[mask]])),
        "psnr": float(10 * np.log10(255**2 / error)),
    }


def test_measures_agree_with_their_definitions(folder: Path) -> None:
    frame = describe({"rain": folder}).table.to_frame().set_index("image_id")
    pair = read(folder / "input" / "wet.png"), read(folder / "target" / "wet.png")
    own = frame.loc["rain/input/wet.png"]
    for name, value in by_hand(*pair).items():
        assert own[name] == pytest.approx(value, rel=1e-5, abs=1e-4), name


def test_nothing_is_dropped_in_silence(folder: Path, tmp_path: Path) -> None:
    done = describe({"rain": folder}, out=tmp_path / "p.parquet")
    frame = done.table.to_frame().set_index("image_id")
    assert list(frame.index) == [
        f"rain/input/{name}.png" for name in ("alone", "dry", "small", "torn", "wet")
    ]
    defined = {
        name[11:-4]: set(row[list(PROPERTIES)].dropna().index) for name, row in frame.iterrows()
    }
    own, target = {"entropy", "brightness"}, {"entropy_target", "brightness_target"}
    assert defined["wet"] == set(PROPERTIES)
    assert defined["alone"] == defined["torn"] == own
    assert defined["small"] == own | target
    assert defined["dry"] == set(PROPERTIES) - {"gradient", "monochromaticity"}
    assert frame.loc["rain/input/dry.png", "psnr"] == np.inf
    with skipped_list_path(tmp_path / "p.parquet").open(encoding="utf-8") as file:
        lines = {
            "/".join(Path(line["path"]).parts[-2:]): line["reason"] for line in csv.DictReader(file)
        }
    assert set(lines) == {"input/bad.png", "target/torn.png", "target/small.png"}
    assert "24x16, not 24x20 pixels; the pair has no measures" in lines["target/small.png"]
    assert "5 used, 1 left out" in done.accounts["rain"]["sentence"]
    counts = summarise_properties(done.table)["rain"]["properties"]
    assert (counts["density"]["n"], counts["density"]["undefined"]) == (2, 3)
    assert counts["psnr"]["infinite"] == 1


def test_the_file_holds_nulls_and_comes_back(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    done = describe({"rain": folder}, out=path)
    stored = pq.read_table(path)
    assert stored.column("density").null_count == 3
    assert stored.column("psnr").null_count == 3
    assert set(PROPERTIES) < set(stored.column_names)
    assert json.loads(stored.schema.metadata[b"rainmer_analysis"])["kind"] == "properties"
    back = ra.read(path)
    pd.testing.assert_frame_equal(back.to_frame(), done.table.to_frame(), check_dtype=False)


def test_the_identical_request_is_up_to_date(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    first = describe({"rain": folder}, out=path, workers=1)
    stamp = path.stat().st_mtime_ns
    again = describe({"rain": folder}, out=path, workers=3)
    assert (first.up_to_date, again.up_to_date) == (False, True)
    assert path.stat().st_mtime_ns == stamp
    assert again.left_out.equals(first.left_out)
    assert again.partners.equals(first.partners)
    Image.new("RGB", (24, 20)).save(folder / "target" / "wet.png")
    with pytest.raises(OutputExistsError, match="already exists"):
        describe({"rain": folder}, out=path)
    assert not describe({"rain": folder}, out=path, overwrite=True).up_to_date


def test_an_interrupted_run_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, measured = tmp_path / "p.parquet", []
    measure = ImageMeter.measure

    def interrupted(self: ImageMeter, job: object) -> object:
        if len(measured) == 4:
            raise KeyboardInterrupt
        measured.append(job)
        return measure(self, job)

    monkeypatch.setattr(ImageMeter, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        describe({"rain": folder}, out=path, workers=1)
    assert not path.exists()
    (kept,) = tmp_path.glob(".describe-*.jsonl")
    with kept.open("a", encoding="utf-8") as file:
        file.write('{"index": 5, "val')
    again: list[object] = []
    monkeypatch.setattr(
        ImageMeter, "measure", lambda self, job: again.append(job) or measure(self, job)
    )
    done = describe({"rain": folder}, out=path, workers=1)
    good = {Path(job.path).stem for job in measured} - {"bad", "torn", "small"}
    assert not {Path(job.path).stem for job in again} & good
    assert not list(tmp_path.glob(".describe-*"))
    whole = describe({"rain": folder})
    assert np.array_equal(done.table.values, whole.table.values, equal_nan=True)


def test_halves_and_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(0, 255, (12, 40, 3), dtype=np.uint8)
        (tmp_path / "both").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "both" / f"{number}.png")
    manifest = tmp_path / "m.toml"
    manifest.write_text('[[dataset]]\nname = "h"\nimages = "both"\nhalves = "rain-clean"\n')
    table = describe(manifest, per_dataset=3, seed=1).table
    assert len(table) == 3
    assert set(table.rows.column("region")) == {"left"}
    assert np.isfinite(table.values).all()
    assert set(table.rows.column("width")) == {20}


def test_what_cannot_be_done_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"ends in \.parquet"):
        describe({"rain": folder}, out=tmp_path / "p.csv")
    with pytest.raises(ParameterError, match="at least 1"):
        describe({"rain": folder}, workers=0)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "1.png").write_bytes(b"")
    with pytest.raises(SourceError, match="none of the 1 images could be used"):
        describe({"bad": tmp_path / "bad"})
    skipped_list_path(tmp_path / "q.parquet").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"q\.skipped\.csv already exists"):
        describe({"rain": folder}, out=tmp_path / "q.parquet")


def test_real_pairs_have_the_density_that_was_measured(shared: Path, tmp_path: Path) -> None:
    place = shared / "images" / "check"
    with (place / "PAIRS.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    listed = {
        key: ", ".join(json.dumps(str(place / row[key])) for row in rows)
        for key in ("input", "target")
    }
    manifest = tmp_path / "pairs.toml"
    manifest.write_text(
        f'[[dataset]]\nname = "pairs"\nimages = [{listed["input"]}]\n'
        f"targets = [{listed['target']}]\n"
    )
    frame = describe(manifest).table.to_frame().set_index("path")
    assert len(frame) == len(rows) == 96
    for row in rows:
        own = frame.loc[str(place / row["input"])]
        assert own["density"] == pytest.approx(float(row["rainmer_density_rho"]), abs=1e-4)
        assert own["brightness"] == pytest.approx(float(row["mean_in"]), abs=0.01)
        assert own["brightness_target"] == pytest.approx(float(row["mean_gt"]), abs=0.01)
