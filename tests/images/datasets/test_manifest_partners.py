"""What manifests say of partners, halves, groups and lists, and what is told of the rest."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from image_files import photograph, save

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images import dataset_notes, find_datasets, load_image_set, read_image


def _set(folder: Path, entry: str, *names: str) -> Path:
    for index, name in enumerate(names):
        save(folder / name, photograph(seed=index))
    path = folder / "m.toml"
    path.write_text(f'[[dataset]]\nname = "x"\n{entry}\n', encoding="utf-8")
    return path


def _targets(manifest: Path) -> dict[str, str | None]:
    base = manifest.parent
    return {
        each.relative: each.target and Path(each.target).relative_to(base).as_posix()
        for each in find_datasets(str(manifest))[0].images
    }


def test_rain_streaks_and_clean_images_of_one_folder(tmp_path: Path) -> None:
    kinds = ("rain", "norain", "rainstreak", "rainregion")
    names = [f"L/{kind}-{index}.png" for kind in kinds for index in range(3)]
    manifest = _set(tmp_path, 'images = "L"\npair = "rain-* -> norain-*"', *names, "L/norain-9.png")
    assert _targets(manifest) == {f"rain-{n}.png": f"L/norain-{n}.png" for n in range(3)}
    account = find_datasets(str(manifest))[0].account
    assert (account.images, account.targets, account.file_count) == (3, 3, 13)
    assert account.passed_over == {
        "targets without an image": {"norain*": 1},
        "matching neither side of the pair pattern": {"rainregion*": 3, "rainstreak*": 3},
    }


def test_many_inputs_of_one_target_are_one_scene(tmp_path: Path) -> None:
    inputs = [f"d/input/im_{n}_s80_a{k:02}.png" for n in range(2) for k in range(3)]
    targets = [f"d/target/im_{n}.png" for n in range(2)]
    manifest = _set(tmp_path, 'images = "d"\npair = "*_s*_a* -> *"', *inputs, *targets)
    images = load_image_set(str(manifest))
    assert images.rows.counts == {"x": 6}
    assert images.rows.group_counts == {"x": 2}
    assert set(_targets(manifest).values()) == set(targets)


@pytest.mark.parametrize(
    "entry",
    [
        'images = "d/data"\ntargets = "d/gt"\npair = "*_rain -> *_clean"',
        'images = "d"\npair = "data/*_rain -> gt/*_clean"',
        'images = "d"\ntargets = "d/gt"\npair = "data/*_rain -> *_clean"',
        'images = "d/data"\npair = "pairs.csv"',
        'images = "d"\npair = "pairs.csv"',
        'images = ["d/data/0_rain.png", "d/data/1_rain.png"]\ntargets = "d/gt"\n'
        'pair = ["* -> *_no", "*_rain -> *_clean"]',
    ],
)
def test_all_ways_to_say_one_thing(tmp_path: Path, entry: str) -> None:
    names = [f"d/data/{n}_rain.png" for n in range(2)] + [f"d/gt/{n}_clean.png" for n in range(2)]
    (tmp_path / "pairs.csv").write_text(
        "image,target\nd/data/0_rain.png,d/gt/0_clean.png\nd/data/1_rain.png,d/gt/1_clean.png\n"
    )
    found = _targets(_set(tmp_path, entry, *names))
    assert [Path(each).name for each in found] == ["0_rain.png", "1_rain.png"]
    assert list(found.values()) == ["d/gt/0_clean.png", "d/gt/1_clean.png"]


def test_a_list_of_pairs_as_datasets_publish_it(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text(
        "/real/0/0_1.png /gt/0.png\n/real/0/0_2.png /gt/0.png\n/real/9/9_1.png /gt/9.png\n"
    )
    manifest = _set(
        tmp_path,
        'images = "real"\npair = "real.txt"',
        *("real/0/0_1.png", "real/0/0_2.png", "real/1/1_1.png", "gt/0.png"),
    )
    assert _targets(manifest) == {
        "0/0_1.png": "gt/0.png",
        "0/0_2.png": "gt/0.png",
        "1/1_1.png": None,
    }
    (note, alone) = dataset_notes(find_datasets(str(manifest))[0])
    assert note.startswith("1 of 3 lines of real.txt name no image that is here (the first is")
    assert alone.startswith("1 of 3 images have no target of its name")


@pytest.mark.parametrize(
    ("halves", "regions"),
    [
        ('"rain-clean"', ("left", "right")),
        ("true", ("left", "right")),
        ('"clean-rain"', ("right", "left")),
        ("false", ("whole", None)),
    ],
)
def test_either_half_may_be_the_rainy_one(
    tmp_path: Path, halves: str, regions: tuple[str, str | None]
) -> None:
    both = photograph(20, 60)
    manifest = _set(tmp_path, f'images = "d"\nhalves = {halves}')
    save(tmp_path / "d/1.png", both)
    row = load_image_set(str(manifest)).rows.frame.iloc[0]
    assert (row["region"], row["target_region"]) == regions
    left = read_image(row["path"], region=row["region"])
    start = {"left": 0, "right": 30, "whole": 0}[regions[0]]
    np.testing.assert_allclose(
        left[:, :, :30] * 255, both[:, start : start + 30].transpose(2, 0, 1)
    )


@pytest.mark.parametrize(("height", "width"), [(48, 64), (32, 86), (24, 85 + 1), (20, 100)])
def test_halves_of_any_sensible_shape_are_read(tmp_path: Path, height: int, width: int) -> None:
    path = save(tmp_path / "a.png", photograph(height, width))
    assert read_image(path, region="right").shape == (3, height, width // 2)


FAULTS = {
    'images = "d"\nhalves = "left"': "give true or false, or which half is which: 'rain-clean' or",
    'images = "d"\nhalves = true\ntargets = "d"': "gives halves and targets; with halves, each fil",
    'images = "d"\nhalves = true\npair = "* -> *"': "gives halves and pair",
    'images = "d"\npair = 3': "gives pair = 3; give 'IMAGE -> TARGET', a list of such patterns, or",
    'images = "d"\npair = "a-> b ->c"': "is no pattern of pairs",
    'images = "d"\npair = "x-* -> y-*"': "no file fits the left side of pair, as '0.png' does",
    'images = "d"\npair = "* -> *_gt"': "finds no target for any of the 2 images; the first, '0",
    'images = "d"\npair = "nowhere.csv"': "the list of pairs .*nowhere.csv cannot be opened",
    'images = "d"\npair = "other.csv"': "none of the 1 pairs that other.csv lists is of an im",
    'images = "d"\npair = "three.csv"': "line 2 of the list of pairs .* holds 3 fields; write an",
    'images = "d"\npair = "twice.csv"': "line 2 of the list of pairs .* gives d/0.png a second t",
    'images = "d"\npair = "empty.csv"': "holds no pair",
    'images = "d"\ntargets = "d"': "images and targets are the same folder; say with pair which is",
    'images = "d"\ntargets = "e"\npair = "empty.csv"': "gives targets and a list of pairs",
    'images = ["d/0.png"]\npair = "* -> *_gt"': "pairs listed images by a pattern; say where with",
    'images = ["d/0.png"]\ntargets = ["d/1.png"]\npair = "* -> *"': "a list needs no pattern",
    'images = "d"\ngroups = "twice-groups.csv"': "twice, with the scenes 'a' and 'b'; give each",
}


@pytest.mark.parametrize("entry", FAULTS)
def test_what_contradicts_itself_or_fits_nothing_is_refused(tmp_path: Path, entry: str) -> None:
    lists = {
        "other.csv": "e/0.png,e/1.png\n",
        "three.csv": "d/0.png,d/1.png\nd/0.png,d/1.png,x\n",
        "twice.csv": "d/0.png,d/1.png\nd/0.png,e/1.png\n",
        "empty.csv": "# nothing\n",
        "twice-groups.csv": "image,group\nd/0.png,a\n./d/0.png,b\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
    manifest = _set(tmp_path, entry, "d/0.png", "d/1.png", "e/z.png")
    with pytest.raises(SourceError, match=FAULTS[entry]):
        find_datasets(str(manifest))


def test_targets_inside_the_folder_of_images_are_no_images(tmp_path: Path) -> None:
    manifest = _set(tmp_path, 'images = "d"\ntargets = "d/gt"', "d/1.png", "d/2.png", "d/gt/1.png")
    assert _targets(manifest) == {"1.png": "d/gt/1.png", "2.png": None}
    assert find_datasets(str(manifest))[0].account.file_count == 3


@pytest.mark.parametrize(
    ("form", "count"),
    [("%03d.png", None), (r"sets\g\%03d.png", None), ("../sets/g/%03d.png", None)],
)
def test_groups_that_match_nothing_are_an_error(
    tmp_path: Path, form: str, count: int | None
) -> None:
    manifest = _set(
        tmp_path, 'images = "sets/g"\ngroups = "g.csv"', *(f"sets/g/{n:03}.png" for n in range(6))
    )
    rows = "".join(f"{form % n},scene{n // 3}\n" for n in range(6))
    (tmp_path / "g.csv").write_text("image,group\n" + rows)
    with pytest.raises(SourceError, match=r"names 6 files, none .* such as 'sets/g/000.png'"):
        find_datasets(str(manifest))


def test_groups_that_match_in_part_are_told_with_numbers(tmp_path: Path) -> None:
    names = [f"d/é{n}.png" for n in range(4)]
    manifest = _set(tmp_path, 'images = "d"\ngroups = "g.csv"', *names)
    written = [unicodedata.normalize("NFD", name) for name in names]
    (tmp_path / "g.csv").write_text("image,group\n" + "".join(f"{each},s\n" for each in written))
    assert load_image_set(str(manifest)).rows.group_counts == {"x": 1}
    assert dataset_notes(find_datasets(str(manifest))[0]) == ()
    (tmp_path / "g.csv").write_text(f"image,group\n{names[0]},s\nd/no.png,s\nd/none.png,t\n")
    first, second = dataset_notes(find_datasets(str(manifest))[0])
    assert first.startswith("g.csv names the scene of 1 of 4 images; the others keep the scene")
    assert second.startswith("2 of 3 lines of g.csv name no image or target of this manifest (the")


def test_a_partner_that_cannot_be_read_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("input/1.png", "input/2.png", "target/1.png", "target/2.png"):
        save(tmp_path / "d" / name)
    (tmp_path / "d/target/2.png").write_bytes(b"")
    load_image_set({"x": tmp_path / "d"})
    assert "the clean partners of 1 images cannot be read (the first is" in caplog.text
    assert "an empty file" in caplog.text


def test_a_manifest_of_another_system_is_read(tmp_path: Path) -> None:
    save(tmp_path / "d/1.png")
    text = '\ufeff[[dataset]]\r\nname = "x"\r\nimages = "d"\r\ngroups = "g.csv"\r\n'
    (tmp_path / "m.toml").write_bytes(text.encode())
    (tmp_path / "g.csv").write_bytes("\ufeffimage,group\r\nd/1.png,s\r\n".encode())
    assert load_image_set(str(tmp_path / "m.toml")).rows.column("group").tolist() == ["s"]
    (tmp_path / "g.csv").write_text("image;group\nd/1.png;s\n")
    with pytest.raises(SourceError, match="it needs image and group, with a comma between"):
        find_datasets(str(tmp_path / "m.toml"))
