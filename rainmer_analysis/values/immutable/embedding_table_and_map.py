"""Embeddings of one space, and their positions on the unit sphere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.errors import ParameterError, SpaceError
from rainmer_analysis.values.immutable.frozen import FrozenDict, Value, freeze_array
from rainmer_analysis.values.immutable.label_frame_and_images_to_encode import Rows, as_positions
from rainmer_analysis.values.request_digest import array_digest, digest

__all__ = ["BATCH", "EmbeddingTable", "Space", "SphereMap", "common_space"]

BATCH = 8192
_UNIT_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Space:
    """What makes two embeddings comparable.

    Parameters
    ----------
    encoder, view
        Names, as in ``rainmer`` and ``chromatic``.
    weights_sha256
        Identity of the weights.
    preprocessing
        Name of the resize rule.
    precision
        ``exact`` or ``fast``.
    """

    encoder: str
    view: str
    weights_sha256: str
    preprocessing: str
    precision: str

    @property
    def name(self) -> str:
        """Encoder and view, as in ``rainmer/chromatic``."""
        return f"{self.encoder}/{self.view}"

    @property
    def stem(self) -> str:
        """The name as a file stem, as in ``rainmer-chromatic`` or ``untrained-7-chromatic``."""
        return f"{self.encoder}-{self.view}".replace(":", "-").replace("/", "-")


def common_space(spaces: Mapping[str, Space]) -> Space:
    """Return the one space that all named values share.

    Raises
    ------
    SpaceError
        Two of them differ; the sentence names the first difference.
    """
    (first_name, first), *others = spaces.items()
    for name, space in others:
        for key, value in asdict(space).items():
            expected = getattr(first, key)
            if value != expected:
                raise SpaceError(
                    f"{first_name} and {name} lie in different spaces: their {key} is {expected!r} "
                    f"and {value!r}; extract both with the same encoder, weights, resize rule and "
                    "precision"
                )
    return first


def _checked_unit_rows(vectors: npt.ArrayLike, rows: Rows, what: str) -> npt.NDArray[np.float32]:
    array = np.array(vectors, dtype=np.float32, order="C")
    if array.ndim != 2 or array.shape[0] != len(rows):
        raise ParameterError(
            f"{what} of shape {array.shape} do not fit {len(rows)} rows of labels; "
            "give one vector per row"
        )
    if not np.isfinite(array).all():
        bad = rows.column("image_id")[~np.isfinite(array).all(axis=1)][0]
        raise ParameterError(f"the vector of {bad!r} holds NaN or infinity; leave that row out")
    lengths = np.linalg.norm(array.astype(np.float64), axis=1)
    if len(lengths) and np.abs(lengths - 1).max() > _UNIT_TOLERANCE:
        worst = int(np.abs(lengths - 1).argmax())
        raise ParameterError(
            f"the vector of {rows.column('image_id')[worst]!r} has length {lengths[worst]:.6g}; "
            "every vector must have unit length"
        )
    return freeze_array(array)


def _repr_line(value: EmbeddingTable | SphereMap, more: str) -> str:
    labels = repr(value.rows).removeprefix("Rows(").removesuffix(")")
    return f"{type(value).__name__}({labels}, {value.space.name}, {more})"


@dataclass(frozen=True, eq=False)
class EmbeddingTable(Value):
    """Unit vectors of images in one space.

    Parameters
    ----------
    vectors
        Shape (n, d), converted to read-only float32; every row finite and of unit length.
    rows
        n rows of labels.
    space
        The space the vectors lie in.
    made
        How the table was made: ``encoder``, ``seed``, ``parameters``, library versions.

    Raises
    ------
    ParameterError
        Shapes do not fit, or a row is not finite or not of unit length.
    """

    vectors: npt.NDArray[np.float32]
    rows: Rows
    space: Space
    made: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "vectors", _checked_unit_rows(self.vectors, self.rows, "embeddings")
        )
        object.__setattr__(self, "made", FrozenDict(self.made))

    @property
    def dim(self) -> int:
        """Number of dimensions d."""
        return int(self.vectors.shape[1])

    @property
    def content_sha256(self) -> str:
        """Identity of vectors, labels and space, for provenance and up-to-date checks."""
        return digest([array_digest(self.vectors), self.rows.labels, asdict(self.space)])

    def batches(self, size: int = BATCH) -> Iterator[EmbeddingTable]:
        """Return the rows as small tables of at most `size` rows, in order."""
        for low in range(0, len(self), size):
            yield self.take(range(low, min(low + size, len(self))))

    def take(self, indices: npt.ArrayLike) -> EmbeddingTable:
        """Return the table of the rows at these positions, in this order."""
        kept = as_positions(indices)
        return EmbeddingTable(self.vectors[kept], self.rows.take(kept), self.space, self.made)

    def __repr__(self) -> str:
        return _repr_line(self, f"{self.dim} dimensions, {self.space.precision}")

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class SphereMap(Value):
    """A table's rows as points on the unit sphere.

    Parameters
    ----------
    points
        Shape (n, 3), converted to read-only float32 unit vectors (x, y, z).
    rows
        n rows of labels.
    space
        The space of the table that was projected.
    parameters
        Engine and its parameters, seed, and the table's ``content_sha256``.
    fidelity
        How faithful the map is, for example ``trustworthiness`` and ``continuity``.

    Raises
    ------
    ParameterError
        Shapes do not fit, or a point is not finite or not of unit length.
    """

    points: npt.NDArray[np.float32]
    rows: Rows
    space: Space
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fidelity: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points = _checked_unit_rows(self.points, self.rows, "points")
        if points.shape[1] != 3:
            raise ParameterError(
                f"points came with {points.shape[1]} coordinates; on a sphere they have 3: x, y, z"
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "parameters", FrozenDict(self.parameters))
        object.__setattr__(self, "fidelity", FrozenDict(self.fidelity))

    @property
    def lon(self) -> npt.NDArray[np.float64]:
        """Longitudes in degrees, in [-180, 180], shape (n,)."""
        x, y = self.points[:, 0].astype(np.float64), self.points[:, 1].astype(np.float64)
        return np.asarray(np.degrees(np.arctan2(y, x)))

    @property
    def lat(self) -> npt.NDArray[np.float64]:
        """Latitudes in degrees, in [-90, 90], shape (n,)."""
        x, y, z = self.points.astype(np.float64).T
        return np.asarray(np.degrees(np.arctan2(z, np.hypot(x, y))))

    @property
    def content_sha256(self) -> str:
        """Identity of points and labels, for provenance and up-to-date checks."""
        return digest([array_digest(self.points), self.rows.labels, asdict(self.space)])

    def __repr__(self) -> str:
        return _repr_line(self, f"{self.parameters.get('engine', 'map')}")

    def __len__(self) -> int:
        return len(self.rows)
