"""Measures of images and pairs, a row an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values.immutable.frozen import FrozenDict, Value, freeze_array
from rainmer_analysis.values.immutable.label_frame_and_images_to_encode import Rows, as_positions

__all__ = ["PROPERTIES", "PropertyTable"]

PROPERTIES = (
    "density",
    "entropy",
    "entropy_target",
    "gradient",
    "brightness",
    "brightness_target",
    "monochromaticity",
    "psnr",
)
"""Names of the published measures, in the order of their columns."""


@dataclass(frozen=True, eq=False)
class PropertyTable(Value):
    """The published measures of images, aligned with the images.

    Parameters
    ----------
    values
        Shape (n, 8), columns as in `PROPERTIES`; NaN where a measure is not defined, as that of a
        pair is for an image without partner. A PSNR is infinite where image and target are equal.
    rows
        Labels of the n images.
    made
        What made the table: seed, sampling, what was left out.

    Raises
    ------
    ParameterError
        The shapes do not fit.
    """

    values: npt.NDArray[np.float64]
    rows: Rows
    made: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.shape != (len(self.rows), len(PROPERTIES)):
            raise ParameterError(
                f"measures of the shape {values.shape} came for {len(self.rows)} images; "
                f"give one row an image and {len(PROPERTIES)} columns"
            )
        object.__setattr__(self, "values", freeze_array(values))
        object.__setattr__(self, "made", FrozenDict(self.made))

    def column(self, name: str) -> npt.NDArray[np.float64]:
        """Return one measure of all images, shape (n,).

        Raises
        ------
        ParameterError
            There is no such measure.
        """
        if name not in PROPERTIES:
            raise ParameterError(
                f"there is no property {name!r}; allowed are {', '.join(PROPERTIES)}"
            )
        return self.values[:, PROPERTIES.index(name)]

    def take(self, indices: npt.ArrayLike) -> PropertyTable:
        """Return the rows at these positions, in this order."""
        return PropertyTable(self.values[as_positions(indices)], self.rows.take(indices), self.made)

    def by_dataset(self) -> dict[str, PropertyTable]:
        """Return the table of each dataset, in the order of their first rows."""
        codes = self.rows.codes
        return {
            name: self.take(np.flatnonzero(codes == code))
            for code, name in enumerate(self.rows.datasets)
        }

    def to_frame(self) -> pd.DataFrame:
        """Return labels and measures as one frame."""
        measures = pd.DataFrame(self.values, columns=list(PROPERTIES))
        return pd.concat([self.rows.frame, measures], axis=1)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return repr(self.rows).replace("Rows", "PropertyTable", 1)
