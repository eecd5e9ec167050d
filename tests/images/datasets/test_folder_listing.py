"""Every file below a folder is found once or counted, whatever lies there."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pytest
from image_files import save

from rainmer_analysis.errors import ImageError, SourceError
from rainmer_analysis.images import dataset_notes, find_datasets, load_image_set, read_image
from rainmer_analysis.images.datasets import list_images


def _touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_every_file_is_an_image_or_counted(tmp_path: Path) -> None:
    _touch(tmp_path, "1.png", "a/2.JPG", "a/3.tiff")
    _touch(tmp_path, "a/@eaDir/2.JPG/SYNOPHOTO_THUMB_M.jpg", "a/@eaDir/2.JPG/SYNOPHOTO_THUMB_S.jpg")
    _touch(tmp_path, "#recycle/9.jpg", "$RECYCLE.BIN/S-1/8.jpg", "__MACOSX/._1.png", ".x/y/4.png")
    _touch(tmp_path, "lost+found/7.png", "System Volume Information/x", ".DS_Store", "._1.png")
    _touch(tmp_path, "IMG_1.HEIC", "b/x.exr", "b/y.NEF", "notes.txt", "b/list.csv", "b/README")
    listing = list_images(tmp_path)
    assert listing.paths() == ["1.png", "a/2.JPG", "a/3.tiff"]
    assert listing.account.passed_over == {
        "in hidden and system folders": {
            "#recycle": 1,
            "$RECYCLE.BIN": 1,
            ".x": 1,
            "@eaDir": 2,
            "System Volume Information": 1,
            "__MACOSX": 1,
            "hidden files": 2,
            "lost+found": 1,
        },
        "pictures in formats that are not read": {"HEIC": 1, "OpenEXR": 1, "camera RAW": 1},
        "other files": {".csv": 1, ".txt": 1, "no suffix": 1},
    }
    assert listing.account.unread == (
        ("IMG_1.HEIC", "HEIC"),
        ("b/x.exr", "OpenEXR"),
        ("b/y.NEF", "camera RAW"),
    )
    below = sum(len(names) for _, _, names in os.walk(tmp_path))
    assert len(listing.paths()) + listing.account.passed_over_count == below
    (first,) = listing.account.warnings()
    assert first.startswith("3 pictures in formats that are not read (HEIC 1, OpenEXR 1, camera")


def test_the_order_is_that_of_folders_and_then_names(tmp_path: Path) -> None:
    _touch(tmp_path, "b.png", "a/z.png", "a/b/c.png", "a-b/x.png", "z.png", "a/a.png")
    listing = list_images(tmp_path)
    assert listing.paths() == ["b.png", "z.png", "a/a.png", "a/z.png", "a/b/c.png", "a-b/x.png"]
    images = find_datasets({"x": tmp_path})[0].images
    assert [each.relative for each in images] == sorted(listing.paths())


def test_a_loop_of_links_stops_nobody(tmp_path: Path) -> None:
    for index in range(3):
        save(tmp_path / f"{index}.png")
    (tmp_path / "a.png").symlink_to("b.png")
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "folder").symlink_to("folder")
    (tmp_path / "gone").symlink_to("nowhere")
    found = {each.relative: each for each in find_datasets({"x": tmp_path})[0].images}
    assert list(found) == ["0.png", "1.png", "2.png", "a.png", "b.png"]
    with pytest.raises(ImageError, match="cannot be opened: Too many levels of symbolic links"):
        read_image(found["a.png"].path)
    assert load_image_set({"x": tmp_path}).rows.counts == {"x": 5}


def test_folders_that_link_to_each_other_do_not_multiply(tmp_path: Path) -> None:
    names = [f"f{index}" for index in range(9)]
    for name in names:
        _touch(tmp_path / name, "own.png")
    for one, other in itertools.permutations(names, 2):
        (tmp_path / one / other).symlink_to(tmp_path / other, target_is_directory=True)
    start = time.perf_counter()
    listing = list_images(tmp_path)
    assert time.perf_counter() - start < 5  # a listing of all ways took hours
    assert listing.paths() == [f"{name}/own.png" for name in names]
    assert len(listing.account.repeated) == 9 * 8


def test_a_linked_folder_is_searched_once_where_it_really_lies(tmp_path: Path) -> None:
    _touch(tmp_path / "set", "z/1.png")
    _touch(tmp_path / "elsewhere", "2.png", "sub/3.png")
    (tmp_path / "set/a").symlink_to(tmp_path / "set/z", target_is_directory=True)
    (tmp_path / "set/b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "set/c").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    listing = list_images(tmp_path / "set")
    assert listing.paths() == ["b/2.png", "b/sub/3.png", "z/1.png"]
    assert listing.account.repeated == ("a", "c")
    sentence = listing.account.sentence("x", used=0, left_out=0)
    assert "2 links to folders that are searched elsewhere" in sentence


def test_targets_may_be_linked_from_several_sets(tmp_path: Path) -> None:
    save(tmp_path / "clean/1.png")
    for name in ("heavy", "light"):
        save(tmp_path / "sets" / name / "input/1.png")
        (tmp_path / "sets" / name / "target").symlink_to(tmp_path / "clean")
    dataset = find_datasets({"x": tmp_path / "sets"})[0]
    assert [each.relative for each in dataset.images] == ["heavy/input/1.png", "light/input/1.png"]
    assert all(each.target for each in dataset.images)


def test_a_folder_that_cannot_be_searched_is_named_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _touch(tmp_path, "good/1.png", "locked/2.png", "other/3.png")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    listing = list_images(tmp_path)
    assert listing.paths() == ["good/1.png", "other/3.png"]
    assert listing.account.unsearched == (("locked", "Permission denied"),)
    assert listing.account.warnings() == (
        "1 folder that cannot be searched (the first is locked: Permission denied): what lies "
        "there is missing",
    )
    with pytest.raises(SourceError, match=r"cannot be searched \(Permission denied\)"):
        list_images(tmp_path / "locked")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    (tmp_path / "tty.png").symlink_to("/dev/tty")
    wanted = {"pipe.png": "not a regular file", "device.png": "not a regular file"}
    for number, place in enumerate(("/proc/kmsg", "/proc/kcore", "/proc/self/environ")):
        if Path(place).is_file():
            (tmp_path / f"{number}.jpg").symlink_to(place)
            wanted[f"{number}.jpg"] = "a window into the running system"
    found = {each.relative: each.path for each in find_datasets({"x": tmp_path})[0].images}
    for name, reason in wanted.items():
        with pytest.raises(ImageError, match=reason):
            read_image(found[name])


def test_an_empty_set_says_what_is_there_instead(tmp_path: Path) -> None:
    _touch(tmp_path / "telephone", "IMG_1.HEIC", "IMG_2.HEIC")
    _touch(tmp_path / "archive", "rain.zip", "readme.md")
    (tmp_path / "empty").mkdir()
    wanted = {
        "telephone": r"2 pictures in formats that are not read \(HEIC 2; the first is IMG_1.HEIC\)",
        "archive": r"it holds 2 files: 0 used, 2 passed over \(other files: .md 1, .zip 1\)",
        "empty": "it is empty",
    }
    for name, reason in wanted.items():
        with pytest.raises(SourceError, match=f"holds no image .*{reason}"):
            find_datasets({"x": tmp_path / name})


def test_targets_on_a_disk_that_is_not_there_are_missed_aloud(tmp_path: Path) -> None:
    save(tmp_path / "input/1.png")
    (tmp_path / "target").symlink_to(tmp_path / "unplugged/gt")
    (tmp_path / "more").symlink_to(tmp_path / "unplugged/more")
    (dataset,) = find_datasets({"x": tmp_path})
    assert [(each.relative, each.target) for each in dataset.images] == [("input/1.png", None)]
    assert dataset.paired
    (tmp_path / "target").unlink()
    listing = list_images(tmp_path)
    assert listing.account.unsearched == (("more", "No such file or directory"),)
    first, second = dataset_notes(dataset)
    assert first.startswith("1 folder that cannot be searched (the first is target: No such file")
    assert second.startswith("none of 1 images has a target")


@pytest.mark.parametrize("side", ["input", "target"])
def test_a_locked_side_of_one_pair_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    for name in ("locked", "open"):
        save(tmp_path / name / "input/1.png")
        save(tmp_path / name / "target/1.png")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path) == tmp_path / "locked" / side:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (dataset,) = find_datasets({"x": tmp_path})
    found = {each.relative: each.target for each in dataset.images}
    assert found.pop("open/input/1.png") == str(tmp_path / "open/target/1.png")
    assert found == ({} if side == "input" else {"locked/input/1.png": None})
    assert dataset.account.unsearched == ((f"locked/{side}", "Permission denied"),)
