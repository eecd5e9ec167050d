"""Pools of training images in folders named by what decides them: opened, or made once."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rainmer_analysis.errors import SourceError

__all__ = ["open_cached_or_make"]

_LOG = logging.getLogger(__name__)
P = TypeVar("P")


def open_cached_or_make(
    cache: Path,
    identity: Callable[[], str],
    *,
    open_folder: Callable[[Path], P],
    make: Callable[[Path, str], P],
    what: str,
) -> P:
    """Open the pool of an identity in the folder `cache`, or make it; the log says `what` is made.

    `identity` digests all that decides the pool, and is called again when the pool is made, as
    photographs may have changed meanwhile.

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
