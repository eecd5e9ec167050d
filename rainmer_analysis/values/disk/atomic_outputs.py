"""Output files: written whole or not at all, and whether they can be."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values.disk.leftover_temporary_files import (
    remove_leftovers,
    temporary_name_part,
)
from rainmer_analysis.values.disk.sync_and_storage_errors import (
    make_folder,
    sync_file,
    sync_folder,
    translate_storage_errors,
    translate_unconfirmed_write_errors,
)

__all__ = ["checked_suffix", "demand_writable", "write_atomically", "write_bytes", "write_text"]


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    A reader sees the old file or the whole new one; when `write` fails, nothing changes. The file
    is on the disk before it is in place, and its name when this function returns. Temporary files
    that dead processes have left in the folder are removed.

    Raises StorageError: the disk is full or fails; the sentence names the file and the bytes;
    OSError: the file cannot be written for another reason.
    """
    target = Path(path)
    make_folder(target.parent)
    remove_leftovers(target.parent, again=False)
    # Made as any new file is, so that the umask decides without being touched: threads share it.
    temporary = target.parent / f".{target.stem[:32]}{temporary_name_part()}{target.suffix}"
    try:
        with translate_storage_errors(target, temporary):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            write(temporary)
            sync_file(temporary)
            temporary.replace(target)
        with translate_unconfirmed_write_errors(target):
            sync_folder(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()
    return target


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write a file, whole or not at all."""

    def fill(temporary: Path) -> None:
        temporary.write_bytes(data)

    return write_atomically(path, fill)


def write_text(path: str | Path, text: str) -> Path:
    """Write a UTF-8 text, whole or not at all."""
    return write_bytes(path, text.encode("utf-8"))


def checked_suffix(path: Path, what: str, *suffixes: str, also: tuple[str, ...] = ()) -> str:
    """Return the suffix of an output in lower case, or refuse it.

    Raises ParameterError: the name ends in something else.

    Parameters
    ----------
    path
        Where to write.
    what
        What is written, with its article, for the sentence.
    suffixes, also
        What the name may end in; `also` is taken without being named.
    """
    suffix = path.suffix.lower()
    if suffix not in (*suffixes, *also):
        named = (" or " if len(suffixes) < 3 else ", ").join(suffixes)
        raise ParameterError(
            f"{what} cannot be written as {path.name!r}; use a name that ends in {named}"
        )
    return suffix


def demand_writable(folder: str | Path) -> None:
    """Make sure that files can be written into a folder, before long work begins.

    Raises StorageError, OSError: they cannot; the error names the folder.

    Parameters
    ----------
    folder
        Of results, or a file of results; it need not be there, and is not made.
    """
    place = Path(folder)
    if place.is_file():
        if _is_write_protected(place):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(place))
        place = place.parent
    while not place.exists() and place.parent != place:
        place = place.parent
    temporary = place / f".try{temporary_name_part()}"
    try:
        with translate_storage_errors(place, temporary):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    finally:
        with suppress(OSError):
            temporary.unlink()


def _is_write_protected(path: Path) -> bool:
    """Say whether a file that its owner may write is protected all the same, as by ``chattr``."""
    return bool(path.stat().st_mode & stat.S_IWUSR) and not os.access(path, os.W_OK)
