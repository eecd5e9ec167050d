"""Processes that start at once: copies of one that has imported torch and the package.

Each is a process of its own with its own environment, arguments, folder and output, as a shell or
``torchrun`` starts them; only the imports, which take longer than all else, are done once for all
of them. What looks at a start itself, or sets what libraries read when they are imported, needs an
interpreter of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Ended", "ForkedPythons", "rank_environments"]

# Reads tasks, one JSON document a line; answers with the exit codes of each.
_PROGRAM = """
import json, os, runpy, signal, sys, traceback

import torch.distributed
import rainmer_analysis.cli.extract_command
import rainmer_analysis.recipes.extract_tables
import rainmer_analysis.recipes.training
from rainmer_analysis.infer import extract_over_ranks


def become(task):
    try:
        os.environ.update(task["environment"])
        for number, path in ((1, task["out"]), (2, task["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(task["folder"])
        asked = os.environ.get("PYTHONIOENCODING")
        if asked:  # as an interpreter does that starts
            sys.stdout.reconfigure(encoding=asked, errors="strict")
            sys.stderr.reconfigure(encoding=asked, errors="backslashreplace")
        signal.alarm(900)
        first, second, *rest = task["arguments"]
        if first == "-m":
            sys.argv = [second, *rest]
            runpy.run_module(second, run_name="__main__", alter_sys=True)
        elif first == "-c":
            sys.argv = [first, *rest]
            exec(compile(second, "<string>", "exec"), {"__name__": "__main__"})
        else:
            sys.argv = [first, second, *rest]
            runpy.run_path(first, run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


for line in sys.stdin:
    started = []
    for task in json.loads(line):
        child = os.fork()
        if not child:
            become(task)
        started.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started]
    print(json.dumps(codes), flush=True)
"""


class Ended(NamedTuple):
    """A process that has ended: its exit code, less than 0 for a signal, and what it said."""

    code: int
    out: str
    err: str


class ForkedPythons:
    """Starts processes, alone or as ranks that find each other, and waits for their end.

    Parameters
    ----------
    folder
        Where their output goes meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        search = os.pathsep.join(str(Path(each).resolve()) for each in sys.path)
        self._parent = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
    ) -> Ended:
        """Return the end of ``python ARGUMENTS``; `encoding` is that of its output."""
        (ended,) = self._run(list(arguments), [environment or {}], encoding)
        return ended

    def run_ranks(self, arguments: list[str], *, world: int = 2) -> list[Ended]:
        """Return the ends of all ranks of ``torchrun --nproc-per-node WORLD ARGUMENTS``."""
        return self._run(arguments, rank_environments(world), "utf-8")

    def _run(
        self, arguments: list[str], environments: list[Mapping[str, str]], encoding: str
    ) -> list[Ended]:
        files = [
            tuple(str(self._folder / f"{number}.{kind}") for kind in ("out", "err"))
            for number in range(len(environments))
        ]
        tasks = [
            {
                "arguments": arguments,
                "environment": dict(environment),
                "folder": str(Path.cwd()),
                "out": out,
                "err": err,
            }
            for environment, (out, err) in zip(environments, files, strict=True)
        ]
        for path in (Path(each) for pair in files for each in pair):
            path.unlink(missing_ok=True)  # what an earlier process said is not said again
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(tasks) + "\n")
        self._parent.stdin.flush()
        codes = json.loads(self._parent.stdout.readline())
        return [
            Ended(code, Path(out).read_text(encoding), Path(err).read_text(encoding))
            for code, (out, err) in zip(codes, files, strict=True)
        ]

    def close(self) -> None:
        """End the process that the others are copies of."""
        self._parent.communicate(timeout=60)


def rank_environments(world: int) -> list[Mapping[str, str]]:
    """Return the variables by which ``torchrun`` tells each rank its place."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    shared = {
        "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    return [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(world)]
