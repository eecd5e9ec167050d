"""Folders as people have them: what is wrong in them is told, and what is right is left alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import find_datasets, read_image
from rainmer_analysis.images.side_by_side_halves import bright_speck_balance
from rainmer_analysis.recipes.datasets.check_datasets import check_datasets
from rainmer_analysis.recipes.datasets.notes_on_halves import find_halves_order
from rainmer_analysis.recipes.datasets.suggest_manifest import suggest_manifest


def _pixels(seed: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _save(folder: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_pixels(seed)).save(folder / name)
    return folder


def _names(*folders: str, count: int = 3) -> list[str]:
    return [f"{folder}/{number}.png" for folder in folders for number in range(count)]


def _notes(folder: Path) -> tuple[str, ...]:
    return find_datasets({"x": folder})[0].notes


@pytest.mark.parametrize(
    "folders",
    [
        ("trainA", "trainB"),
        ("a/blur", "a/blur_gamma", "a/sharp"),
        ("our485/high", "our485/low"),
        ("gts", "inputs"),
        ("depth", "edge", "images", "masks"),
    ],
)
def test_folders_of_equal_names_are_told(tmp_path: Path, folders: tuple[str, ...]) -> None:
    (note,) = _notes(_save(tmp_path, *_names(*folders)))
    assert note.startswith(f"{' and '.join(folders)} hold files of the same names, which all count")


@pytest.mark.parametrize(
    "names",
    [
        _names("a", "b"),  # equal names, but not all of them
        [*(f"{scene}/{n}.png" for scene in range(8) for n in range(2))],
        ["unmasked.png", "clear.day.png", "regt.png", "maskerade.png"],
        ["clean/1.png", "clean/2.png"],
        ["im_1_s80.png", "im_2_s80.png", "im_3_s80.png"],
    ],
)
def test_folders_without_a_second_side_are_left_alone(tmp_path: Path, names: list[str]) -> None:
    assert _notes(_save(tmp_path, *names, *(["b/9.png"] if "b/0.png" in names else []))) == ()


def test_masks_and_clean_images_among_others_are_told(tmp_path: Path) -> None:
    names = [f"{n}{end}" for n in range(3) for end in (".jpg", "_mask.png", "_depth.png")]
    (note,) = _notes(_save(tmp_path / "a", *names))
    assert note.startswith(
        "images that are called like clean ones, masks or maps: 6 (the first is 0_d"
    )
    (note,) = _notes(_save(tmp_path / "b", "rainy_1.png", "clean_1.png", "2.png"))
    assert note.startswith(
        "images that are called like clean ones, masks or maps: 1 (the first is cl"
    )


def test_crops_of_few_photographs_are_told(tmp_path: Path) -> None:
    crops = [
        f"{side}/{n:04}_s{k:03}.png"
        for side in ("input", "target")
        for n in (1, 2)
        for k in range(4)
    ]
    (note,) = _notes(_save(tmp_path, *crops))
    assert note.startswith("names look like crops of 2 photographs (the first is input/0001_s000")


def test_a_folder_inside_another_dataset_is_told(tmp_path: Path) -> None:
    _save(tmp_path, "1.png", *_names("Rain100L/input", "Rain100L/target"))
    outer, inner = find_datasets({"all": tmp_path, "L": tmp_path / "Rain100L"})
    assert outer.notes == ()
    assert inner.notes[0].startswith("3 of 3 images belong to all too (the first is input/0.png)")
    assert (
        find_datasets({"a": tmp_path / "Rain100L", "b": _save(tmp_path / "Rain100", "1.png")})[
            1
        ].notes
        == ()
    )


def test_results_of_methods_and_streaks_are_not_suggested(tmp_path: Path) -> None:
    folders = ("rain", "norain", "rainstreak", "output_restormer", "MPRNet")
    suggested = suggest_manifest(_save(tmp_path / "set", *_names(*folders)))
    (entry,) = suggested.document()["dataset"]
    assert Path(str(entry["images"])).name == "rain"
    assert suggested.rest == {"MPRNet": 3, "output_restormer": 3, "rainstreak": 3}
    real = suggest_manifest(_save(tmp_path / "RainDS", *_names("gt", "raindrop", "rainstreak")))
    assert len(real.entries) == 2


def test_what_would_pair_nothing_is_not_suggested(tmp_path: Path) -> None:
    _save(tmp_path, *_names("input", "target"), "0.png", "1.png", "2.png")
    entries = suggest_manifest(tmp_path).document()["dataset"]
    assert [Path(str(entry["images"])).name for entry in entries] == ["input"]


def test_a_suggestion_stays_toml_whatever_folders_are_called(tmp_path: Path) -> None:
    _save(
        tmp_path, *_names("set/rain", "set/norain", "a\nb = \x1b[31m\x7f"), "set/rain/.x\ny/1.png"
    )
    document = tomllib.loads(suggest_manifest(tmp_path).to_toml())
    assert len(document["dataset"]) == 1


def _landscape(seed: int, width: int) -> np.ndarray:
    """Return a photograph with a bright sky above dark ground, uint8 of shape (48, width, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 90, (12, width // 4))
    fine = np.kron(coarse, np.ones((4, 4))) + np.linspace(150, 0, 48)[:, None]
    return np.repeat(fine[..., None], 3, 2).astype(np.uint8)


def test_halves_are_told_from_landscapes(tmp_path: Path) -> None:
    for seed in range(4):
        clean = _landscape(seed, 72).astype(int)
        spots = np.random.default_rng(seed).random((48, 72, 1)) < 0.05
        both = np.hstack([clean, np.clip(clean + 120 * spots, 0, 255)]).astype(np.uint8)
        for folder, pixels in (("halves", both), ("landscapes", _landscape(seed, 144))):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{seed}.png")
    report = check_datasets({name: tmp_path / name for name in ("halves", "landscapes")})
    (note,) = report.datasets["halves"].notes
    assert note.startswith("both halves of each file show one scene")
    assert 'halves = "clean-rain"' in note
    assert report.datasets["landscapes"].notes == ()
    with pytest.raises(SourceError, match="no known layout"):
        suggest_manifest(tmp_path / "landscapes")


def test_halves_that_disagree_are_ordered_by_the_clearer_ones(tmp_path: Path) -> None:
    paths = []
    for seed, (share, rain_is_left) in enumerate([(0.03, True), (0.2, False)]):
        clean = _landscape(seed, 72).astype(int)
        spots = np.random.default_rng(seed).random((48, 72, 1)) < share
        halves = [np.clip(clean + 120 * spots, 0, 255), clean]
        both = np.hstack(halves if rain_is_left else halves[::-1]).astype(np.uint8)
        paths.append(tmp_path / f"{seed}.png")
        Image.fromarray(both).save(paths[-1])
    balances = [
        bright_speck_balance(*(read_image(path, region=half) for half in ("left", "right")))
        for path in paths
    ]
    assert balances[0] > 0 > balances[1]
    clearer = "rain-clean" if sum(balances) > 0 else "clean-rain"
    assert find_halves_order(paths) == find_halves_order(paths[::-1]) == clearer


def test_frames_that_do_not_count_are_told(tmp_path: Path) -> None:
    first, *others = (Image.fromarray(_pixels(seed)) for seed in range(3))
    for name in ("a.gif", "b.png", "c.tif", "d.webp"):
        first.save(tmp_path / name, save_all=True, append_images=others)
    _save(tmp_path, "one.gif", "one.png", "one.jpg")
    (note,) = check_datasets({"x": tmp_path}).datasets["x"].notes
    assert note.startswith("files of several frames or pages, of which the first counts: 4 (the f")
    assert "a.gif" in note
    assert check_datasets({"x": tmp_path}, decode=False).datasets["x"].notes == ()


def test_twelve_bits_in_sixteen_are_told(tmp_path: Path) -> None:
    _save(tmp_path, *_names("input", "target", count=2))
    grey = np.random.default_rng(0).integers(0, 4096, (24, 32), dtype=np.uint16)
    Image.fromarray(grey).save(tmp_path / "target/1.png")
    (note,) = check_datasets({"x": tmp_path}).datasets["x"].notes
    assert note.startswith(
        "files that are nearly black, without a sample above 1/16 of the range: 1"
    )
    assert "target/1.png" in note


def test_packed_images_are_to_be_unpacked(tmp_path: Path) -> None:
    for name in ("000000.tar", "1.npy", "lmdb/data.mdb", "clip.mp4", "notes.txt", "a.h5", "b.mat"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(SourceError) as told:
        find_datasets({"x": tmp_path})
    assert "unpack the images of archives, arrays and videos (" in str(told.value)
    assert all(f"{end} 1" in str(told.value) for end in (".tar", ".npy", ".mdb", ".mp4", ".mat"))
    (tmp_path / "hashes").mkdir()
    (tmp_path / "hashes/0a1b").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"no suffix 1.*give files that are images such a suffix"):
        find_datasets({"x": tmp_path / "hashes"})


def test_a_list_with_backslashes_asks_for_slashes(tmp_path: Path) -> None:
    _save(tmp_path, *_names("rainy", "clean"))
    (tmp_path / "pairs.txt").write_bytes(b"rainy\\0.png,clean\\0.png\r\n")
    (tmp_path / "m.toml").write_text(
        '[[dataset]]\nname = "x"\nimages = "rainy"\npair = "pairs.txt"\n'
    )
    with pytest.raises(SourceError, match=r"write paths relative to pairs\.txt, with slashes"):
        find_datasets(str(tmp_path / "m.toml"))
    (tmp_path / "pairs.txt").write_bytes(
        b"\xef\xbb\xbfimage;target\r\n" + b"rainy/0.png;clean/1.png\r\n"
    )
    first, *_ = find_datasets(str(tmp_path / "m.toml"))[0].images
    assert first.target == str(tmp_path / "clean/1.png")
