"""Several processes extract what one does, and lose nothing but what was unfinished."""

from __future__ import annotations

import json
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rainmer_analysis.distributed import Ranks, launched_ranks, rank_device
from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.images import load_image_set
from rainmer_analysis.infer import extract
from rainmer_analysis.infer.extraction.shards import SHARD
from rainmer_analysis.values import TableStream, read
from tests.forked import ForkedPythons, rank_environments

Make = Callable[..., Any]

# extracts with an encoder that counts, and on one rank kills its process after some images
PROGRAM = textwrap.dedent(
    """
    import os, signal, sys
    import numpy as np
    from rainmer_analysis.images import load_image_set
    from rainmer_analysis.distributed import launched_ranks
    from rainmer_analysis.infer import extract_over_ranks

    class Counting:
        name, preprocessing, sha256, api_version = "plain", "bilinear-128", "0" * 64, 1
        views = {"chromatic": 4}
        seen = 0

        def encode(self, images):
            Counting.seen += len(images)
            place = launched_ranks()
            if place.rank == 1 and Counting.seen > int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)
            one = np.ones((len(images), 1), np.float32)
            rows = np.concatenate([images.mean(axis=(2, 3)), one], axis=1)
            return {"chromatic": (rows / np.linalg.norm(rows, axis=1, keepdims=True))}

    images = load_image_set({"a": sys.argv[1]}, per_dataset=None)
    done = extract_over_ranks(
        images, Counting(), launched_ranks(), out=sys.argv[2], batch_size=1, workers=1
    )
    print(Counting.seen, done.up_to_date, sorted(done.paths))
    """
)


def test_shares_are_consecutive_whole_and_even() -> None:
    for rows in (0, 1, 5, 1000):
        spans = [Ranks(rank, 3).row_range(rows) for rank in range(3)]
        assert [row for span in spans for row in span] == list(range(rows))
        assert max(map(len, spans)) - min(map(len, spans)) <= 1


def test_a_process_alone_has_no_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert launched_ranks() is None
    monkeypatch.setenv("RANK", "3")
    assert launched_ranks() == Ranks(3, 4)
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert launched_ranks() is None
    assert rank_device("cpu") == "cpu"


def test_ranks_of_a_machine_take_its_devices_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    for rank, own in enumerate(["cuda:0", "cuda:1", "cuda:0"]):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        assert rank_device("auto") == rank_device("cuda") == own
        assert rank_device("cuda:1") == "cuda:1"
        assert rank_device("cpu") == "cpu"


def test_ranks_are_told_here_what_torchrun_tells_them(
    forked: ForkedPythons, tmp_path: Path
) -> None:
    program = tmp_path / "rank.py"
    program.write_text(
        "import json, os, sys\n"
        "with open(f'{sys.argv[1]}/{os.environ[\"RANK\"]}.json', 'w') as file:\n"
        "    json.dump(dict(os.environ), file)\n"
    )
    asked = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = forked.run(*asked, str(program), str(tmp_path))
    assert done.code == 0, done.err
    for rank, expected in enumerate(rank_environments(2)):
        found = json.loads((tmp_path / f"{rank}.json").read_text())
        assert found.keys() >= expected.keys()
        same = expected.keys() - {"MASTER_ADDR", "MASTER_PORT"}  # a place to meet is free to choose
        assert {name: found[name] for name in same} == {name: expected[name] for name in same}


