"""Pools of training images in folders named by what decides them: opened, or made once."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rainmer_analysis.errors import SourceError

__all__ = ["open_or_make_pool"]

_LOG = logging.getLogger(__name__)
P = TypeVar("P")


def open_or_make_pool(
    cache: Path,
    identity: Callable[[], str],
    *,
    open_folder: Callable[[Path], P],
    make: Callable[[Path, str], P],
    what: str,
) -> P:
    """Open the pool of an identity, or make it.

    Parameters
    ----------
    cache
        Folder of pools.
    identity
        Digests all that decides the pool; asked again when the pool is made, as photographs may
        have changed meanwhile.
    open_folder, make
        Open the pool in a folder; make it in a folder under its identity.
    what
        What is made, for the log.

    Raises
    ------
    SourceError
        Photographs have changed while the pool was made; it is removed.
    """
    own = identity()
    folder = cache / own[:16]
    if folder.exists():
        return open_folder(folder)
    _LOG.info("making %s in %s", what, folder)
    pool = make(folder, own)
    if own != identity():
        shutil.rmtree(folder, ignore_errors=True)
        raise SourceError(
            "photographs have changed while training images were made of them; leave them as they "
            "are, and start again"
        )
    return pool
