"""The folder of a training run: its files, who works in it, and what a new run replaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.train import CHECKPOINTS
from rainmer_analysis.values import hold_lock, lock_path_of

__all__ = ["CARD", "CONFIG", "LOG", "WEIGHTS", "lock_run_folder", "remove_run_files"]

CONFIG, WEIGHTS, CARD, LOG = "config.toml", "weights.safetensors", "card.md", "log.csv"
_FILES = (CONFIG, WEIGHTS, CARD, LOG, *CHECKPOINTS)
# Sheets and curves of a run, which go with it when another takes its place.
_SHOWN = ("examples/step-*.png", "tensorboard/events.out.tfevents.*")


@contextmanager
def lock_run_folder(folder: Path, *, allow_existing: bool) -> Iterator[None]:
    """Take a folder for this run, or refuse; what lies there is left as it is.

    Raises
    ------
    OutputExistsError
        A run lies there, and it is not allowed.
    OutputInUseError
        Another process trains there.
    """
    with hold_lock(lock_path_of(folder)):
        if not allow_existing and any((folder / name).exists() for name in _FILES):
            raise OutputExistsError(
                f"a run already lies in {folder}; add --resume (resume=True in Python) to continue "
                "it, --overwrite (overwrite=True) to start again, or give another folder"
            )
        # The configuration is written once images and checkpoint were found to fit, so that a
        # request that fails before leaves nothing that looks like a run.
        folder.mkdir(parents=True, exist_ok=True)
        yield


def remove_run_files(folder: Path) -> None:
    """Remove the run that lies in a folder."""
    for pattern in (*_FILES, *_SHOWN):
        for file in folder.glob(pattern):
            file.unlink()
