"""Processes that share out work: whatever ends one of them, nobody waits and nobody stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rainmer_analysis.errors import ProcessError
from rainmer_analysis.recipes import worker_processes
from rainmer_analysis.recipes.worker_processes import map_in_processes

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")


def test_results_keep_the_order_of_tasks() -> None:
    assert list(map_in_processes(abs, range(-9, 0), workers=2, chunk_size=2)) == list(
        range(9, 0, -1)
    )


def test_an_error_of_a_task_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_in_processes(_divide, [1, 0], workers=1))


def _divide(number: int) -> float:
    return 1 / number


@linux
@pytest.mark.parametrize(
    ("number", "words"), [("SIGKILL", "ended without a word"), ("SIGSTOP", "was stopped")]
)
def test_a_worker_that_is_killed_or_stopped_ends_the_work(
    number: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "_SECONDS_BETWEEN_LOOKS", 0.2)
    with pytest.raises(ProcessError, match=words):
        list(map_in_processes(signal.raise_signal, [getattr(signal, number)], workers=1))


@linux
def test_workers_end_with_their_parent_before_they_have_imported_anything() -> None:
    program = (
        "import time\n"
        "from rainmer_analysis.recipes.worker_processes import map_in_processes\n"
        "list(map_in_processes(time.sleep, [600] * 4, workers=2))\n"
    )
    search = os.pathsep.join(str(Path(each).resolve()) for each in sys.path)
    parent = subprocess.Popen(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": search}
    )
    try:
        workers = _wait_for_workers(parent.pid, 2)
    finally:
        parent.kill()
        parent.wait()
    spent, end = dict.fromkeys(workers, 0.0), time.monotonic() + 120
    while time.monotonic() < end and (left := [each for each in workers if _is_there(each)]):
        spent |= {each: max(spent[each], _processor_seconds(each)) for each in left}
        time.sleep(0.02)
    assert not [each for each in workers if _is_there(each)]
    assert max(spent.values()) < 1.0  # torch alone takes longer to import


def _wait_for_workers(parent: int, count: int) -> list[int]:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat")]
        workers = [
            each for each in found if _parent(each) == parent and b"spawn_main" in _said(each)
        ]
        if len(workers) == count:
            return workers
        time.sleep(0.02)
    raise AssertionError("the workers were not started")


def _stat(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def _parent(process: int) -> int:
    return int((_stat(process) or [0, -1])[1])


def _is_there(process: int) -> bool:
    return (_stat(process) or ["Z"])[0] != "Z"


def _processor_seconds(process: int) -> float:
    stat = _stat(process)
    return (int(stat[11]) + int(stat[12])) / _TICKS if stat else 0.0


def _said(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
