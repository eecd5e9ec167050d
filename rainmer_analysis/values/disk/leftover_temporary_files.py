"""What dead processes have left: names that tell who wrote, and their removal.

A temporary name holds the process that writes and its machine. It is left over when that process
is gone; names of other machines, of which nobody here can tell, when they are a day old.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["is_temporary_name", "remove_leftovers", "temporary_name_part"]

_MARK = re.compile(r"\..*-unfinished-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}(\..*)?", re.DOTALL)
_DAY = 86_400  # seconds
_SWEPT: set[str] = set()


def temporary_name_part() -> str:
    """Return the middle of a new temporary name: who writes, where, and a random part."""
    return f"-unfinished-{os.getpid()}-{_machine_id()}-{secrets.token_hex(6)}"


def is_temporary_name(name: str) -> bool:
    """Say whether a name is one that `temporary_name_part` makes."""
    return _MARK.fullmatch(name) is not None


def remove_leftovers(folder: Path, *, again: bool = True) -> list[Path]:
    """Remove the temporary files and folders in a folder whose processes are gone.

    Parameters
    ----------
    folder
        Where to look; not below it.
    again
        Whether to look though this process has looked there before.

    Returns
    -------
    What was removed.
    """
    if not again and str(folder) in _SWEPT:
        return []
    _SWEPT.add(str(folder))
    removed = []
    with suppress(OSError):
        for path in sorted(folder.glob(".*-unfinished-*")):
            found = _MARK.fullmatch(path.name)
            if found is not None and _is_left_over(path, int(found[1]), found[2]):
                _remove_path(path)
                removed.append(path)
    return removed


def _remove_path(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _is_left_over(path: Path, process: int, machine: str) -> bool:
    if machine == _machine_id():
        return not _is_alive(process)
    with suppress(OSError):
        return time.time() - path.stat().st_mtime > _DAY
    return False


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # a signal would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@cache
def _machine_id() -> str:
    """Return what names this machine since it was started, and this container's processes."""
    identity = platform.node()
    with suppress(OSError):
        identity += Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    with suppress(OSError):
        identity += str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()[:8]
