"""Extraction: the same vectors whatever the schedule, nothing lost, nothing done twice."""

from __future__ import annotations

import hashlib
import os
import signal
import textwrap
import threading
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.images import load_image_set, map_ahead_in_threads, read_image, resize
from rainmer_analysis.infer import Extraction, extract, load_encoder
from rainmer_analysis.infer.extraction.shards import SHARD
from rainmer_analysis.values import ImageSet, Rows, read
from tests.forked import ForkedPythons

Make = Callable[..., Any]


def _same(a: Extraction, b: Extraction) -> None:
    assert set(a.tables) == set(b.tables)
    for view, table in a.tables.items():
        order = np.argsort(table.rows.column("image_id"))
        other = np.argsort(b.tables[view].rows.column("image_id"))
        np.testing.assert_allclose(
            b.tables[view].vectors[other], table.vectors[order], rtol=0, atol=1e-5
        )


def test_rows_say_what_was_read(files: Make, image_set: Make, plain: Make) -> None:
    paths = files(3, height=12, width=20)
    done = extract(image_set(paths), plain())
    assert list(done.tables) == ["chromatic", "degradation"]
    assert done.skipped.empty
    assert done.paths == {}
    table = done.tables["chromatic"]
    assert table.rows.frame.columns.tolist() == [
        *("image_id", "dataset", "group", "split", "target", "path", "sha256", "width", "height")
    ]
    assert table.rows.column("sha256").tolist() == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    ]
    assert set(table.rows.column("width")) == {20}
    assert set(table.rows.column("height")) == {12}
    space = table.space
    assert (space.name, space.preprocessing, space.precision) == (
        *("plain/chromatic", "bilinear-128", "exact"),
    )
    expected = plain().encode(np.stack([resize(read_image(path)) for path in paths]))
    for view, rows in expected.items():
        np.testing.assert_allclose(done.tables[view].vectors, rows, atol=1e-6)


@pytest.mark.parametrize(
    "options", [{"batch_size": 1}, {"batch_size": 5, "workers": 1}, {"workers": 7}]
)
def test_network_vectors_do_not_depend_on_the_schedule(
    files: Make, image_set: Make, weights: dict[str, Path], options: dict[str, int]
) -> None:
    encoder = load_encoder("airnet", weights["airnet"], device="cpu")
    paths = files(7)
    reference = extract(image_set(paths), encoder, batch_size=3, workers=2)
    _same(reference, extract(image_set(paths), encoder, **options))


def test_nor_on_the_number_of_threads(
    files: Make, image_set: Make, weights: dict[str, Path], tmp_path: Path
) -> None:
    encoder = load_encoder("rainmer", weights["rainmer"], device="cpu")
    (tmp_path / "bad.png").write_bytes(b"")
    images = image_set([tmp_path / "bad.png", *files(6)])
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        reference = extract(images, encoder)
        torch.set_num_threads(3)
        in_three = extract(images, encoder)
        assert torch.get_num_threads() == 3
        in_pairs = extract(images, encoder, batch_size=2)
    finally:
        torch.set_num_threads(before)
    for other in (in_three, in_pairs):
        assert other.tables["chromatic"].rows.labels == reference.tables["chromatic"].rows.labels
        assert len(other.skipped) == 1
        _same(reference, other)


def test_nor_on_the_order_or_on_bad_neighbours(
    files: Make, image_set: Make, weights: dict[str, Path], tmp_path: Path
) -> None:
    encoder = load_encoder("airnet", weights["airnet"], device="cpu")
    paths = files(5)
    images = image_set(paths)
    reference = extract(images, encoder)
    backwards = ImageSet(images.rows.take([4, 2, 0, 1, 3]))
    _same(reference, extract(backwards, encoder, batch_size=2))
    (tmp_path / "bad.png").write_bytes(b"")
    frame = image_set([tmp_path / "bad.png", *paths, tmp_path / "none.png"]).rows.frame
    frame.loc[1:5, "image_id"] = images.rows.column("image_id")
    from_bad = extract(ImageSet(Rows(frame)), encoder, batch_size=2)
    _same(reference, from_bad)
    assert from_bad.skipped["reason"].tolist() == ["an empty file", "no such file"]


