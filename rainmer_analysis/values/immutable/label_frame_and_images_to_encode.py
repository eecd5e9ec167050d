"""Labels of rows: which image, which dataset, which scene."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rainmer_analysis.errors import ParameterError, SourceError
from rainmer_analysis.values.immutable.frozen import FrozenDict, Value, frozen

__all__ = ["LABELS", "ImageSet", "Rows", "as_positions"]

LABELS = ("image_id", "dataset", "group")
_IMAGE_COLUMNS = (*LABELS, "split", "path", "region", "target", "target_region")
_REGIONS = ("whole", "left", "right")


def as_positions(indices: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return positions or a mask as an array; numpy reads an empty list as floats."""
    given = np.asarray(indices)
    return given if given.size else given.astype(np.int64)


def _frozen_cells(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column whose lists, mappings and arrays cannot be changed."""
    if all(isinstance(cell, str) or cell is None for cell in column):
        return column
    cells = np.empty(len(column), dtype=object)
    for row, cell in enumerate(column):
        cells[row] = frozen(cell)
    return pd.Series(cells, index=column.index, name=column.name)


@dataclass(frozen=True, eq=False)
class Rows(Value):
    """A frozen label frame.

    Parameters
    ----------
    frame
        One row per image, with at least the text columns ``image_id`` (unique), ``dataset`` and
        ``group`` (the scene). The frame is copied and its index is numbered anew.

    Raises
    ------
    ParameterError
        A label column is missing or holds an empty cell, or an ``image_id`` occurs twice.
    """

    _frame: pd.DataFrame

    def __init__(self, frame: pd.DataFrame) -> None:
        missing = [name for name in LABELS if name not in frame.columns]
        if missing:
            raise ParameterError(
                f"the label frame lacks the column(s) {', '.join(missing)}; "
                f"it needs {', '.join(LABELS)}"
            )
        copied = frame.reset_index(drop=True).copy()
        for name in LABELS:
            if not all(isinstance(value, str) and value for value in copied[name]):
                raise ParameterError(
                    f"the column {name!r} of the label frame holds an empty cell or one that is "
                    "not text; fill it with non-empty strings"
                )
        repeated = copied["image_id"].duplicated()
        if repeated.any():
            first = copied.loc[repeated, "image_id"].iloc[0]
            raise ParameterError(
                f"image_id {first!r} occurs more than once; "
                "every image may stand in a set only once"
            )
        for name in copied.columns:
            kind = copied[name].dtype
            if isinstance(kind, np.dtype) and kind.kind == "O":
                copied[name] = _frozen_cells(copied[name])
        object.__setattr__(self, "_frame", copied)

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the label frame."""
        return self._frame.copy()

    @property
    def datasets(self) -> tuple[str, ...]:
        """Dataset names in the order of their first rows."""
        return tuple(dict.fromkeys(self._frame["dataset"]))

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """Index of each row's dataset in `datasets`, shape (n,)."""
        positions = {name: index for index, name in enumerate(self.datasets)}
        return np.array([positions[name] for name in self._frame["dataset"]], dtype=np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows of each dataset, in the order of `datasets`."""
        sizes = np.bincount(self.codes, minlength=len(self.datasets))
        return dict(zip(self.datasets, sizes.tolist(), strict=True))

    @property
    def group_counts(self) -> dict[str, int]:
        """Number of scenes of each dataset, in the order of `datasets`."""
        sizes = self._frame.groupby("dataset", sort=False)["group"].nunique()
        return {name: int(sizes[name]) for name in self.datasets}

    @property
    def labels(self) -> dict[str, list[str]]:
        """The three label columns as plain lists, for digests."""
        return {name: self._frame[name].tolist() for name in LABELS}

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return one column as a new array of shape (n,)."""
        if name not in self._frame.columns:
            raise ParameterError(
                f"there is no column {name!r}; the rows have {', '.join(self._frame.columns)}"
            )
        return np.array(self._frame[name].to_numpy(), copy=True)

    def cells(self, name: str) -> Iterator[Any]:
        """Return one column cell by cell, without a copy of it."""
        return iter(self._frame[name])

    def has(self, name: str) -> bool:
        """Return whether a column of this name is there."""
        return name in self._frame.columns

    def take(self, indices: npt.ArrayLike) -> Rows:
        """Return the rows at these positions, in this order."""
        return Rows(self._frame.iloc[as_positions(indices)])

    def __repr__(self) -> str:
        count = len(self.datasets)
        return f"Rows({len(self)} images of {count} dataset{'s' * (count != 1)})"

    def __len__(self) -> int:
        return len(self._frame)


@dataclass(frozen=True, eq=False)
class ImageSet(Value):
    """Images with a fixed order: what an encoder is going to see.

    Parameters
    ----------
    rows
        At least one row with the columns ``image_id, dataset, group, split, path, region, target,
        target_region``. ``region`` is ``whole``, or ``left`` or ``right`` where one file holds two
        images side by side; ``target`` is the clean partner's path or None.
    sampling
        How the images were chosen (seed, number per dataset, sources), for provenance.

    Raises
    ------
    SourceError
        There is no row, a column is missing, or a region is unknown.
    """

    rows: Rows
    sampling: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.rows) == 0:
            raise SourceError("an image set needs at least one image, but none was found")
        missing = [name for name in _IMAGE_COLUMNS if not self.rows.has(name)]
        if missing:
            raise SourceError(f"the image set lacks the column(s) {', '.join(missing)}")
        unknown = set(self.rows.column("region")) - set(_REGIONS)
        if unknown:
            raise SourceError(
                f"unknown image region {sorted(map(str, unknown))[0]!r}; "
                f"allowed are {', '.join(_REGIONS)}"
            )
        object.__setattr__(self, "sampling", FrozenDict(self.sampling))

    def __repr__(self) -> str:
        return repr(self.rows).replace("Rows", "ImageSet", 1)

    def __len__(self) -> int:
        return len(self.rows)
