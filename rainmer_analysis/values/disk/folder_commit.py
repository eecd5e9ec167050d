"""Several files that become visible together: one rename, that of a list of them.

New files wait in a hidden folder. The rename of the list to its name is the commit: from then on
readers of this package find the new files through it, wherever they lie; then each is renamed to
its own place, and the list removed. Whoever comes after a process that died between finishes that.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.disk.checksummed_json import read_json, with_checksum
from rainmer_analysis.values.disk.file_locks import hold_lock, lock_path_of
from rainmer_analysis.values.disk.leftover_temporary_files import (
    is_temporary_name,
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

__all__ = [
    "commit_staged_files",
    "finish_interrupted_commit",
    "read_pending_commit",
    "recover_folder",
    "staging_folder",
]

LIST = ".commit.json"
_PATIENCE, _PAUSE = 10.0, 0.02  # seconds that another process gets to finish its own commit


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """Return a new hidden folder for files that are going to be committed into `folder`."""
    make_folder(folder)
    remove_leftovers(folder)
    staged = folder / f".commit{temporary_name_part()}"
    staged.mkdir()
    try:
        yield staged
    finally:
        if not _is_pending(folder, staged):
            shutil.rmtree(staged, ignore_errors=True)


def commit_staged_files(folder: Path, staged: Path, *, remove: tuple[str, ...] = ()) -> None:
    """Put all that lies in `staged` into `folder` in one step, and remove what is named.

    Raises StorageError: the disk is full or fails; the sentence says whether that was before the
    commit, so that nothing has changed, or after it.

    Parameters
    ----------
    folder
        Where files, and folders of parts, are going to be under their own names.
    staged
        As `staging_folder` gave it; on the disk.
    remove
        Names in `folder` that the new ones replace.
    """
    names = sorted(each.name for each in staged.iterdir())
    if not names and not any((folder / name).exists() for name in remove):
        return
    with translate_storage_errors(folder / LIST, staged / LIST):
        for path in sorted(staged.rglob("*")):
            (sync_folder if path.is_dir() else sync_file)(path)
        sync_folder(staged)
        document = {
            "kind": "commit",
            "staged": staged.name,
            "put": names,
            "remove": [name for name in remove if name not in names],
        }
        waiting = folder / f".list{temporary_name_part()}.json"
        try:
            waiting.write_text(json.dumps(with_checksum(document)), encoding="utf-8")
            sync_file(waiting)
            _publish_list(waiting, folder)
        finally:
            waiting.unlink(missing_ok=True)
    with translate_unconfirmed_write_errors(folder):
        sync_folder(folder)
        _carry_out_commit(folder, document)


def finish_interrupted_commit(folder: Path) -> bool:
    """Finish the commit of a process that died meanwhile; say whether there was one.

    Raises FileFormatError: its list is damaged.
    """
    document = read_pending_commit(folder)
    if document is None:
        return False
    _carry_out_commit(folder, document)
    return True


def recover_folder(folder: Path) -> None:
    """Finish what a dead process has left in a folder: its commit, its lock, its files.

    Raises FileFormatError: the list of its commit is damaged.
    """
    lock = lock_path_of(folder, "commit")
    if lock.exists() or (folder / LIST).exists():
        with hold_lock(lock, wait=True):
            finish_interrupted_commit(folder)
    remove_leftovers(folder)


def read_pending_commit(folder: Path) -> dict[str, Any] | None:
    """Return the list of a commit that has not been finished, or None where there is none.

    Raises FileFormatError: it is damaged.
    """
    path = folder / LIST
    try:
        document = read_json(path)
        names = [document["staged"], *document["put"], *document["remove"]]
        plain = all(isinstance(name, str) and name and Path(name).name == name for name in names)
        plain = plain and is_temporary_name(names[0])  # nothing else is ever removed whole
    except (KeyError, TypeError):
        plain = False
    except FileFormatError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    if not plain:
        raise FileFormatError(
            f"{path} is no list of a commit; remove it, and start again with --overwrite"
        )
    return dict(document)


def _publish_list(waiting: Path, folder: Path) -> None:
    """Publish the list under its name, once nobody else's list has it."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.link(waiting, folder / LIST)
        except FileExistsError:
            if time.monotonic() > end or _is_stale_list(folder / LIST):
                finish_interrupted_commit(folder)
            time.sleep(_PAUSE)
        except OSError:  # no hard links here
            waiting.replace(folder / LIST)
            return
        else:
            return


def _is_stale_list(path: Path) -> bool:
    return _PATIENCE < _age_seconds(path) < float("inf")


def _age_seconds(path: Path) -> float:
    """Return for how many seconds a file has been there, infinity where there is none."""
    with suppress(OSError):
        return abs(time.time() - path.stat().st_mtime)
    return float("inf")


def _carry_out_commit(folder: Path, document: Mapping[str, Any]) -> None:
    staged = folder / document["staged"]
    for name in document["put"]:
        with suppress(FileNotFoundError):  # done before
            _move_into_place(staged / name, folder / name)
    for name in document["remove"]:
        _move_aside(folder / name, staged)
    sync_folder(folder)
    current = read_pending_commit(folder)
    if current is not None and current["staged"] == document["staged"]:
        (folder / LIST).unlink(missing_ok=True)
        sync_folder(folder)
    shutil.rmtree(staged, ignore_errors=True)


def _move_into_place(source: Path, target: Path) -> None:
    if not source.exists():
        return
    if source.is_dir() or (target.is_dir() and not target.is_symlink()):
        _move_aside(target, source.parent)
    source.replace(target)


def _move_aside(target: Path, staged: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    staged.mkdir(exist_ok=True)
    target.replace(staged / f"before-{target.name}{temporary_name_part()}")


def _is_pending(folder: Path, staged: Path) -> bool:
    with suppress(FileFormatError):
        document = read_pending_commit(folder)
        return document is not None and document["staged"] == staged.name
    return True
