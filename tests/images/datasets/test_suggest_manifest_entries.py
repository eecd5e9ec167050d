"""Miniatures of published layouts are recognised, and nothing else is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from image_files import photograph, save

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import dataset_notes, find_datasets
from rainmer_analysis.images.datasets import compare_with_listed_names, read_image_names
from rainmer_analysis.recipes.datasets.suggest_manifest import suggest_manifest

LAYOUTS: dict[str, tuple[list[str], dict[str, int]]] = {
    "Rain800": (
        [f"train/{side}/{n}.jpg" for side in ("rain", "norain") for n in range(3)],
        {"train/rain": 3},
    ),
    "RainTrainL": (
        [f"{kind}-{n}.png" for kind in ("rain", "norain", "rainstreak") for n in range(3)],
        {"": 3},
    ),
    "RainTrainH": (
        [f"in/{kind}-{n}.png" for kind in ("rain", "norain", "rainregion") for n in range(3)],
        {"in": 3},
    ),
    "DeRaindrop": (
        [f"{part}/data/{n}_rain.png" for part in ("train", "test_a") for n in range(3)]
        + [f"{part}/gt/{n}_clean.png" for part in ("train", "test_a") for n in range(3)],
        {"train/data": 3, "test_a/data": 3},
    ),
    "Outdoor-Rain": (
        [f"in/im_{n}_s80_a{k:02}.png" for n in range(2) for k in range(3)]
        + [f"gt/im_{n}.png" for n in range(2)],
        {"in": 6},
    ),
    "SPA-Data": (
        [f"rain/{n:03}.png" for n in range(3)] + [f"gt/{n:03}gt.png" for n in range(3)],
        {"rain": 3},
    ),
    "GT-Rain": (
        [f"GT-RAIN_train/{place}/{place}-Webcam-R-{n:03}.png" for place in "AB" for n in range(3)]
        + [f"GT-RAIN_train/{place}/{place}-Webcam-C-000.png" for place in "AB"],
        {"GT-RAIN_train": 6},
    ),
    "RainDS_syn": (
        [f"train/gt/{p}norain-{n}.png" for p in ("", "pie-") for n in range(3)]
        + [f"train/raindrop/{p}rd-{n}.png" for p in ("", "pie-") for n in range(3)]
        + [f"train/rainstreak/{p}rain-{n}.png" for p in ("", "pie-") for n in range(3)]
        + [f"train/rainstreak_raindrop/{p}rd-rain-{n}.png" for p in ("", "pie-") for n in range(3)],
        {"train/raindrop": 6, "train/rainstreak": 6, "train/rainstreak_raindrop": 6},
    ),
    "RainDS_real": (
        [f"train_set/{k}/{n}.png" for k in ("gt", "raindrop", "rainstreak") for n in range(3)],
        {"train_set/raindrop": 3, "train_set/rainstreak": 3},
    ),
    "Snow100K": (
        [f"all/{k}/city_{n}.jpg" for k in ("gt", "mask", "synthetic") for n in range(3)],
        {"all/synthetic": 3},
    ),
    "AllWeather": (
        [
            f"{side}/{name}"
            for side in ("input", "gt")
            for name in ("0_rain.png", "im_0001_s80_a04.png", "city_00003.jpg")
        ],
        {"input": 3},
    ),
    "Rain14000": (
        [f"rainy_image/{n}_{k}.jpg" for n in range(2) for k in range(1, 4)]
        + [f"ground_truth/{n}.jpg" for n in range(2)],
        {"rainy_image": 6},
    ),
    "RESIDE": (
        [f"hazy/{n}_{k}_0.8.png" for n in range(2) for k in range(1, 4)]
        + [f"GT/{n}.png" for n in range(2)],
        {"hazy": 6},
    ),
    "marked": ([f"{n}{end}.png" for n in range(3) for end in ("", "_gt")], {"": 3}),
    "scenes": ([f"{n}/{kind}.png" for n in range(3) for kind in ("rain", "clean")], {"": 3}),
    "Rain200L": (
        [f"train/rain/{n}x2.png" for n in range(3)] + [f"train/norain/{n}.png" for n in range(3)],
        {"train/rain": 3},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_published_layout_becomes_a_manifest_that_pairs_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    files, wanted = LAYOUTS[name]
    for seed, file in enumerate(files):
        save(tmp_path / name / file, photograph(16, 16, seed))
    monkeypatch.chdir(tmp_path)
    suggested = suggest_manifest(name)
    (tmp_path / "m.toml").write_text(suggested.to_toml(), encoding="utf-8")
    datasets = find_datasets("m.toml")
    found = {each.folder.relative_to(tmp_path / name).as_posix(): each for each in datasets}
    assert {place: len(each.images) for place, each in found.items()} == {
        place or ".": count for place, count in wanted.items()
    }
    assert all(image.target for each in datasets for image in each.images)
    assert set(suggested.rest) <= {"all/mask"}
    assert tomllib.loads(suggested.to_toml())["dataset"] == suggested.document()["dataset"]


def test_a_list_of_pairs_is_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    for n in range(3):
        image, target = f"real_world/0{n}/0{n}-1.png", f"real_world_gt/0{n}.png"
        save(tmp_path / "Training" / image)
        save(tmp_path / "Training" / target)
        lines.append(f"/{image} /{target}\n")
    (tmp_path / "Training/real_world.txt").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)
    (entry,) = suggest_manifest("Training").document()["dataset"]
    assert entry["images"] == "Training/real_world"
    assert entry["pair"] == "Training/real_world.txt"


@pytest.mark.parametrize("side", ["rain-clean", "clean-rain"])
def test_halves_are_told_by_their_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    random = np.random.default_rng(0)
    for n in range(4):
        clean = np.repeat(np.linspace(40, 160, 60, dtype=int)[None], 40, 0) + 5 * n
        rain = np.clip(clean + 90 * (random.random(clean.shape) < 0.08), 0, 255)
        both = [rain, clean] if side == "rain-clean" else [clean, rain]
        save(tmp_path / f"Rain800/training/{n}.jpg", np.hstack(both).astype(np.uint8))
    monkeypatch.chdir(tmp_path)
    (entry,) = suggest_manifest("Rain800").document()["dataset"]
    assert entry == {"name": "Rain800", "images": "Rain800/training", "halves": side}


def test_what_is_not_recognised_is_said(tmp_path: Path) -> None:
    for n in range(3):
        save(tmp_path / f"photographs/{n}.png", photograph(16, 34, n))
    with pytest.raises(SourceError, match=r"no known layout .* it holds photographs \(3 images\)"):
        suggest_manifest(tmp_path)
    with pytest.raises(SourceError, match="there is no folder"):
        suggest_manifest(tmp_path / "no")
    assert dataset_notes(find_datasets({"x": tmp_path})[0]) == ()


@pytest.mark.parametrize("name", ["RainTrainL", "DeRaindrop", "Outdoor-Rain", "Snow100K"])
def test_a_folder_that_looks_like_pairs_is_noted_and_not_paired(tmp_path: Path, name: str) -> None:
    for file in LAYOUTS[name][0]:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (dataset,) = find_datasets({"x": tmp_path})
    assert len(dataset.images) == len(LAYOUTS[name][0])
    (note,) = dataset_notes(dataset)
    assert f"looks like {name}" in note
    assert note.endswith("--suggest")


def test_names_are_compared_with_a_list_both_ways(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "# test set\n\ntest/1.jpg\n2.png /gt/2.png\n3\n./rain/11.png\nmy photo.png\n"
    )
    lines = read_image_names(tmp_path / "list.txt")
    assert lines == ["test/1.jpg", "2.png", "3", "./rain/11.png", "my photo.png"]
    images = ["1.png", "rain/2.png", "a/3.png", "b/3.png", "111.png", "my photo.jpg"]
    missing, several, unlisted = compare_with_listed_names({each: each for each in images}, lines)
    assert missing == ["./rain/11.png"]
    assert several == ["3"]
    assert unlisted == ["111.png"]
    elsewhere = ["/data/test_a/1.png", "x/3.png", "y/3.png", "/data/test_b/111.jpg"]
    assert compare_with_listed_names({each: f"mine/{each}" for each in images}, elsewhere) == (
        ["x/3.png", "y/3.png"],
        [],
        ["rain/2.png", "a/3.png", "b/3.png", "my photo.jpg"],
    )
    with pytest.raises(SourceError, match="holds no name"):
        read_image_names(_empty(tmp_path / "empty.txt"))
    with pytest.raises(SourceError, match=r"the list .*no\.txt cannot be opened"):
        read_image_names(tmp_path / "no.txt")


def _empty(path: Path) -> Path:
    path.touch()
    return path
