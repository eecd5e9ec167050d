"""Folders, manifests and mappings become one image set with a fixed order."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from image_files import GOOD_NAME, photograph, save

from rainmer_analysis.errors import ParameterError, SourceError
from rainmer_analysis.images import find_datasets, load_image_set, read_image, sample_ids
from rainmer_analysis.values import ImageSet


def _column(images: ImageSet, name: str) -> list[object]:
    return images.rows.column(name).tolist()


def _fill(folder: Path, *names: str, seed: int = 0) -> Path:
    for index, name in enumerate(names):
        save(folder / name, photograph(seed=seed + index))
    return folder


def test_a_folder_is_searched_in_sorted_order(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "rain", "b.png", "a/z.JPG", "a/b/c.tif", GOOD_NAME, "10.bmp", "9.bmp")
    (folder / "notes.txt").write_text("x")
    save(folder / ".thumbnails/x.png")
    save(folder / "__MACOSX/x.png")
    (folder / "._b.png").write_bytes(b"x")
    images = load_image_set([f"my rain ={folder}"])
    names = sorted(["b.png", "a/z.JPG", "a/b/c.tif", GOOD_NAME, "10.bmp", "9.bmp"])
    assert _column(images, "image_id") == [f"my rain /{name}" for name in names]
    assert _column(images, "path") == [str(folder / name) for name in names]
    assert _column(images, "group") == _column(images, "image_id")
    for name in ("target", "target_region", "split"):
        assert _column(images, name) == [None] * 6
    assert set(_column(images, "region")) == {"whole"}


def test_a_mapping_equals_its_texts(tmp_path: Path) -> None:
    a, b = _fill(tmp_path / "a", "1.png"), _fill(tmp_path / "b", "1.png", "2.png")
    by_mapping = load_image_set({"one": a, "two": str(b)})
    by_text = load_image_set([f"one={a}", f"two={b}"])
    assert by_mapping.rows.frame.equals(by_text.rows.frame)
    assert by_mapping.rows.datasets == ("one", "two")
    assert load_image_set(f"one={a}").rows.counts == {"one": 1}


def test_order_of_datasets_is_as_given(tmp_path: Path) -> None:
    a, b = _fill(tmp_path / "a", "1.png"), _fill(tmp_path / "b", "1.png")
    assert load_image_set([f"z={a}", f"a={b}"]).rows.datasets == ("z", "a")


def test_relative_folders_become_usable_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(tmp_path / "a", "1.png")
    monkeypatch.chdir(tmp_path)
    (path,) = _column(load_image_set(["a=a"]), "path")
    monkeypatch.chdir("/")
    assert read_image(str(path)).shape == (3, 24, 32)


def test_input_and_target_are_paired_by_equal_names(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "set", "input/1.png", "input/sub/1.png", "input/2.png")
    _fill(folder, "target/1.png", "target/sub/1.png", "target/3.png", seed=10)
    save(folder / "readme.png")
    images = load_image_set({"set": folder})
    assert _column(images, "image_id") == [
        "set/input/1.png",
        "set/input/2.png",
        "set/input/sub/1.png",
    ]
    assert _column(images, "target") == [
        str(folder / "target/1.png"),
        None,
        str(folder / "target/sub/1.png"),
    ]
    assert _column(images, "target_region") == ["whole", None, "whole"]
    groups = _column(images, "group")
    assert groups[1] == "set/input/2.png"
    assert str(groups[0]).startswith("pixels-")
    assert groups[0] != groups[2]


def test_pairs_below_a_folder_are_found_too(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "sets", "a/input/1.png", "a/target/1.png", "b/input/1.png", "b/x.png")
    images = load_image_set({"sets": folder})
    assert dict(zip(_column(images, "image_id"), _column(images, "target"), strict=True)) == {
        "sets/a/input/1.png": str(folder / "a/target/1.png"),
        "sets/b/input/1.png": None,
        "sets/b/x.png": None,
    }


def test_the_only_equal_stem_counts_where_the_name_is_missing(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "set", "input/1.jpg", "input/2.jpg", "input/3.jpg")
    _fill(folder, "target/1.png", "target/2.png", "target/2.bmp", "target/3.png", "target/3.jpg")
    assert _column(load_image_set({"set": folder}), "target") == [
        str(folder / "target/1.png"),
        None,
        str(folder / "target/3.jpg"),
    ]


def test_links_are_followed_but_circles_are_not(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "set", "a/1.png")
    elsewhere = _fill(tmp_path / "elsewhere", "2.png")
    (folder / "linked").symlink_to(elsewhere, target_is_directory=True)
    (folder / "a" / "circle").symlink_to(folder, target_is_directory=True)
    (folder / "3.png").symlink_to(elsewhere / "2.png")
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    ids = _column(load_image_set({"set": folder}), "image_id")
    assert ids == ["set/3.png", "set/a/1.png", "set/gone.png", "set/linked/2.png"]


def test_names_that_are_not_utf8_do_not_vanish(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "set", "1.png")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")).write_bytes(b"x")
    assert _column(load_image_set({"set": folder}, per_dataset=2), "image_id") == [
        "set/1.png",
        "set/\udcff.png",
    ]


def test_a_sample_is_drawn_by_the_relative_path(tmp_path: Path) -> None:
    names = [f"{index}.png" for index in range(30)]
    folder = _fill(tmp_path / "rain", *names)
    other = _fill(tmp_path / "other", "1.png")
    drawn = load_image_set({"rain": folder}, per_dataset=7, seed=3)
    assert _column(drawn, "image_id") == [f"rain/{name}" for name in sample_ids(names, 7, 3)]
    renamed = load_image_set({"other": other, "storm": folder}, per_dataset=7, seed=3).rows.frame
    assert renamed["image_id"].tolist()[1:] == [f"storm/{name}" for name in sample_ids(names, 7, 3)]
    assert drawn.sampling == {"seed": 3, "per_dataset": 7}


def test_a_small_dataset_gives_all_with_a_note(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _fill(tmp_path / "rain", "1.png", "2.png")
    with caplog.at_level(logging.INFO):
        assert load_image_set({"rain": folder}, per_dataset=2).rows.counts == {"rain": 2}
        assert not caplog.text
        assert load_image_set({"rain": folder}, per_dataset=5).rows.counts == {"rain": 2}
    assert "rain holds 2 images, fewer than the 5 asked for; all are taken" in caplog.text


def test_only_partners_of_sampled_images_are_decoded(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    names = [f"{index}.png" for index in range(9)]
    _fill(folder / "input", *names)
    for name in names:
        save(folder / "target" / name, photograph(seed=5))
    (dataset,) = find_datasets({"set": folder})
    (kept,) = sample_ids([each.relative for each in dataset.images], 1, 42)
    for name in names:
        if f"input/{name}" != kept:
            (folder / "target" / name).write_bytes(b"not an image")
    assert str(_column(load_image_set({"set": folder}, per_dataset=1), "group")[0]).startswith(
        "pixels-"
    )
    spoiled = _column(load_image_set({"set": folder}), "group")
    assert sum(str(each).startswith("pixels-") for each in spoiled) == 1


def test_equal_partners_are_one_scene_whatever_their_format(tmp_path: Path) -> None:
    clean = photograph(seed=9)
    for name, suffix in {"heavy": "png", "light": "bmp"}.items():
        save(tmp_path / name / "input" / f"1.{suffix}", photograph(seed=1))
        save(tmp_path / name / "target" / f"1.{suffix}", clean)
    groups = _column(
        load_image_set({"heavy": tmp_path / "heavy", "light": tmp_path / "light"}), "group"
    )
    assert groups[0] == groups[1]


def test_a_manifest(tmp_path: Path) -> None:
    _fill(tmp_path / "rain/in", "1.png", "sub/2.png")
    _fill(tmp_path / "rain/out", "1.png", seed=9)
    _fill(tmp_path / "more", "x.png", "y 🌧.jpg")
    _fill(tmp_path, "left.png", seed=20)
    save(tmp_path / "both/1.png", photograph(20, 40))
    (tmp_path / "groups.csv").write_text(
        'image,group\nrain/in/1.png,place-1\n./more/../more/x.png,"place, 2"\nleft.png,\n',
        encoding="utf-8-sig",
    )
    (tmp_path / "sets.toml").write_text(
        """
        [[dataset]]
        name = "pairs"
        images = "rain/in"
        targets = "rain/out"
        groups = "groups.csv"

        [[dataset]]
        name = "listed"
        images = ["more/x.png", "left.png", "more/y 🌧.jpg", "more/missing.png"]
        groups = "groups.csv"
        weight = 0.25

        [[dataset]]
        name = "listed pairs"
        images = ["more/x.png", "left.png"]
        targets = ["left.png", "more/x.png"]

        [[dataset]]
        name = "halves"
        images = "both"
        halves = true
        """
    )
    images = load_image_set(str(tmp_path / "sets.toml"))
    frame = images.rows.frame.set_index("image_id")
    assert frame.index.tolist() == [
        *("pairs/1.png", "pairs/sub/2.png"),
        *("listed/left.png", "listed/more/missing.png", "listed/more/x.png", "listed/more/y 🌧.jpg"),
        *("listed pairs/left.png", "listed pairs/more/x.png", "halves/1.png"),
    ]
    assert frame.loc["pairs/1.png", "target"] == str(tmp_path / "rain/out/1.png")
    assert frame.loc["pairs/sub/2.png", "target"] is None
    assert frame.loc["pairs/1.png", "group"] == "place-1"
    assert frame.loc["listed/more/x.png", "group"] == "place, 2"
    assert frame.loc["listed/left.png", "group"] == "listed/left.png"
    assert frame.loc["listed pairs/left.png", "target"] == str(tmp_path / "more/x.png")
    assert frame.loc["halves/1.png", ["region", "target_region"]].tolist() == ["left", "right"]
    assert frame.loc["halves/1.png", "target"] == str(tmp_path / "both/1.png")
    assert images.sampling["weights"] == {"listed": 0.25}


def test_a_list_of_images_finds_partners_by_name_in_a_folder(tmp_path: Path) -> None:
    _fill(tmp_path, "in/1.png", "out/1.png")
    (tmp_path / "a.toml").write_text(
        '[[dataset]]\nname = "a"\nimages = ["in/1.png"]\ntargets = "out"\n'
    )
    assert _column(load_image_set(tmp_path / "a.toml"), "target") == [str(tmp_path / "out/1.png")]


def test_listed_files_outside_the_manifest_keep_unique_ids(tmp_path: Path) -> None:
    _fill(tmp_path, "in/1.png", "m/1.png")
    outside = tmp_path / "in/1.png"
    (tmp_path / "m/a.toml").write_text(
        f'[[dataset]]\nname = "a"\nimages = ["1.png", "../in/1.png", "{outside}"]\n'
    )
    assert set(_column(load_image_set(tmp_path / "m/a.toml"), "image_id")) == {
        "a/1.png",
        "a/../in/1.png",
        f"a/{outside}",
    }


MANIFEST_FAULTS = {
    "x = [": "is not valid TOML",
    "": "holds no [[dataset]]; it is a list",
    "dataset = 3": "holds no [[dataset]]",
    "[[dataset]]\nname = 'a'\nimages = 'in'\n[other]": "the unknown key 'other'",
    "[[dataset]]\nname = 'a'\nimages = 'in'\nimage = 1": "the unknown key 'image'; allowed are",
    "[[dataset]]\nimages = 'in'": "'' cannot name a dataset",
    "[[dataset]]\nname = 'a/b'\nimages = 'in'": "'a/b' cannot name a dataset; use text without sl",
    "[[dataset]]\nname = 3\nimages = 'in'": "gives name = 3; give text in quotation marks",
    "[[dataset]]\nname = 'a'": "gives images = None; it must be a folder or a list",
    "[[dataset]]\nname = 'a'\nimages = [1]": "gives images = [1]; it must be a folder or a list",
    "[[dataset]]\nname = 'a'\nimages = []": "names no image; check images = []",
    "[[dataset]]\nname = 'a'\nimages = 'empty'": "names no image; check images = 'empty'",
    "[[dataset]]\nname = 'a'\nimages = 'no'": "there is no folder",
    "[[dataset]]\nname = 'a'\nimages = ['in/1.png', './in/1.png']": "lists 1 file(s) more than",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ntargets = 'no'": "there is no folder",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ntargets = 4": "gives targets = 4; it must be a folder",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ntargets = ['b']": "that needs a list of as many",
    "[[dataset]]\nname = 'a'\nimages = ['in/1.png']\ntargets = ['b', 'c']": "lists 2 targets; that",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ngroups = 'no.csv'": "the file of groups",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ngroups = 'bad.csv'": "it needs image and group",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ngroups = 'in/1.png'": "is no CSV text in UTF-8",
    "[[dataset]]\nname = 'a'\nimages = 'in'\ngroups = \"\\u0000\"": "is no CSV text in UTF-8",
    "dataset = [1]": "lists a dataset that is no table",
    "[[dataset]]\nname = 'a'\nimages = 'in'\nweight = -1": "weight = -1; it must be a number",
    "[[dataset]]\nname = 'a'\nimages = 'in'\nweight = true": "weight = True; it must be a number",
    "[[dataset]]\nname = 'a'\nimages = 'in'\nweight = nan": "weight = nan; it must be a number",
    "[[dataset]]\nname = 'a'\nimages = 'in'\nhalves = 1": "gives halves = 1; give true or false",
    "[[dataset]]\nname = 'a'\nimages = 'in'\n" * 2: "the dataset 'a' was given twice",
}


@pytest.mark.parametrize("text", MANIFEST_FAULTS)
def test_faults_of_a_manifest_are_told_in_a_sentence(tmp_path: Path, text: str) -> None:
    _fill(tmp_path, "in/1.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.csv").write_text("picture,scene\n1,2\n")
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(SourceError) as caught:
        load_image_set(tmp_path / "a.toml")
    assert MANIFEST_FAULTS[text] in str(caught.value)


def test_a_missing_or_binary_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no\.toml cannot be opened \(No such file"):
        load_image_set(tmp_path / "no.toml")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="is not valid TOML"):
        load_image_set(tmp_path / "a.toml")


def test_faults_of_sources_are_told_in_a_sentence(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "a", "1.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("x")
    faults = {
        (f"x={tmp_path / 'nowhere'}",): "nowhere' does not exist; name a folder",
        (f"x={folder / '1.png'}",): "1.png' is a file; name a folder",
        (f"x={tmp_path / 'empty'}",): "holds no image",
        (f"={folder}",): "'' cannot name a dataset",
        (f"a/b={folder}",): "'a/b' cannot name a dataset",
        ("x=",): "the folder '' does not exist",
        (str(folder),): "lacks a name; write NAME=",
        ("Rain200H",): "'Rain200H' is a dataset of the catalogue; name the folder that holds",
        ("Rain200HH",): "did you mean Rain200H?",
        (f"x={folder}", f"x={folder}"): "the dataset 'x' was given twice",
        (): "no source was given",
    }
    for sources, message in faults.items():
        with pytest.raises(SourceError) as caught:
            load_image_set(sources)
        assert message in str(caught.value)
    with pytest.raises(SourceError, match="no source was given"):
        load_image_set({})
    with pytest.raises(ParameterError, match="a sample of 0 images was asked for"):
        load_image_set({"a": folder}, per_dataset=0)


def test_a_folder_that_may_not_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _fill(tmp_path / "a", "1.png")

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceError, match=r"cannot be searched \(Permission denied\)"):
        load_image_set({"a": folder})


def test_the_real_sets_are_read(shared: Path) -> None:
    images = load_image_set(str(shared / "images/check/real.toml"))
    assert images.rows.counts == {
        "Rain100H": 40,
        "Rain100L": 40,
        "SIRR-Internet147": 100,
        "BSDS500-val": 34,
        "night": 17,
    }
    frame = images.rows.frame
    pairs = frame[frame["dataset"].isin(["Rain100H", "Rain100L"])]
    assert pairs["group"].nunique() == 36
    assert pairs["target"].notna().all()
    for path in frame.groupby("dataset")["path"].first():
        pixels = read_image(path)
        assert pixels.shape[0] == 3
        assert np.isfinite(pixels).all()
