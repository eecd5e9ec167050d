"""Syncing files and folders to the disk, and the errors of failed disks."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rainmer_analysis.errors import StorageError

__all__ = [
    "make_folder",
    "sync_file",
    "sync_folder",
    "translate_storage_errors",
    "translate_unconfirmed_write_errors",
]

# of file systems that cannot sync a folder
_NO_FOLDERS = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EBADF))
_FAILURES = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.ENOMEM)
)


@contextmanager
def translate_storage_errors(target: Path, temporary: Path) -> Iterator[None]:
    """Turn errors of a failed disk into a sentence: which file, how many bytes, and what room.

    Raises StorageError: the disk is full, fails or may not be written to; OSError: of another kind;
    it names `target` where it would name `temporary`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FAILURES:
            raise StorageError(_storage_error_message(error, target, temporary)) from error
        if error.filename == str(temporary):  # a name that nobody gave
            error.filename = str(target)
        raise


@contextmanager
def translate_unconfirmed_write_errors(target: Path) -> Iterator[None]:
    """Turn errors of a disk that fails after files have their names into a sentence that says so.

    Raises StorageError: the disk fails.
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
        system = os.statvfs(folder)
        if system.f_files and not system.f_favail:
            return f"{free}, but no more files (inodes)"
    return free


def _storage_error_message(error: OSError, target: Path, temporary: Path) -> str:
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


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        _fsync(descriptor, path)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the file system can do so."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _fsync(descriptor, folder)
    except OSError as error:
        if error.errno not in _NO_FOLDERS:
            raise
    finally:
        os.close(descriptor)


def _fsync(descriptor: int, path: Path) -> None:
    """Sync; an error names the path, as those of other calls do."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, their names on the disk.

    Raises StorageError: the disk is full or fails; OSError: it cannot be made for another reason.
    """
    if folder.is_dir():
        return
    above = folder.parent
    if above != folder:
        make_folder(above)
    with translate_storage_errors(folder, folder), suppress(FileExistsError):
        folder.mkdir()
        sync_folder(above)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
