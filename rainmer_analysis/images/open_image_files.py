"""Files that images are read from: opened once, regular, of a size that an image can have."""

from __future__ import annotations

import hashlib
import os
import stat
from functools import cache
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

from rainmer_analysis.errors import ImageError

__all__ = ["MAX_BYTES", "demand_unchanged", "open_image_file", "sha256_of"]

MAX_BYTES = 4 << 30
"""Size of the largest file that is read; the largest image that is read needs less."""
_IN_MEMORY = 64 << 20  # files up to this size are read in one go
_CHANGED = "changed while it was read; leave the images as they are until the run has ended"


_SizeAndTimes = tuple[int, int, int]


class _NamedBytesIO(BytesIO):
    """The bytes of a file, and its name."""

    name: str


class _PiecewiseFile(BufferedReader):
    """A file that is read piece by piece, and how it stood when it was opened."""

    state: _SizeAndTimes


def open_image_file(path: str | Path, *, buffer_small: bool = True) -> BinaryIO:
    """Open a regular file.

    Parameters
    ----------
    path
        The file.
    buffer_small
        Whether a file of up to 64 MiB is read in one go, so that it cannot change any more.

    Raises
    ------
    ImageError
        It cannot be opened or read, is no regular file, or is too large for an image.
    """
    place = Path(path)
    try:
        _refuse_irregular(place.stat())
        file = _PiecewiseFile(FileIO(place, "rb", opener=_open_nonblocking))
    except FileNotFoundError:
        raise ImageError(
            "a link to a file that does not exist" if place.is_symlink() else "no such file"
        ) from None
    except OSError as error:
        raise ImageError(f"cannot be opened: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the name
        raise ImageError(f"cannot be opened: {error}") from error
    try:
        status = os.fstat(file.fileno())
        _refuse_irregular(status)  # it may be another one since
        _refuse_too_large(status.st_size)
        file.state = _size_and_times(status)
        return (
            _read_into_memory_and_close(file, place)
            if buffer_small and status.st_size <= _IN_MEMORY
            else file
        )
    except BaseException:
        file.close()
        raise


def sha256_of(file: BinaryIO) -> str:
    """Return the SHA-256 (hexadecimal) of an open file's bytes.

    Raises
    ------
    ImageError
        They cannot be read.
    """
    try:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from error


def demand_unchanged(file: BinaryIO) -> None:
    """Make sure that a file which was read piece by piece is as it was when it was opened.

    Raises
    ------
    ImageError
        Its size or times have changed since.
    """
    if isinstance(file, _PiecewiseFile) and _size_and_times(os.fstat(file.fileno())) != file.state:
        raise ImageError(_CHANGED)


def _open_nonblocking(path: str, flags: int) -> int:
    """Open without waiting: what was a file when it was looked at may be a pipe by now."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_into_memory_and_close(file: _PiecewiseFile, path: Path) -> BinaryIO:
    size = file.state[0]
    with file:
        try:
            data = file.read(size + 1)
        except OSError as error:
            raise ImageError(f"cannot be read: {error.strerror}") from error
        except MemoryError as error:
            raise ImageError("needs more memory than there is") from error
    if len(data) != size:
        raise ImageError(_CHANGED)
    found = _NamedBytesIO(data)
    found.name = str(path)
    return found


def _size_and_times(status: os.stat_result) -> _SizeAndTimes:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _refuse_too_large(size: int) -> None:
    if size > MAX_BYTES:
        raise ImageError(
            f"a file of {size / 2**30:.1f} GiB; files of up to {MAX_BYTES >> 30} GiB are read as "
            "images"
        )


def _refuse_irregular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        raise ImageError("not a regular file")
    if status.st_dev in _proc_and_sys_devices():  # some of these never end
        raise ImageError("not a regular file, but a window into the running system")


@cache
def _proc_and_sys_devices() -> frozenset[int]:
    """Return the devices of file systems whose regular files are none."""
    places = [Path(name) for name in ("/proc", "/sys")]
    return frozenset(place.stat().st_dev for place in places if place.is_mount())
