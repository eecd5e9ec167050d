"""The constants of the encoder ``statistics``, measured over simulated training images.

Made anew after a change of the descriptors or of the simulation, from the top of a checkout::

    python -c "import rainmer_analysis.recipes.fit_statistics_constants as constants;
    constants.fit_and_write_constants()"
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images import DEFAULT_RULE, resize
from rainmer_analysis.infer import fit_standardisation_constants
from rainmer_analysis.values import write_json
from rainmer_analysis.weather import FIGURED, simulate

__all__ = ["SHIPPED", "STANDARD", "fit_and_write_constants"]

SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "statistics.json"

STANDARD = tuple(sorted(FIGURED))

_SIZE = (256, 256)
_log = logging.getLogger(__name__)


def fit_and_write_constants(
    path: str | Path = SHIPPED,
    *,
    per_recipe: int = 60,
    seed: int = 42,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Measure mean and deviation of every descriptor and write them with their provenance.

    Of each recipe so many pairs of training scenes are simulated; rainy and clean image of a pair
    both count. An existing file is replaced.
    """
    if per_recipe < 1:
        raise ParameterError(f"per_recipe is {per_recipe}; it must be at least 1")
    constants = fit_standardisation_constants(
        _resized_images_of_simulated_pairs(per_recipe, seed, progress)
    )
    provenance = {
        "images": 2 * per_recipe * len(STANDARD),
        "per_recipe": per_recipe,
        "recipes": list(STANDARD),
        "split": "train",
        "seed": seed,
        "size": list(_SIZE),
        "resize_rule": DEFAULT_RULE,
    }
    rounded = {
        view: {name: [float(f"{value:.9g}") for value in row] for name, row in found.items()}
        for view, found in constants.items()
    }
    document = {"kind": "statistics", "version": 1, "provenance": provenance, "constants": rounded}
    written = write_json(path, document)
    _log.info("constants of the encoder statistics written to %s", written)
    return written


def _resized_images_of_simulated_pairs(
    pairs_per_recipe: int, seed: int, progress: Callable[[int, int], None] | None
) -> Iterator[npt.NDArray[np.float32]]:
    total = pairs_per_recipe * len(STANDARD)
    done = 0
    for name in STANDARD:
        for index in range(pairs_per_recipe):
            pair = simulate(name, index, split="train", size=_SIZE, seed=seed)
            yield resize(pair.rainy)
            yield resize(pair.clean)
            done += 1
            if progress is not None:
                progress(done, total)
