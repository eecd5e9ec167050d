"""Rows of the table of faults, and commands that are run to be struck by them.

Commands run in forks of this process, which has imported everything: hundreds of kills then take
minutes and not hours. A fork runs `main` as a fresh process would, with its own signals, standard
streams and process group. The encoder is a cheap one: faults strike around it. Limits of time are
of processor time, which does not depend on what else the machine does. With `strace`, a fork begins
once its system calls are watched.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from rainmer_analysis.cli.main import main
from rainmer_analysis.recipes import extract_tables
from rainmer_analysis.values import EmbeddingTable, read

ENCODER = "statistics"
VIEWS = ("chromatic", "degradation")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# imported when called; forks have them here
for _name in ("extract_command", "train_command", "audit.audit_command"):
    importlib.import_module(f"rainmer_analysis.cli.{_name}")


@dataclass
class Row:
    """One row of the table: a fault, how it was injected, and how often what must hold did.

    Parameters
    ----------
    fault, how
        In words.
    tried, held
        Injections, and those after which everything held.
    broken
        What did not hold, in words.
    said
        What could not be injected here.
    """

    fault: str
    how: str
    tried: int = 0
    held: int = 0
    broken: list[str] = field(default_factory=list)
    said: str = ""

    def check(self, holds: bool, what: str) -> None:
        """Count an injection."""
        self.tried += 1
        self.held += bool(holds)
        if not holds:
            self.broken.append(what)


@dataclass(frozen=True)
class Ended:
    """How a command ended; a negative code is a signal, `seconds` are the processor's."""

    code: int
    out: str
    err: str
    seconds: float
    clock: float
    left: bool = False

    @property
    def quiet(self) -> bool:
        """Whether no traceback was shown."""
        return "Traceback" not in self.err and "Exception ignored" not in self.err