def test_the_command_gives_the_rows_of_one_process(
    files: Make, forked: ForkedPythons, tmp_path: Path
) -> None:
    folder = files(7)[0].parent
    (folder / "0003.png").write_bytes(b"")
    command = ["-m", "rainmer_analysis", "extract", f"a={folder}", "--encoder", "statistics"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert forked.run(*command, "--out", str(one)).code == 0
    for state in ("written", "up to date"):
        (code, out, err), (other, silent, _) = forked.run_ranks([*command, "--out", str(two)])
        assert (code, other) == (0, 0), err
        assert f"statistics-chromatic: {state}, 6 images" in out
        assert silent == ""
    assert sorted(path.name for path in two.iterdir()) == [
        *("skipped.csv", "statistics-chromatic", "statistics-degradation")
    ]
    assert (two / "skipped.csv").read_text() == (one / "skipped.csv").read_text()
    for view in ("chromatic", "degradation"):
        expected = read(one / f"statistics-{view}.parquet")
        found = read(two / f"statistics-{view}")
        assert found.rows.frame.equals(expected.rows.frame)
        np.testing.assert_allclose(found.vectors, expected.vectors, rtol=0, atol=1e-6)
        assert len(TableStream(two / f"statistics-{view}")) == 6


def test_all_end_with_the_sentence_of_the_one_that_refuses(
    files: Make, forked: ForkedPythons, tmp_path: Path
) -> None:
    folder, out = files(4)[0].parent, tmp_path / "out"
    arguments = ["-c", PROGRAM, str(folder), str(out), "1000000"]
    assert [code for code, _, _ in forked.run_ranks(arguments)] == [0, 0]
    (out / "plain-chromatic" / Ranks(1, 2).part_name).with_suffix(".parquet").unlink()
    before = sorted(out.rglob("*"))
    for code, _, err in forked.run_ranks(arguments):  # the first one's part is as it should be
        assert code == 1
        assert "already exists and holds something else" in err.strip().splitlines()[-1]
    assert sorted(out.rglob("*")) == before


def test_processes_that_find_other_images_are_refused(
    files: Make, forked: ForkedPythons, tmp_path: Path
) -> None:
    folder, out = files(4)[0].parent, tmp_path / "out"
    program = PROGRAM.replace(
        "sys.argv[1]", "sys.argv[1] if launched_ranks().rank else sys.argv[4]"
    )
    other = tmp_path / "other"
    other.mkdir()
    (other / "0000.png").write_bytes((folder / "0000.png").read_bytes())
    for code, _, err in forked.run_ranks(["-c", program, str(folder), str(out), "9", str(other)]):
        assert code == 1
        assert "this process finds other images than the first one; give all" in err
    assert not out.exists()


def test_repaired_images_of_a_share_without_any_are_seen(
    files: Make, forked: ForkedPythons, tmp_path: Path
) -> None:
    paths, out = files(4), tmp_path / "out"
    kept = {path: path.read_bytes() for path in paths[2:]}
    for path in kept:
        path.write_bytes(b"")
    command = ["-m", "rainmer_analysis", "extract", f"a={paths[0].parent}", "--out", str(out)]
    command += ["--encoder", "statistics", "--per-dataset", "4"]
    for state in ("written", "up to date"):
        (code, said, err), _ = forked.run_ranks(command)
        assert code == 0, err
        assert f"statistics-chromatic: {state}, 2 images" in said
    for path, data in kept.items():
        path.write_bytes(data)
    (code, _, err), _ = forked.run_ranks(command)
    assert code == 1
    assert "already exists and holds something else" in err
    (out / "skipped.csv").write_text("my notes")
    (code, _, err), _ = forked.run_ranks([*command, "--overwrite"])
    assert code == 0, err
    assert len(read(out / "statistics-chromatic")) == 4
    assert (out / "skipped.csv").read_text() == "image_id,dataset,path,reason,encoder\n"


def test_a_table_in_the_other_form_is_not_written_beside(
    files: Make, forked: ForkedPythons, tmp_path: Path
) -> None:
    folder, out = files(4)[0].parent, tmp_path / "out"
    command = ["-m", "rainmer_analysis", "extract", f"a={folder}", "--encoder", "statistics"]
    command += ["--out", str(out), "--per-dataset", "4"]
    file, parts = out / "statistics-chromatic.parquet", out / "statistics-chromatic"

    def alone(*more: str) -> tuple[int, str, str]:
        return forked.run(*command, *more)

    assert alone()[0] == 0
    (folder / "0001.png").write_bytes(b"")
    before = {path: path.read_bytes() for path in out.iterdir()}
    for code, said, err in forked.run_ranks(command):
        assert (code, said) == (1, "")
        assert err.startswith(f"error: {file} already exists: this table as one file, beside which")
        assert len(err.splitlines()) == 1
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    assert [code for code, _, _ in forked.run_ranks([*command, "--overwrite"])] == [0, 0]
    assert not file.exists()
    assert len(read(parts)) == 3

    (parts / "notes.txt").write_text("mine")
    code, _, err = alone()
    assert code == 1
    assert err.startswith(f"error: {parts} already exists: this table as a folder of")
    assert sorted(path.name for path in out.iterdir()) == [
        *("skipped.csv", "statistics-chromatic", "statistics-degradation")
    ]
    assert alone("--overwrite")[0] == 0
    assert len(read(file)) == 3
    assert [path.name for path in parts.iterdir()] == ["notes.txt"]


def test_a_rank_that_is_killed_loses_only_its_unfinished_part(
    files: Make, forked: ForkedPythons, plain: Make, tmp_path: Path
) -> None:
    count = 2 * (SHARD + 20)
    folder, out = files(count)[0].parent, tmp_path / "out"
    arguments = ["-c", PROGRAM, str(folder), str(out)]
    (first, _, _), (second, _, _) = forked.run_ranks([*arguments, str(SHARD + 5)])
    assert second == -signal.SIGKILL
    assert first != 0  # it had finished, waited, and saw the other go
    assert not (out / "plain-chromatic").exists()
    with pytest.raises(FileFormatError):
        read(out / "plain-chromatic")
    (code, said, err), (other, also, _) = forked.run_ranks([*arguments, "1000000"])
    assert (code, other) == (0, 0), err
    assert said.split()[0] == "0"  # nothing of the finished part was done again
    assert int(also.split()[0]) == count // 2 - SHARD
    assert len(read(out / "plain-chromatic")) == count
    alone = extract(load_image_set({"a": folder}), plain(), out=tmp_path / "alone", batch_size=1)
    undisturbed = alone["chromatic"]
    table = read(out / "plain-chromatic")
    assert table.rows.frame.equals(undisturbed.rows.frame)
    np.testing.assert_array_equal(table.vectors, undisturbed.vectors)
    assert sorted(path.name for path in out.iterdir()) == ["plain-chromatic", "skipped.csv"]
