"""Checkpoints of a run: the newest whole one, and the one before."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values.archive import write_atomically

__all__ = ["CHECKPOINTS", "VERSION", "load_state", "save_state"]

_LOG = logging.getLogger(__name__)
VERSION = 2
CHECKPOINTS = _LATEST, _PREVIOUS = "checkpoint.pt", "checkpoint-previous.pt"


def save_state(folder: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint beside the previous one, which is kept."""
    latest = folder / _LATEST
    write_atomically(folder / (_LATEST + ".new"), lambda path: torch.save(dict(state), path))
    if latest.exists():
        latest.replace(folder / _PREVIOUS)
    (folder / (_LATEST + ".new")).replace(latest)


def load_state(folder: Path) -> dict[str, Any] | None:
    """Read the newest whole checkpoint of a run, or None if it has none.

    Raises
    ------
    FileFormatError
        There are checkpoints, but none can be read.
    """
    files = [folder / name for name in (_LATEST, _PREVIOUS) if (folder / name).exists()]
    for file in files:
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
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
