"""A miniature of every dataset of the catalogue: images, partners, regions, scenes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from image_files import photograph, save

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import CATALOGUE, find_datasets, load_image_set, read_image
from rainmer_analysis.images.datasets.catalogue import catalogue_layout


@dataclass(frozen=True)
class Mini:
    """Files to make, and per expected image: partner below the root, and scene ('=' is a hash)."""

    folder: str
    pairs: dict[str, str | None]
    scenes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    region: str = "whole"
    suffixes: tuple[str, ...] = field(default=())


def _gt_rain(mode: str) -> Mini:
    base = f"GT-RAIN_{mode}"
    return Mini(
        base,
        {
            "Oxford 1/Oxford 1-Webcam-R-000.png": f"{base}/Oxford 1/Oxford 1-Webcam-C-000.png",
            "Oxford 1/Oxford 1-Webcam-R-001.png": f"{base}/Oxford 1/Oxford 1-Webcam-C-000.png",
            "Winter[2]/Winter-R-000.png": f"{base}/Winter[2]/Winter-C-000.png",
        },
        ("gtrain-Oxford 1", "gtrain-Oxford 1", "gtrain-Winter[2]"),
        (f"{base}/Oxford 1/Oxford 1-Webcam-C-001.png",),
    )


def _balance(mode: str) -> Mini:
    base = f"GTAV-balance/{mode}"
    return Mini(
        f"{base}/rainy",
        {
            "0007_00_set1_0crop.png": f"{base}/gt/0007_set1_0crop.png",
            "0007_03_set1_5crop.png": f"{base}/gt/0007_set1_5crop.png",
            "0007_00_set2_0crop.png": f"{base}/gt/0007_set2_0crop.png",
        },
        ("gtav-set1-0007", "gtav-set2-0007", "gtav-set1-0007"),
        (f"{base}/rainy/0011_00_set2_4crop.png",) if mode == "train" else (),
    )


def _night(mode: str) -> Mini:
    return Mini(
        "GTAV-NightRain",
        {
            f"set1/{mode}/rainy/0007_00.png": f"GTAV-NightRain/set1/{mode}/gt/0007.png",
            f"set1/{mode}/rainy/0007_11.png": f"GTAV-NightRain/set1/{mode}/gt/0007.png",
            f"set3/{mode}/rainy/0007_00.png": f"GTAV-NightRain/set3/{mode}/gt/0007.png",
        },
        ("gtav-set1-0007", "gtav-set1-0007", "gtav-set3-0007"),
        (f"GTAV-NightRain/set1/{'test' if mode == 'train' else 'train'}/rainy/0008_00.png",),
    )


def _ddn(kind: int) -> Mini:
    return Mini(
        "Rain14000/train/rain",
        {
            f"1_{kind}.jpg": "Rain14000/train/norain/1.jpg",
            f"901_{kind}.jpg": "Rain14000/train/norain/901.jpg",
        },
        ("ddn-1", "ddn-901"),
        tuple(f"Rain14000/train/rain/901_{other}.jpg" for other in range(1, 15) if other != kind),
    )


def _equal(folder: str, clean: str, *names: str) -> Mini:
    return Mini(folder, {name: f"{clean}/{name}" for name in names}, ("=",) * len(names))


def _test(name: str) -> Mini:
    return _equal(f"{name}/input", f"{name}/target", "1.png", "2.png")


MINIS = {
    "Rain200H": Mini(
        "Rain200H/train/rain/X2",
        {"norain-1x2.png": "Rain200H/train/norain/norain-1.png"},
        ("=",),
        ("Rain200H/train/rain/norain-2.png",),
    ),
    "Rain200L": Mini(
        "Rain200L/train/rain",
        {"norain-1x2.png": "Rain200L/train/norain/norain-1.png"},
        ("=",),
    ),
    "Rain800": _equal("Rain800/train/rain", "Rain800/train/norain", "1.png", "7[a] b.png"),
    **{f"DDN_{kind}": _ddn(kind) for kind in range(1, 15)},
    "GT-Rain": _gt_rain("train"),
    "GTAV-NightRain": _night("train"),
    "GTAV-balance": _balance("train"),
    "Rain13K": _equal("MultiRain/train/rain", "MultiRain/train/norain", "1.jpg", "2.jpg"),
    "Snow": _equal("AllinOne/snow/train/input", "AllinOne/snow/train/target", "a b.jpg"),
    "Rain": _equal("AllinOne/rain/train/input", "AllinOne/rain/train/target", "im_1_s80_a4.png"),
    "Raindrop": _equal(
        "AllinOne/raindrop/train/input", "AllinOne/raindrop/train/target", "0_rain.png"
    ),
    "RealInt": Mini("Real_Internet", {"1.png": None, "2.png": None}, ("", "")),
    "Clean": Mini("Rain200L/train/norain", {"norain-1.png": None}, ("=",)),
    "Rain200H-test": Mini(
        "Rain200H/test/rain/X2", {"norain-9x2.png": "Rain200H/test/norain/norain-9.png"}, ("=",)
    ),
    "Rain200L-test": Mini(
        "Rain200L/test/rain", {"norain-9x2.png": "Rain200L/test/norain/norain-9.png"}, ("=",)
    ),
    **{name: _test(name) for name in ("Test100", "Rain100L", "Rain100H", "Test1200")},
    "Test2800": Mini(
        "Test2800/input",
        {"801_1.jpg": "Test2800/target/801_1.jpg", "801_14.jpg": "Test2800/target/801_14.jpg"},
        ("ddn-801", "ddn-801"),
    ),
    "GT-Rain-test": _gt_rain("test"),
    "GTAV-NightRain-test": _night("test"),
    "GTAV-balance-test": _balance("test"),
    "Snow-test": _equal("AllinOne/snow/test/snowy", "AllinOne/snow/test/gt", "x.jpg"),
    "Rain-test": Mini(
        "AllinOne/rain/test/rain",
        {
            "im_0001_s80_a04.png": "AllinOne/rain/test/gt/im_0001.png",
            "im_0001_s95_a05.png": "AllinOne/rain/test/gt/im_0001.png",
        },
        ("=", "="),
    ),
    "Raindrop-test": Mini(
        "AllinOne/raindrop/test/data",
        {
            "0_rain.png": "AllinOne/raindrop/test/data/0_clean.png",
            "57_rain.png": "AllinOne/raindrop/test/data/57_clean.png",
        },
        ("=", "="),
        ("AllinOne/raindrop/test/data/58_rain.png",),
    ),
}


def _make(root: Path, mini: Mini) -> None:
    partners = dict.fromkeys(each for each in mini.pairs.values() if each)
    for seed, partner in enumerate(partners):
        save(root / partner, photograph(12, 16, seed))
    for seed, (name, _) in enumerate(mini.pairs.items()):
        save(root / mini.folder / name, photograph(12, 16, 100 + seed))
    for other in mini.others:
        save(root / other, photograph(12, 16, 200))


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"DID_1", "DID_2", "DID_3"}))
def test_a_miniature_is_found_as_it_lies(tmp_path: Path, name: str) -> None:
    mini = MINIS[name]
    _make(tmp_path, mini)
    frame = load_image_set([name], root=tmp_path).rows.frame
    relatives = sorted(mini.pairs)
    assert frame["image_id"].tolist() == [f"{name}/{each}" for each in relatives]
    assert frame["path"].tolist() == [str(tmp_path / mini.folder / each) for each in relatives]
    targets = [mini.pairs[each] for each in relatives]
    assert frame["target"].tolist() == [each and str(tmp_path / each) for each in targets]
    assert frame["target_region"].tolist() == [each and "whole" for each in targets]
    assert set(frame["region"]) == {"whole"}
    assert set(frame["split"]) == {CATALOGUE[name].split}
    for group, scene, image_id in zip(frame["group"], mini.scenes, frame["image_id"], strict=True):
        assert group.startswith("pixels-") if scene == "=" else group == (scene or image_id)
    for column in ("path", "target"):
        assert all(read_image(each).shape == (3, 12, 16) for each in frame[column] if each)


@pytest.mark.parametrize("name", sorted(set(CATALOGUE) - {"DID_1", "DID_2", "DID_3"}))
def test_missing_partners_leave_the_image_alone(tmp_path: Path, name: str) -> None:
    mini = MINIS[name]
    for relative in mini.pairs:
        save(tmp_path / mini.folder / relative, photograph(12, 16))
    frame = load_image_set([name], root=tmp_path).rows.frame
    assert len(frame) == len(mini.pairs)
    assert frame["target"].tolist() == [None] * len(frame)


def test_halves_lie_side_by_side_in_files_of_integer_order(tmp_path: Path) -> None:
    both = [photograph(12, 24, seed) for seed in range(3)]
    same = both[0].copy()
    same[:, :12] = 0
    for stem, pixels in {"2": both[0], "10": both[1], "9": both[2], "11": same}.items():
        save(tmp_path / "Rain1200_new/train" / f"{stem}.png", pixels)
        (tmp_path / f"Rain1200_new/train/{stem}.png").rename(
            tmp_path / f"Rain1200_new/train/{stem}.jpg"
        )
    frame = load_image_set(["DID_1"], root=tmp_path).rows.frame
    assert frame["image_id"].tolist() == [f"DID_1/{stem}.jpg" for stem in ("10", "11", "2", "9")]
    assert frame["path"].tolist() == frame["target"].tolist()
    assert set(frame["region"]) == {"left"}
    assert set(frame["target_region"]) == {"right"}
    row = frame.iloc[2]
    rainy = read_image(row["path"], region=row["region"])
    clean = read_image(row["target"], region=row["target_region"])
    np.testing.assert_allclose(rainy, both[0][:, :12].transpose(2, 0, 1) / 255, atol=1e-6)
    np.testing.assert_allclose(clean, both[0][:, 12:].transpose(2, 0, 1) / 255, atol=1e-6)
    groups = dict(zip(frame["image_id"], frame["group"], strict=True))
    assert groups["DID_1/11.jpg"] == groups["DID_1/2.jpg"]  # equal clean halves, one scene
    assert len(set(groups.values())) == 3


@pytest.mark.parametrize("folder", ["Rain1200_new/train", "Rain1200/train", "DID/train"])
def test_parts_of_halves_are_positions_in_integer_order(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    for stem in range(1, 8003):
        (tmp_path / folder / f"{stem}.jpg").touch()
    parts = {each.name: each for each in find_datasets(["DID_1", "DID_2", "DID_3"], root=tmp_path)}
    stems = {
        name: sorted(int(Path(image.path).stem) for image in part.images)
        for name, part in parts.items()
    }
    assert stems["DID_1"] == list(range(1, 4001))
    assert stems["DID_2"] == list(range(4001, 8001))
    assert stems["DID_3"] == [8001, 8002]
    assert parts["DID_3"].paired


def test_one_photograph_in_several_datasets_is_one_scene(tmp_path: Path) -> None:
    for name in ("DDN_1", "DDN_14", "Rain200L", "GTAV-balance", "GTAV-NightRain"):
        _make(tmp_path, MINIS[name])
    clean = photograph(12, 16, 77)
    save(tmp_path / "Rain200L/train/norain/norain-1.png", clean)
    save(tmp_path / "Rain200H/train/norain/norain-1.bmp", clean)
    save(tmp_path / "Rain200H/train/norain/norain-1.png", clean)
    save(tmp_path / "Rain200H/train/rain/X2/norain-1x2.png", photograph(12, 16, 78))
    names = ["DDN_1", "DDN_14", "Rain200H", "Rain200L", "Clean", "GTAV-balance", "GTAV-NightRain"]
    frame = load_image_set(names, root=tmp_path).rows.frame
    groups = {name: set(part["group"]) for name, part in frame.groupby("dataset")}
    assert groups["DDN_1"] == groups["DDN_14"]
    assert groups["Rain200H"] == groups["Rain200L"] == groups["Clean"]
    assert "gtav-set1-0007" in groups["GTAV-balance"] & groups["GTAV-NightRain"]


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_missing_folder_is_named(tmp_path: Path, name: str) -> None:
    expected = tmp_path / CATALOGUE[name].folders[0]
    with pytest.raises(SourceError) as caught:
        load_image_set([name], root=tmp_path)
    assert f"dataset {name}: there is no folder {expected}; put the dataset" in str(caught.value)


def test_a_folder_without_its_images_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "Rain14000/train/rain/1_2.jpg")
    with pytest.raises(SourceError, match=r"dataset DDN_1: .*train/rain holds none of its images"):
        load_image_set(["DDN_1"], root=tmp_path)


@pytest.mark.parametrize(
    ("name", "nearest"), [("rain200h", "Rain200H"), ("GTAV-balanced", "GTAV-balance")]
)
def test_an_unknown_name_gets_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(SourceError, match=f"unknown source {name!r}.*did you mean {nearest}\\?"):
        catalogue_layout(name)


def test_a_name_near_nothing_gets_no_suggestion() -> None:
    with pytest.raises(SourceError, match=r"datasets list\)$"):
        catalogue_layout("qqqqqqqqqqqq")


def test_every_dataset_of_the_paper_is_there() -> None:
    assert set(MINIS) | {"DID_1", "DID_2", "DID_3"} == set(CATALOGUE)
    assert CATALOGUE["GT-Rain"].expected == 26_124
    assert CATALOGUE["GTAV-balance"].expected == 12_321
