"""Batches that memory has room for: where one has not, it is halved and the run goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer.encoders.encoder_contract import Encoder

__all__ = ["AdaptiveBatchEncoder", "Vectors"]

Vectors = dict[str, npt.NDArray[np.float32]]
"""The vector of one image by view."""
_log = logging.getLogger(__name__)
_REFUSALS = ("can't allocate memory", "not enough memory", "out of memory", "bad allocation")


class AdaptiveBatchEncoder:
    """Encodes images in batches that fit; what has not fitted once is not tried again.

    Parameters
    ----------
    encoder
        What encodes.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._limit = 1 << 30
        self._lock = threading.Lock()

    def encode(self, images: Sequence[npt.NDArray[np.float32]]) -> list[Vectors | None]:
        """Return the vectors of each image; None where there is no room for it even alone."""
        found: list[Vectors | None] = []
        while len(found) < len(images):
            piece = images[len(found) : len(found) + self._limit]
            try:
                found += _encode_and_split_by_image(np.stack(piece), self._encoder)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error):
                    raise
                if len(piece) == 1:
                    found.append(None)
                    continue
            else:
                continue
            self._halve_limit(len(piece))
        return found

    def _halve_limit(self, size: int) -> None:
        """Go on with half of a size for which there was no room; outside of what raised it."""
        with self._lock:
            if size // 2 < self._limit:
                self._limit = size // 2
                _log.warning(
                    "there is no memory for %d images at once, going on with %d", size, self._limit
                )
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _REFUSALS)


def _encode_and_split_by_image(pixels: npt.NDArray[np.float32], encoder: Encoder) -> list[Vectors]:
    found = encoder.encode(pixels)
    for view, dim in encoder.views.items():
        shape = np.shape(found.get(view, ()))
        if shape != (len(pixels), dim):
            raise ParameterError(
                f"the encoder {encoder.name} gave {list(shape)} numbers for the view {view} of "
                f"{len(pixels)} images, but states {dim} dimensions; it breaks its own contract"
            )
    rows = {view: np.asarray(found[view], np.float32) for view in encoder.views}
    return [{view: rows[view][at] for view in rows} for at in range(len(pixels))]