def test_all_views_in_one_pass_and_full_batches(files: Make, image_set: Make, plain: Make) -> None:
    encoder = plain()
    seen: list[tuple[int, int]] = []
    extract(
        image_set(files(10)),
        encoder,
        batch_size=4,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert encoder.batches == [4, 4, 2]
    assert seen == [(done, 10) for done in range(1, 11)]


def test_halves_of_one_file(files: Make, image_set: Make, plain: Make) -> None:
    (path,) = files(1, height=12, width=24)
    done = extract(image_set([path, path, path], regions=["left", "right", "whole"]), plain())
    rows = done.tables["chromatic"].rows
    assert rows.column("width").tolist() == [12, 12, 24]
    assert rows.column("region").tolist() == ["left", "right", "whole"]
    left = plain().encode(resize(read_image(path)[:, :, :12])[None])["chromatic"]
    np.testing.assert_allclose(done.tables["chromatic"].vectors[:1], left, atol=1e-6)


def test_written_read_back_and_up_to_date(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    images, out = image_set(files(4)), tmp_path / "out"
    first = extract(images, plain(), out=out)
    assert not first.up_to_date
    assert sorted(path.name for path in out.iterdir()) == [
        *("plain-chromatic.parquet", "plain-degradation.parquet", "skipped.csv")
    ]
    assert (out / "skipped.csv").read_text() == "image_id,dataset,path,reason,encoder\n"
    for view, path in first.paths.items():
        table = read(path)
        assert table.content_sha256 == first.tables[view].content_sha256
        assert table.made["seed"] == 42
    times = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    encoder = plain()
    again = extract(images, encoder, out=out, batch_size=1, overwrite=True)
    assert again.up_to_date
    assert encoder.seen == 0
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == times
    _same(first, again)


def test_moved_files_are_the_same_request_but_changed_ones_are_not(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    paths, out = files(3), tmp_path / "out"
    extract(image_set(paths), plain(), out=out)
    moved = tmp_path / "moved"
    paths[0].parent.rename(moved)
    paths = [moved / path.name for path in paths]
    assert extract(image_set(paths), plain(), out=out).up_to_date
    paths[1].write_bytes(paths[2].read_bytes())
    with pytest.raises(OutputExistsError, match=r"plain-chromatic.parquet already exists and hold"):
        extract(image_set(paths), plain(), out=out)
    encoder = plain()
    assert not extract(image_set(paths), encoder, out=out, overwrite=True).up_to_date
    assert encoder.seen == 3


def test_a_missing_table_is_made_again(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    images, out = image_set(files(2)), tmp_path / "out"
    first = extract(images, plain(), out=out)
    first.paths["degradation"].unlink()
    _same(first, extract(images, plain(), out=out))
    assert first.paths["degradation"].exists()


def test_two_encoders_share_a_folder_and_its_list(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    bad = tmp_path / 'a,b "c"\n\r.png'
    bad.write_bytes(b"")
    images, out = image_set([*files(2), bad]), tmp_path / "out"
    extract(images, plain(), out=out)
    other = plain()
    other.name = "other"
    extract(images, other, out=out)
    assert extract(images, plain(), out=out).up_to_date
    found = extract(images, other, out=out)
    assert found.up_to_date
    assert found.skipped["path"].tolist() == [str(bad)]
    text = (out / "skipped.csv").read_bytes().decode()
    assert text.count("an empty file,plain") == text.count("an empty file,other") == 1


def test_other_things_in_the_way(files: Make, image_set: Make, plain: Make, tmp_path: Path) -> None:
    images = image_set(files(1))
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputExistsError, match="is a file, but tables go into a folder"):
        extract(images, plain(), out=tmp_path / "file")
    out = tmp_path / "out"
    out.mkdir()
    for text in ("my notes", "", "image_id,dataset,path,reason,encoder\none,two\n", "\xff"):
        (out / "skipped.csv").write_text(text, encoding="latin-1")
        with pytest.raises(OutputExistsError, match=r"skipped.csv already exists and holds some"):
            extract(images, plain(), out=out)
    for _ in range(2):  # also where the tables stand already
        extract(images, plain(), out=out, overwrite=True)
        assert (out / "skipped.csv").read_text().startswith("image_id,")
        (out / "skipped.csv").write_text("my notes")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be at least 1"),
        ({"workers": -1}, "workers is -1; it must be at least 1"),
        ({"resize_rule": "cubic"}, "unknown resize rule 'cubic'; allowed are antialias-128, bil"),
    ],
)
def test_refused_parameters(
    files: Make, image_set: Make, plain: Make, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        extract(image_set(files(1)), plain(), **options)


def test_another_resize_rule_is_another_space(files: Make, image_set: Make, plain: Make) -> None:
    images = image_set(files(1, height=300, width=400))
    one = extract(images, plain())
    two = extract(images, plain(), resize_rule="antialias-128")
    assert two.tables["chromatic"].space.preprocessing == "antialias-128"
    assert not np.allclose(
        one.tables["degradation"].vectors, two.tables["degradation"].vectors, atol=1e-4
    )


def test_when_nothing_can_be_used(image_set: Make, plain: Make, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    out = tmp_path / "out"
    with pytest.raises(SourceError, match=r"none of the 2 images could be used .*skipped.csv"):
        extract(image_set([tmp_path / "empty.png", tmp_path / "gone.png"]), plain(), out=out)
    assert [path.name for path in out.iterdir()] == ["skipped.csv"]
    assert len((out / "skipped.csv").read_text().splitlines()) == 3


def test_strict_writes_everything_and_then_complains(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    images, out = image_set([*files(2), tmp_path / "empty.png"]), tmp_path / "out"
    for _ in range(2):  # also where the tables stand already
        with pytest.raises(SourceError, match="1 of 3 images were left out"):
            extract(images, plain(), out=out, strict=True)
        assert len(read(out / "plain-chromatic.parquet")) == 2
    assert extract(images, plain(), out=out).up_to_date


def test_a_name_that_no_table_can_hold(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    paths = files(2)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    odd.write_bytes(paths[0].read_bytes())
    frame = image_set([tmp_path / "odd.png", *paths]).rows.frame.astype(object)
    frame.loc[0, ["image_id", "path"]] = ["set/\udcff.png", str(odd)]
    images = ImageSet(Rows(frame))
    done = extract(images, plain(), out=tmp_path / "out")
    assert len(done.tables["chromatic"]) == 2
    assert done.skipped["reason"].tolist() == [
        "its name is not valid UTF-8, so that no table can hold it; rename it"
    ]
    assert b"\\udcff.png" in (tmp_path / "out" / "skipped.csv").read_bytes()
    assert extract(images, plain(), out=tmp_path / "out").up_to_date


def test_vectors_without_direction_are_left_out(files: Make, image_set: Make, plain: Make) -> None:
    class Faulty(type(plain())):  # type: ignore[misc]
        def encode(self, images: np.ndarray) -> dict[str, np.ndarray]:
            found = super().encode(images)
            found["degradation"][0] = 0
            found["chromatic"][2] = np.nan
            return found

    done = extract(image_set(files(4)), Faulty(), batch_size=4)
    assert len(done.tables["chromatic"]) == 2
    assert done.skipped["reason"].tolist() == [
        "the encoder gave no unit vector for the view degradation",
        "the encoder gave no unit vector for the view chromatic",
    ]


def test_an_encoder_that_miscounts(files: Make, image_set: Make, plain: Make) -> None:
    encoder = plain()
    encoder.views = {"chromatic": 5}
    with pytest.raises(ParameterError, match=r"gave \[2, 4\] numbers for the view chromatic of 2"):
        extract(image_set(files(2)), encoder)


def test_an_interrupted_run_goes_on_where_it_stopped(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    paths = files(2 * SHARD + 9)
    paths[3].write_bytes(b"")
    images, out = image_set(paths), tmp_path / "out"

    def stop(done: int, total: int) -> None:
        if done == SHARD + 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(images, plain(), out=out, progress=stop)
    assert not list(out.glob("*.parquet"))
    other = plain()
    extract(image_set(paths[:5]), other, out=tmp_path / "elsewhere")
    assert other.seen == 4  # finished work of one request is not that of another
    encoder = plain()
    seen: list[int] = []
    done = extract(images, encoder, out=out, batch_size=7, progress=lambda at, _: seen.append(at))
    assert encoder.seen == SHARD + 9 - 20
    # the image that was left out is looked at again
    assert seen == list(range(SHARD + 20, 2 * SHARD + 10))
    _same(done, extract(images, plain()))
    assert not list(out.glob(".*"))


def test_damaged_unfinished_work_is_done_anew(
    files: Make, image_set: Make, plain: Make, tmp_path: Path
) -> None:
    images, out = image_set(files(SHARD + 1)), tmp_path / "out"

    def stop(done: int, total: int) -> None:
        if done > SHARD:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(images, plain(), out=out, progress=stop)
    shard, _ = sorted(out.glob(".extract-*/*.npz"))
    shard.write_bytes(shard.read_bytes()[:300])
    encoder = plain()
    extract(images, encoder, out=out)
    assert encoder.seen == SHARD


_PROGRAM = """
    import os, signal, sys
    # whoever starts the tests in the background has it ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from rainmer_analysis.infer import extract, load_encoder
    from rainmer_analysis.images import load_image_set

    def stop(done, total):
        if done == {at}:
            os.kill(os.getpid(), {number})

    images = load_image_set({{"rain": {folder!r}}})
    extract(images, load_encoder("statistics"), out={out!r}, progress=stop)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_process_loses_only_what_was_unfinished(
    files: Make, forked: ForkedPythons, tmp_path: Path, number: signal.Signals
) -> None:
    from_images = files(SHARD + 10)[0].parent
    out = tmp_path / "out"
    text = textwrap.dedent(_PROGRAM).format(
        at=SHARD + 5, number=int(number), folder=str(from_images), out=str(out)
    )
    ended = forked.run("-c", text)
    assert ended.code == -number or "KeyboardInterrupt" in ended.err
    seen: list[int] = []
    done = extract(
        load_image_set({"rain": from_images}),
        load_encoder("statistics"),
        out=out,
        progress=lambda at, _: seen.append(at),
    )
    kept = SHARD + 5 if number == signal.SIGINT else SHARD
    assert seen == list(range(kept + 1, SHARD + 11))
    assert len(done.tables["chromatic"]) == SHARD + 10


def test_reading_ahead_is_bounded_and_in_order() -> None:
    lock = threading.Lock()
    state = {"started": 0, "taken": 0, "most": 0}

    def work(task: int) -> int:
        with lock:
            state["started"] += 1
            state["most"] = max(state["most"], state["started"] - state["taken"])
        return task * task

    found = []
    for value in map_ahead_in_threads(range(50), work, workers=3, ahead=5):
        with lock:
            state["taken"] += 1
        found.append(value)
    assert found == [task * task for task in range(50)]
    assert state["most"] <= 6


def test_reading_ahead_stops_with_its_reader() -> None:
    started = []
    results = map_ahead_in_threads(range(1000), started.append, workers=1, ahead=4)
    next(results)
    results.close()
    assert len(started) <= 5


class _Wide:
    """An encoder whose vectors would be 32 kB an image if they were kept."""

    name, preprocessing, sha256, api_version = "wide", "bilinear-128", "0" * 64, 1
    views: Mapping[str, int] = {"chromatic": 4096, "degradation": 4096}

    def encode(self, images: Any) -> dict[str, np.ndarray]:
        rows = np.full((len(images), 4096), 1 / 64, np.float32)
        return dict.fromkeys(self.views, rows)


def test_memory_hardly_grows_with_images(
    files: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an extraction holds at its peak beside the names that it is given."""
    monkeypatch.setattr("rainmer_analysis.values.parquet.parquet_writing._ROW_GROUP", 128)
    path, peaks = str(files(1)[0]), []
    few, many = 12 * SHARD, 36 * SHARD
    for count in (few, many):
        names = [f"a/{number:06d}.png" for number in range(count)]
        frame = pd.DataFrame({"image_id": names, "group": names, "path": path})
        frame = frame.assign(dataset="a", split="test", region="whole", target=None)
        images = ImageSet(Rows(frame.assign(target_region="whole")))
        tracemalloc.start()
        try:
            done = extract(images, _Wide(), out=tmp_path / str(count), batch_size=8, workers=1)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert len(done["degradation"]) == count
    assert (peaks[1] - peaks[0]) / (many - few) < 150, peaks
