"""One run at a time on one output, and who it is.

The lock is the kernel's (flock), so that it ends with its holder however that ends. Where a file
system has none, runs go on without: what they write is committed whole all the same.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rainmer_analysis.errors import OutputInUseError
from rainmer_analysis.values.disk.sync_and_storage_errors import make_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment, unused-ignore]

__all__ = ["demand_unlocked", "hold_lock", "lock_path_of"]

_PAUSE = 0.05  # seconds


def lock_path_of(output: str | Path, name: str = "") -> Path:
    """Return the file that locks an output: in a folder of results by a name, else beside it."""
    place = Path(output)
    if name:
        return place / f".{name.replace(':', '-').replace('/', '-')}.lock"
    return place.parent / f".{place.name[:64]}.lock"


@contextmanager
def hold_lock(lock: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock.

    Raises OutputInUseError: another process holds it; the sentence says which.

    Parameters
    ----------
    lock
        Its file, which is there only meanwhile.
    wait
        Whether to wait for another holder instead of being refused.
    """
    new = not lock.parent.is_dir()
    descriptor = None
    with suppress(PermissionError):  # what stands there may be read all the same
        make_folder(lock.parent)
        descriptor = _try_to_take_lock(lock, wait=wait)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                lock.unlink()
            os.close(descriptor)
        if new:
            with suppress(OSError):  # something was written there, as it should
                lock.parent.rmdir()


def demand_unlocked(lock: Path) -> None:
    """Make sure that nobody holds a lock at the moment.

    Raises OutputInUseError: somebody does.
    """
    if not lock.exists() or fcntl is None:
        return
    with suppress(FileNotFoundError):
        descriptor = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputInUseError(_in_use_message(lock)) from error
        except OSError:
            return
        finally:
            os.close(descriptor)


def _try_to_take_lock(lock: Path, *, wait: bool) -> int | None:
    if fcntl is None:
        return None
    patience = time.monotonic() + 4 * _PAUSE  # for whoever only looks
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            if error.errno == errno.EROFS:
                return None
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            if not wait and time.monotonic() > patience:
                raise OutputInUseError(_in_use_message(lock)) from error
            time.sleep(_PAUSE)
            continue
        except OSError:  # no locks on this file system
            pass
        if _is_same_file(descriptor, lock):
            with suppress(OSError):  # a full disk: the lock holds without its holder's name
                os.ftruncate(descriptor, 0)
                os.write(descriptor, _holder_json())
            return descriptor
        os.close(descriptor)  # its holder has ended and removed it


def _is_same_file(descriptor: int, lock: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    return False


def _holder_json() -> bytes:
    holder = {
        "process": os.getpid(),
        "machine": platform.node(),
        "since": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])[:300],
    }
    return json.dumps(holder).encode("utf-8", "backslashreplace")


def _in_use_message(lock: Path) -> str:
    who = "another process"
    with suppress(OSError, ValueError, KeyError, TypeError):
        holder = json.loads(lock.read_text(encoding="utf-8", errors="replace"))
        who = (
            f"process {holder['process']} on {holder['machine']} (since {holder['since']}: "
            f"{holder['command']})"
        )
    return (
        f"{who} is writing to {lock.parent}; wait until it has ended, or name another place; "
        "nothing was changed"
    )
