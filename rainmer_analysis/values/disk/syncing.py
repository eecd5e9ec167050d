"""Files and names in folders, on the disk before anything relies on them."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from rainmer_analysis.values.disk.disk_failures import storage_errors

__all__ = ["make_folder", "sync_file", "sync_folder"]

# of file systems that cannot sync a folder
_NO_FOLDERS = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EBADF))


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        _sync(descriptor, path)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the file system can do so."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _sync(descriptor, folder)
    except OSError as error:
        if error.errno not in _NO_FOLDERS:
            raise
    finally:
        os.close(descriptor)


def _sync(descriptor: int, path: Path) -> None:
    """Sync; an error names the path, as those of other calls do."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, their names on the disk.

    Raises
    ------
    StorageError
        The disk is full or fails.
    OSError
        It cannot be made for another reason.
    """
    if folder.is_dir():
        return
    above = folder.parent
    if above != folder:
        make_folder(above)
    with storage_errors(folder, folder), suppress(FileExistsError):
        folder.mkdir()
        sync_folder(above)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