class Command:
    """A command in a fork of this process.

    Parameters
    ----------
    arguments
        Of the command line.
    folder
        For its streams.
    prepare
        Called in the fork before the command, to patch what shall fail.
    streams
        Descriptors for stdout and stderr in place of files.
    strace
        Options of strace, which then watches the system calls of the command.
    program
        What runs in place of the command line.
    """

    _count = 0

    def __init__(
        self,
        arguments: Sequence[str | Path],
        folder: Path,
        *,
        prepare: Callable[[], object] | None = None,
        streams: tuple[int | None, int | None] = (None, None),
        strace: Sequence[str] = (),
        program: Callable[[], object] = main,
    ) -> None:
        Command._count += 1
        self._files = [folder / f"{Command._count}.{name}" for name in ("out", "err")]
        self._start = time.monotonic()
        self._is_watched, self._program = bool(strace), program
        sys.stdout.flush()
        # what comes before the fork is itself would strike Python's own hooks for forks
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self.process = os.fork()
        if self.process == 0:
            self._run([str(each) for each in arguments], prepare, streams)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._tracer = self._watch(folder, strace) if strace else None

    def _watch(self, folder: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
        asked = ["strace", "-f", "-qq", "-p", str(self.process), *options]
        if "-o" not in options:
            asked += ["-o", os.devnull]
        with (folder / f"{Command._count}.strace").open("wb") as told:
            return subprocess.Popen(asked, stdout=told, stderr=told)

    def _run(
        self,
        arguments: list[str],
        prepare: Callable[[], object] | None,
        streams: tuple[int | None, int | None],
    ) -> None:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # as `__main__` begins
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, (path, given) in enumerate(zip(self._files, streams, strict=True), 1):
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                os.dup2(os.open(path, flags, 0o666) if given is None else given, number)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
            sys.argv = ["rainmer-analysis", *arguments]
            extract_tables.load_encoder = lambda *_, **__: Plain()  # type: ignore[assignment, misc]
            if prepare is not None:
                prepare()
            if self._is_watched:
                _wait_for_tracer()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            self._program()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except BaseException:
            with contextlib.suppress(OSError, ValueError):
                traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                try:
                    if stream is not None:
                        stream.flush()
                except (OSError, ValueError):
                    code = code or 120  # as Python itself ends then
            os._exit(code)

    def send(self, number: int) -> None:
        """Send a signal, if the command is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, number)

    def wait(self, seconds: float = 300.0) -> Ended:
        """Wait for the end; a command that lasts longer is killed and named by the code -9."""
        end = time.monotonic() + seconds
        while True:
            found, status, used = os.wait4(self.process, os.WNOHANG)
            if found:
                break
            if time.monotonic() > end:
                os.killpg(self.process, signal.SIGKILL)
                _, status, used = os.wait4(self.process, 0)
                break
            time.sleep(0.005)
        took = time.monotonic() - self._start
        if self._tracer is not None:
            self._tracer.wait()
        left = self._children()
        texts = [
            path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            for path in self._files
        ]
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, texts[0], texts[1], used.ru_utime + used.ru_stime, took, left)

    def _children(self) -> bool:
        """Say whether a process of the command's group is still there, and end it."""
        try:
            os.killpg(self.process, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.2)
        try:
            os.killpg(self.process, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def has_strace() -> bool:
    """Say whether system calls can be watched here."""
    return shutil.which("strace") is not None


def _wait_for_tracer() -> None:
    end = time.monotonic() + 120
    with Path("/proc/self/status").open("rb", buffering=0) as status:
        while b"TracerPid:\t0\n" in os.pread(status.fileno(), 1 << 16, 0):
            if time.monotonic() > end:
                raise TimeoutError("strace has not attached itself")
            time.sleep(0.001)


class Plain:
    """Means and deviations of the channels, under the name of an encoder that needs no weights.

    `counted` is a file that gets one byte for each image that is encoded.
    """

    counted: Path | None = None
    name, preprocessing, sha256, api_version = ENCODER, "bilinear-128", "0" * 64, 1
    views: Mapping[str, int] = MappingProxyType(dict.fromkeys(VIEWS, 4))

    def encode(self, images: Any) -> dict[str, np.ndarray]:
        """Return one vector of four numbers an image and view."""
        if Plain.counted is not None:
            with Plain.counted.open("ab") as file:
                file.write(b"." * len(images))
        one = np.ones((len(images), 1), np.float32)
        found = {}
        for view, channels in zip(VIEWS, (images.mean((2, 3)), images.std((2, 3))), strict=True):
            rows = np.concatenate([channels, one], axis=1).astype(np.float64)
            found[view] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return found


def extract(images: Path, out: Path, *more: str) -> list[str | Path]:
    """Return the arguments that extract a folder."""
    asked = [f"a={images}", "--encoder", ENCODER, "--out", out, "--workers", "1"]
    return ["extract", *asked, "--batch-size", "4", *more]


def make_images(
    folder: Path, count: int, *, seed: int = 0, size: tuple[int, int] = (16, 20)
) -> Path:
    """Write PNG images of random pixels, of some height and width."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = rng.integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels // (1 + number % 3)).save(folder / f"{number:04d}.png")
    return folder


def rows_of(out: Path) -> dict[str, dict[str, bytes]] | None:
    """Return the vectors of both views by image, or None where they are not both there."""
    found = {}
    for view in VIEWS:
        path = out / f"{ENCODER}-{view}"
        path = path if path.is_dir() else path.with_suffix(".parquet")
        if not path.exists():
            return None
        table = read(path)
        assert isinstance(table, EmbeddingTable)
        names = table.rows.column("image_id").tolist()
        vectors = [vector.tobytes() for vector in table.vectors]
        found[view] = dict(zip(names, vectors, strict=True))
    return found


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every visible file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.parts[-2:])
    }


def hidden(folder: Path) -> list[str]:
    """Return the hidden names in a folder."""
    return sorted(path.name for path in folder.glob(".*"))


def group_of_ranks(world: int) -> Callable[[int], None]:
    """Return what makes a fork one of several processes that share a run, by its rank."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]

    def join(rank: int) -> None:
        told = {"WORLD_SIZE": world, "RANK": rank, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update({key: str(value) for key, value in told.items()})

    return join


@contextlib.contextmanager
def patched(owner: object, name: str, value: object) -> Iterator[None]:
    """Return an attribute another value meanwhile."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def dying_at(number: int) -> Callable[[], None]:
    """Return what kills a process at the n-th sync, link, rename or removal that it asks for."""

    def prepare() -> None:
        state = {"calls": 0}

        def wrap(owner: object, name: str) -> None:
            inner = getattr(owner, name)

            def step(*given: object, **named: object) -> object:
                state["calls"] += 1
                if state["calls"] == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return inner(*given, **named)

            setattr(owner, name, step)

        for owner, name in ((os, "fsync"), (os, "link"), (Path, "replace"), (Path, "unlink")):
            wrap(owner, name)

    return prepare
