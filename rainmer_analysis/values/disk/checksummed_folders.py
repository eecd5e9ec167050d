"""Folders of files with an index that holds a digest of each, so that a flipped bit is found."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk.checksummed_json import read_json, with_checksum
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

__all__ = ["atomic_folder", "read_folder_index", "reserve_disk_space", "write_folder_index"]

_SUMS = "sha256"
_log = logging.getLogger(__name__)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Open a folder to fill, which takes the name `folder` when the block ends without an error.

    Its files are on the disk before it has its name. Where another run has made the same folder
    meanwhile, that one stays. What dead processes have left beside it is removed.

    Raises StorageError: the disk is full or fails.
    """
    make_folder(folder.parent)
    remove_leftovers(folder.parent, again=False)
    work = folder.parent / f".{folder.name[:32]}{temporary_name_part()}"
    work.mkdir()
    try:
        with translate_storage_errors(folder, work):
            yield work
            for path in sorted(work.rglob("*")):
                (sync_folder if path.is_dir() else sync_file)(path)
            sync_folder(work)
            try:
                work.replace(folder)
            except OSError:
                if not folder.exists():
                    raise
        with translate_unconfirmed_write_errors(folder):
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def reserve_disk_space(path: Path) -> None:
    """Take all the room that a sparse file says it has.

    Where it is mapped into memory, a full disk would otherwise be a signal that ends the process.

    Raises OSError: there is no such room.
    """
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def write_folder_index(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document, and the SHA-256 of every file that lies beside it."""
    sums = {each.name: _sha256(each) for each in sorted(path.parent.iterdir()) if each != path}
    text = json.dumps(with_checksum({**document, _SUMS: sums}), ensure_ascii=False)
    path.write_text(text, encoding="utf-8")


def read_folder_index(path: Path) -> dict[str, Any]:
    """Read a document, and make sure that the files beside it are those that were written.

    An index without digests, of an earlier release, is read with a note.

    Raises FileFormatError: the document or a file is damaged or missing.
    """
    document = read_json(path)
    if not isinstance(document, dict):
        raise FileFormatError(f"{path} is no index of a folder")
    sums = document.get(_SUMS)
    if sums is None:
        _log.info("%s holds no checksums, so that damage to its folder may go unseen", path)
        return document
    for name, stated in sums.items():
        try:
            good = _sha256(path.parent / name) == stated
        except OSError as error:
            raise FileFormatError(f"{path.parent / name} cannot be read") from error
        if not good:
            raise FileFormatError(f"{path.parent / name} is damaged: it is not what was written")
    return document


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
