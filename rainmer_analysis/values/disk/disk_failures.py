"""What is said when a disk fails: which file it struck, how far it came, what room there is."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rainmer_analysis.errors import StorageError

__all__ = ["storage_errors", "unconfirmed_write_errors"]

_FAILURES = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.ENOMEM)
)


@contextmanager
def storage_errors(target: Path, temporary: Path) -> Iterator[None]:
    """Say of a failed disk which file it struck, after how many bytes, and what room there is.

    Raises
    ------
    StorageError
        The disk is full, fails or may not be written to.
    OSError
        Of another kind; it names `target` where it would name `temporary`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FAILURES:
            raise StorageError(_storage_error_text(error, target, temporary)) from error
        if error.filename == str(temporary):  # a name that nobody gave
            error.filename = str(target)
        raise


@contextmanager
def unconfirmed_write_errors(target: Path) -> Iterator[None]:
    """Say of a disk that fails after files have their names that they have them.

    Raises
    ------
    StorageError
        The disk fails.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FAILURES:
            raise
        raise StorageError(
            f"what was written to {target} is in place, but the disk has not confirmed it "
            f"({os.strerror(error.errno or 0)}); it may be lost when power fails: repair the disk, "
            "and start again"
        ) from error


def _free_space_text(folder: Path) -> str:
    """Say how much more a file system can hold; some have bytes, but no room for one more name."""
    free = f"{shutil.disk_usage(folder).free:,} bytes are free"
    if hasattr(os, "statvfs"):
        told = os.statvfs(folder)
        if told.f_files and not told.f_favail:
            return f"{free}, but no more files (inodes)"
    return free


def _storage_error_text(error: OSError, target: Path, temporary: Path) -> str:
    done, free = 0, ""
    with suppress(OSError):
        done = temporary.stat().st_size if temporary.is_file() else 0
    with suppress(OSError):
        free = f"; {_free_space_text(target.parent)} there"
    reason = os.strerror(error.errno or 0)
    return (
        f"{target} cannot be written ({reason}, after {done:,} bytes{free}); what lay there before "
        "is unchanged: make room or repair the disk, or name another place, and start again"
    )
