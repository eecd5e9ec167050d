"""The six kinds of faults that release 1 did not survive, each by one injection.

They are told through the package's face alone, so that this file can be run against any release.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import rainmer_analysis as ra

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="faults are injected into forks")
_SPACE = ra.Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


def in_a_fork(work: Callable[[], object], *, seconds: int = 20) -> tuple[int, str]:
    """Do some work in a fork that has some processor time; return its code and what it raised."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of threads
        process = os.fork()
    if process == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            work()
            code = 0
        except ra.RainmerAnalysisError as error:
            code = 3
            os.write(writer, str(error).encode())
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as told:
        text = told.read()
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), text


def table_of(count: int, dim: int = 16) -> ra.EmbeddingTable:
    vectors = np.random.default_rng(0).standard_normal((count, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"{number % 2}/{number}.png" for number in range(count)]
    frame = pd.DataFrame({"image_id": names, "group": names, "path": names})
    frame["dataset"] = [name[0] for name in names]
    return ra.EmbeddingTable(vectors, ra.Rows(frame), _SPACE)


def images_in(folder: Path, *, seed: int, count: int = 3) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{number}.png")
    (folder / "cut.png").write_bytes((folder / "0.png").read_bytes()[:60])
    return folder


def extracted(folder: Path, out: Path, **more: object) -> None:
    ra.extract({folder.name: folder}, "statistics", out=out, workers=1, **more)


def views_of(out: Path) -> list[set[str]]:
    """Return the datasets that each table in a folder is of."""
    return [set(ra.read(path).rows.datasets) for path in sorted(out.glob("*.parquet"))]


def test_wrong_results_in_silence(tmp_path: Path) -> None:
    """A flipped bit of a table is found when it is read."""
    table = table_of(60)
    path = ra.write(table, tmp_path / "t.parquet")
    data = path.read_bytes()
    for at in range(10, len(data) // 2, len(data) // 40):
        path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        with contextlib.suppress(ra.RainmerAnalysisError):
            assert (ra.read(path).vectors == table.vectors).all(), f"byte {at}"


def test_two_runs_on_one_output(tmp_path: Path) -> None:
    """Of two runs that meet one is refused; tables and list of images are those of the other."""
    first, second = images_in(tmp_path / "a", seed=1), images_in(tmp_path / "b", seed=2)
    out, refused = tmp_path / "out", []

    def run(images: Path, **more: object) -> None:
        try:
            extracted(images, out, **more)
        except ra.RainmerAnalysisError as error:
            refused.append(str(error))

    run(second, progress=lambda done, _: run(first) if done == 1 else None)
    (listed,) = set(pd.read_csv(out / "skipped.csv")["dataset"])
    assert len(refused) == 1
    assert all(view == {listed} for view in views_of(out)), f"tables {views_of(out)}, list {listed}"


def test_overwrite_is_one_commit(tmp_path: Path) -> None:
    """Killed anywhere between renames, all tables that are read afterwards are of one run."""
    first, second = images_in(tmp_path / "a", seed=1), images_in(tmp_path / "b", seed=2)
    out = tmp_path / "out"
    extracted(first, out)
    for number in range(1, 12):
        code, told = in_a_fork(lambda: _killed_at(number, second, out))  # noqa: B023
        views = views_of(out)
        assert all(view == views[0] for view in views), f"kill {number}: {views}"
        if code == 0:
            return
        assert code == -signal.SIGKILL, told
    raise AssertionError("it never came to its end")


def _killed_at(number: int, images: Path, out: Path) -> None:
    calls = iter(range(1, 1000))

    def wrap(owner: object, name: str) -> None:
        inner = getattr(owner, name)

        def step(*given: object, **named: object) -> object:
            if any("out" in str(each) for each in given) and next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return inner(*given, **named)

        setattr(owner, name, step)

    for owner, name in ((os, "replace"), (os, "rename"), (os, "link")):
        wrap(owner, name)
    extracted(images, out, overwrite=True)


def test_hangs(tmp_path: Path) -> None:
    """Nine folders that link to each other are listed once each."""
    folder = images_in(tmp_path / "a", seed=1)
    inner = [folder / f"f{number}" for number in range(9)]
    for each in inner:
        each.mkdir()
    for one in inner:
        for other in inner:
            (one / f"to-{other.name}").symlink_to(other)
    code, told = in_a_fork(lambda: extracted(folder, tmp_path / "out"), seconds=15)
    assert code == 0, told


def test_tracebacks(tmp_path: Path) -> None:
    """Metadata that are nested too deeply are refused with a sentence."""
    header = b'{"__metadata__":{"rainmer_analysis":"' + b"[" * 100_000 + b'"}}'
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ra.RainmerAnalysisError, match=r"w\.safetensors"):
        ra.load_encoder("rainmer", path)


def test_messages(tmp_path: Path) -> None:
    """A file that the disk has no room for is named, with its bytes."""
    table = table_of(2000)

    def write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        ra.write(table, tmp_path / "t.parquet")

    code, told = in_a_fork(write)
    assert code == 3, told
    assert str(tmp_path / "t.parquet") in told
    assert "bytes" in told
    assert not list(tmp_path.iterdir())
