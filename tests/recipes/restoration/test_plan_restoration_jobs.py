"""Names of results, and which result belongs to which target."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images.datasets import pair_names
from rainmer_analysis.recipes.restoration.plan_restoration_jobs import (
    images_and_account_of,
    plan_restoration_jobs,
    unique_png_names,
)

names = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "s/", "a.png/", "a.jpg.png/"]),
        st.sampled_from(["a", "b", "a.jpg", "A"]),
        st.sampled_from([".png", ".jpg", ".bmp", ".PNG", ".jpg.png"]),
    ),
    unique=True,
)

plain_names = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "s/", "a.png/"]),
        st.sampled_from(["a", "b", "a.jpg", "A"]),
        st.sampled_from([".png", ".jpg", ".bmp", ".PNG"]),
    ).filter(lambda name: not name.endswith(".jpg.png")),
    unique=True,
)


def paths(*texts: str) -> list[PurePosixPath]:
    return [PurePosixPath(each) for each in texts]


def named(*texts: str) -> list[str]:
    found = unique_png_names(paths(*texts))
    assert list(found) == paths(*texts)
    return [each.as_posix() for each in found.values()]


def test_names_are_kept_and_other_suffixes_become_png() -> None:
    assert named("a.png", "s/b.jpg", "c.v2.tif", "D.PNG") == [
        *("a.png", "s/b.png", "c.v2.png", "D.PNG")
    ]


def test_the_whole_name_is_kept_where_stems_are_shared() -> None:
    assert named("a.jpg", "a.png") == ["a.jpg.png", "a.png"]
    assert named("a.jpg", "a.bmp") == ["a.jpg.png", "a.bmp.png"]
    assert named("a.jpg", "A.png") == ["a.jpg.png", "A.png"]
    assert named("a.jpg", "a.jpg.png", "a.png") == ["a.jpg.png.png", "a.jpg.png", "a.png"]
    assert named("a.jpg", "a.png/b.png") == ["a.jpg.png", "a.png/b.png"]
    assert named("a.jpg", "A.jpg") == ["a.jpg.png", "A.jpg.png"]
    assert named("a.jpg", "a.jpg.jpg") == ["a.png", "a.jpg.jpg.png"]
    assert named("s/a.jpg", "t/a.png") == ["s/a.png", "t/a.png"]


@given(names)
def test_no_two_images_get_one_name_nor_that_of_a_folder(texts: list[str]) -> None:
    found = unique_png_names(paths(*texts))
    wanted = list(found.values())
    assert len(set(wanted)) == len(texts)
    assert all(each.suffix.lower() == ".png" for each in wanted)
    assert all(one.parent == two.parent for one, two in found.items())
    folders = {parent for each in paths(*texts) for parent in each.parents}
    made = {two for one, two in found.items() if one != two}
    assert not folders & made


@given(plain_names)
def test_results_find_the_images_that_they_came_from(texts: list[str]) -> None:
    found = unique_png_names(paths(*texts))
    pairing = pair_names(sorted(map(str, found.values())), list(map(str, found)), once=True)
    assert {target: result for result, target in pairing.pairs} == {
        str(image): str(result) for image, result in found.items()
    }
    assert (pairing.inputs, pairing.targets) == ((), ())


def test_partners_by_name_then_by_stem_each_once() -> None:
    results = ["a.png", "b.png", "c.png", "d.jpg.png", "e.png", "e.jpg", "f.png", "s/a.png"]
    targets = ["a.png", "a.jpg", "b.jpg", "d.jpg", "e.png", "f.bmp", "f.jpg", "t/a.png"]
    pairing = pair_names(results, targets, once=True)
    assert pairing.pairs == (
        ("a.png", "a.png"),
        ("b.png", "b.jpg"),
        ("d.jpg.png", "d.jpg"),
        ("e.png", "e.png"),
    )
    assert pairing.inputs == ("c.png", "e.jpg", "f.png", "s/a.png")
    assert pairing.targets == ("a.jpg", "f.bmp", "f.jpg", "t/a.png")
    assert pairing.unclear == {"f.png": "f.bmp or f.jpg"}


def test_a_single_image_goes_to_a_name_or_into_a_folder(tmp_path: Path) -> None:
    image = tmp_path / "in" / "a.jpg"
    image.parent.mkdir()
    image.write_bytes(b"")

    def target(out: Path) -> Path:
        (job,) = plan_restoration_jobs(image, out)
        assert (job.source, job.name) == (image, str(image))
        return job.target

    assert target(tmp_path / "x.png") == tmp_path / "x.png"
    assert target(tmp_path / "new") == tmp_path / "new" / "a.png"
    assert target(tmp_path / "in") == tmp_path / "in" / "a.png"
    (tmp_path / "folder.png").mkdir()
    assert target(tmp_path / "folder.png") == tmp_path / "folder.png" / "a.png"
    with pytest.raises(ParameterError, match=r"cannot be written as 'x\.jpg'; give a name that"):
        plan_restoration_jobs(image, tmp_path / "x.jpg")


def test_images_are_never_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        (folder / name).write_bytes(b"")
    for out in (folder, folder / "out", folder / "sub", tmp_path / "x" / ".." / "in"):
        with pytest.raises(ParameterError, match=r"among the images of .*; give a folder outside"):
            plan_restoration_jobs(folder, out)
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(ParameterError, match="among the images"):
        plan_restoration_jobs(folder, tmp_path / "link" / "out")
    with pytest.raises(ParameterError, match="which is an image that is read; give another"):
        plan_restoration_jobs(folder / "a.png", folder)
    with pytest.raises(ParameterError, match="which is an image that is read; give another"):
        plan_restoration_jobs(folder / "a.png", tmp_path / "link" / "a.png")
    # an image that is a link out of its folder, to where its result would go
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "c.png").write_bytes(b"")
    (folder / "c.png").symlink_to(tmp_path / "other" / "c.png")
    with pytest.raises(ParameterError, match="which is an image that is read; give another"):
        plan_restoration_jobs(folder, tmp_path / "other")


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no file or folder .*; give an image or a fol"):
        plan_restoration_jobs(tmp_path / "no", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("passed over")
    with pytest.raises(
        SourceError,
        match=r"holds no images \(of its 1 files none is an image\); give one that holds some",
    ):
        images_and_account_of(tmp_path / "empty")
    with pytest.raises(OutputExistsError, match="is a file, but the images of a folder go into"):
        plan_restoration_jobs(tmp_path, tmp_path / "empty" / "notes.txt")
