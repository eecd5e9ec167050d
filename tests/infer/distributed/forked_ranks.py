"""Ranks that start at once: copies of a process that has imported torch and the package.

Each is a process of its own with its own environment, arguments and output, as ``torchrun`` starts
them; only the imports, which take longer than all else, are done once for all of them.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["ForkedRanks"]

# Reads tasks, one JSON document a line; answers with the exit codes of each.
_PROGRAM = """
import json, os, runpy, signal, sys, traceback

import torch.distributed
import rainmer_analysis.cli.extract_command
import rainmer_analysis.recipes.extract_tables
from rainmer_analysis.infer import extract_over_ranks


def become(rank):
    os.environ.update(rank["environment"])
    for number, path in ((1, rank["out"]), (2, rank["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.alarm(240)
    first, second, *rest = rank["arguments"]
    try:
        if first == "-m":
            sys.argv = [second, *rest]
            runpy.run_module(second, run_name="__main__", alter_sys=True)
        else:
            sys.argv = [first, *rest]
            exec(compile(second, "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


for line in sys.stdin:
    started = []
    for rank in json.loads(line):
        child = os.fork()
        if not child:
            become(rank)
        started.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started]
    print(json.dumps(codes), flush=True)
"""


class ForkedRanks:
    """Starts groups of processes that find each other, and waits for their end.

    Parameters
    ----------
    folder
        Where their output goes meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parent = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: list[str], *, world: int = 2) -> list[tuple[int, str, str]]:
        """Return exit code, output and messages of each rank of ``python ARGUMENTS``."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        shared = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        files = [
            tuple(str(self._folder / f"{rank}.{kind}") for kind in ("out", "err"))
            for rank in range(world)
        ]
        tasks = [
            {
                "arguments": arguments,
                "environment": (shared if world > 1 else {}) | {"RANK": str(rank)},
                "out": out,
                "err": err,
            }
            for rank, (out, err) in enumerate(files)
        ]
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(tasks) + "\n")
        self._parent.stdin.flush()
        codes = json.loads(self._parent.stdout.readline())
        return [
            (code, Path(out).read_text("utf-8"), Path(err).read_text("utf-8"))
            for code, (out, err) in zip(codes, files, strict=True)
        ]

    def close(self) -> None:
        """End the process that the others are copies of."""
        self._parent.communicate(timeout=60)
