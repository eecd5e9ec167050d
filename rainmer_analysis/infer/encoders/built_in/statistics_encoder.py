"""The encoder ``statistics``: standardised hand-made descriptors, the bar for learned ones.

Each number of `descriptors` is centred and scaled by its mean and standard deviation over simulated
training images, cut at 5 standard deviations, and the vector brought to unit length. Mean and
deviation ship with the package, so vectors do not depend on the images of a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.images.resize_rules import DEFAULT_RULE
from rainmer_analysis.infer.encoders.built_in.handmade_descriptors import DESCRIPTORS
from rainmer_analysis.infer.encoders.encoder_contract import (
    API_VERSION,
    Vectors,
    as_checked_images,
    refuse_encoder_argument,
    refuse_encoder_weights,
)
from rainmer_analysis.values import digest

__all__ = [
    "StatisticsEncoder",
    "fit_standardisation_constants",
    "make_statistics_encoder",
    "read_shipped_constants",
]

_CUT = 5.0
_MIN_SPREAD = 1e-9
_FILE = "statistics.json"

Constants = Mapping[str, Mapping[str, list[float]]]


def fit_standardisation_constants(
    images: Iterable[npt.NDArray[np.float32]],
) -> dict[str, dict[str, list[float]]]:
    """Measure mean and standard deviation of every descriptor over images, one at a time.

    Parameters
    ----------
    images
        At least two float32 images [3, H, W] in [0, 1], after the resize rule.

    Returns
    -------
    For each view ``mean`` and ``sd``, each a list of d numbers.

    Raises
    ------
    ParameterError
        There are fewer than two images.
    """
    found: dict[str, list[npt.NDArray[np.float64]]] = {view: [] for view in DESCRIPTORS}
    for image in images:
        for view, describe in DESCRIPTORS.items():
            found[view].append(describe(image))
    count = len(found["chromatic"])
    if count < 2:
        raise ParameterError(f"constants need at least 2 images to be measured on, not {count}")
    return {
        view: {"mean": np.mean(rows, axis=0).tolist(), "sd": np.std(rows, axis=0, ddof=1).tolist()}
        for view, rows in found.items()
    }


def read_shipped_constants() -> dict[str, Any]:
    """Read the constants that ship with the package.

    Raises
    ------
    WeightsError
        They are missing or damaged.
    """
    file = resources.files("rainmer_analysis") / "weights" / _FILE
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        constants = document["constants"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"the constants of the encoder statistics ({_FILE}) are missing from this installation "
            "or damaged; install it anew"
        ) from error
    return dict(constants)


@dataclass(frozen=True, eq=False)
class StatisticsEncoder:
    """Descriptors as an encoder; see `contract.Encoder`. It has no other precision than exact.

    Parameters
    ----------
    constants
        What `fit_standardisation_constants` gives; by default what ships with the package.

    Raises
    ------
    WeightsError
        The constants do not fit the descriptors.
    """

    constants: Constants | None = None
    name: str = "statistics"
    preprocessing: str = DEFAULT_RULE
    api_version: int = API_VERSION
    precision: str = "exact"
    preferred_batch: int = 16

    def __post_init__(self) -> None:
        given = read_shipped_constants() if self.constants is None else self.constants
        probe = np.zeros((3, 16, 16), np.float32)
        for view, describe in DESCRIPTORS.items():
            size = len(describe(probe))
            stated = given.get(view, {})
            if any(np.shape(stated.get(key, ())) != (size,) for key in ("mean", "sd")):
                raise WeightsError(
                    f"the constants of the encoder statistics do not fit its {size} descriptors of "
                    f"the view {view}; fit them anew"
                )
        object.__setattr__(self, "constants", given)

    @property
    def views(self) -> Mapping[str, int]:
        """Names and dimensions of the views."""
        assert self.constants is not None
        return {view: len(self.constants[view]["mean"]) for view in DESCRIPTORS}

    @property
    def sha256(self) -> str:
        """Identity of the constants."""
        return digest(self.constants)

    @property
    def configuration(self) -> Mapping[str, Any]:
        """What the metadata of a table says about this encoder."""
        return {"cut": _CUT, "views": dict(self.views)}

    def encode(self, images: npt.ArrayLike | Tensor) -> Vectors:
        """Encode float32 images [n, 3, H, W] in [0, 1] to unit rows [n, d], one array per view."""
        pixels = as_checked_images(images).cpu().numpy()
        return {view: self._standardised_unit_rows(view, pixels) for view in DESCRIPTORS}

    def _standardised_unit_rows(
        self, view: str, pixels: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        assert self.constants is not None
        mean, spread = (np.asarray(self.constants[view][key]) for key in ("mean", "sd"))
        scale = np.where(spread > _MIN_SPREAD, spread, 1.0)
        rows = np.zeros((len(pixels), len(mean)))
        for row, image in zip(rows, pixels, strict=True):
            row[:] = np.clip((DESCRIPTORS[view](image) - mean) / scale, -_CUT, _CUT)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(lengths, 1e-12), dtype=np.float32)


def make_statistics_encoder(
    argument: str,
    weights: str | Path | None,
    *,
    device: str,  # noqa: ARG001
    precision: str,  # noqa: ARG001
) -> StatisticsEncoder:
    """Return the encoder; see `load_encoder`."""
    refuse_encoder_argument("statistics", argument)
    refuse_encoder_weights("statistics", weights)
    return StatisticsEncoder()
