"""Checkpoints of a run: the newest whole one, and the one before."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rainmer_analysis.errors import FileFormatError, TrainingError
from rainmer_analysis.values.disk import sync_folder, write_atomically

__all__ = [
    "CHECKPOINTS",
    "VERSION",
    "load_checkpoint",
    "remove_partial_checkpoints",
    "save_checkpoint",
]

_LOG = logging.getLogger(__name__)
VERSION = 2
CHECKPOINTS = _LATEST, _PREVIOUS = "checkpoint.pt", "checkpoint-previous.pt"
_NEW = _LATEST + ".new"


def save_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint beside the previous one, which is kept.

    Raises
    ------
    TrainingError
        It cannot be written, as on a full disk; the last ones stay as they are.
    """
    latest = folder / _LATEST
    try:
        write_atomically(folder / _NEW, lambda path: _write_state(path, state))
        if latest.exists():
            latest.replace(folder / _PREVIOUS)
        (folder / _NEW).replace(latest)
        sync_folder(folder)
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            f"no checkpoint can be written to {folder} ({error}); the last one is kept: "
            "make room on the disk and continue with --resume"
        ) from error


def _write_state(path: Path, state: Mapping[str, Any]) -> None:
    with path.open("wb") as file:
        torch.save(dict(state), file)


def _read_state(path: Path) -> Any:
    """Read a checkpoint that holds what was written: torch stores checksums and leaves them be."""
    with path.open("rb") as file:
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise FileFormatError(f"its entry {damaged} is damaged")
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)


def remove_partial_checkpoints(folder: Path) -> None:
    """Remove what kills in the midst of writing have left."""
    for file in folder.glob(f".{_LATEST}-*.new"):
        file.unlink()


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Read the newest whole checkpoint of a run, or None if it has none.

    Raises
    ------
    FileFormatError
        There are checkpoints, but none can be read.
    """
    files = [folder / name for name in (_LATEST, _PREVIOUS) if (folder / name).exists()]
    for file in files:
        try:
            state = _read_state(file)
        except Exception as error:
            _LOG.warning("%s is damaged and left aside (%s)", file, type(error).__name__)
            continue
        if isinstance(state, dict) and state.get("version") == VERSION:
            return state
        _LOG.warning("%s is no checkpoint of this version and left aside", file)
    if files:
        raise FileFormatError(
            f"no checkpoint in {folder} can be read; start again in another folder"
        )
    return None
