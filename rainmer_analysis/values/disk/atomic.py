"""One file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rainmer_analysis.values.disk.sync_to_disk import (
    make_folder,
    storage_errors,
    sync_file,
    sync_folder,
    unconfirmed_write_errors,
)
from rainmer_analysis.values.disk.temporary_files import remove_leftovers, temporary_mark

__all__ = ["demand_writable", "write_atomically"]


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    A reader sees the old file or the whole new one; when `write` fails, nothing changes. The file
    is on the disk before it is in place, and its name when this function returns. Temporary files
    that dead processes have left in the folder are removed.

    Raises
    ------
    StorageError
        The disk is full or fails; the sentence names the file and the bytes.
    OSError
        The file cannot be written for another reason.
    """
    target = Path(path)
    make_folder(target.parent)
    remove_leftovers(target.parent, again=False)
    # Made as any new file is, so that the umask decides without being touched: threads share it.
    temporary = target.parent / f".{target.stem[:32]}{temporary_mark()}{target.suffix}"
    try:
        with storage_errors(target, temporary):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            write(temporary)
            sync_file(temporary)
            temporary.replace(target)
        with unconfirmed_write_errors(target):
            sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()
    return target


def demand_writable(folder: str | Path) -> None:
    """Make sure that files can be written into a folder, before long work begins.

    Parameters
    ----------
    folder
        Of results, or a file of results; it need not be there, and is not made.

    Raises
    ------
    StorageError, OSError
        They cannot; the error names the folder.
    """
    place = Path(folder)
    if place.is_file():
        if _is_locked(place):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(place))
        place = place.parent
    while not place.exists() and place.parent != place:
        place = place.parent
    temporary = place / f".try{temporary_mark()}"
    try:
        with storage_errors(place, temporary):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    finally:
        with suppress(OSError):
            temporary.unlink()


def _is_locked(path: Path) -> bool:
    """Say whether a file that its owner may write is protected all the same, as by ``chattr``."""
    return bool(path.stat().st_mode & stat.S_IWUSR) and not os.access(path, os.W_OK)
