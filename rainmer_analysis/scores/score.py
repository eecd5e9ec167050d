"""What a score is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rainmer_analysis.values import Space

__all__ = [
    "SAMPLE",
    "SUMS",
    "Batch",
    "Context",
    "Data",
    "DatasetSummary",
    "Floats",
    "Reference",
    "Score",
]

Floats = npt.NDArray[np.float64]
SUMS, SAMPLE = "sums", "sample"  # kinds of summaries


@dataclass(frozen=True, eq=False)
class Batch:
    """Images of one dataset, each scene with all of its images.

    Parameters
    ----------
    unit
        Unit rows, shape (n, d), float64, n at least 1.
    scenes
        Key of each row's scene, shape (n,), uint64.
    images
        Order in which a capped sample takes the rows, shape (n,), uint64, lowest first.
    """

    unit: Floats
    scenes: npt.NDArray[np.uint64]
    images: npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class DatasetSummary:
    """What was seen of one dataset.

    Parameters
    ----------
    count, scenes
        Images and scenes.
    summaries
        One for each summariser, by its name.
    """

    count: int
    scenes: int
    summaries: Mapping[str, Any]


Data = Mapping[str, DatasetSummary]


@dataclass(frozen=True, eq=False)
class Reference:
    """A fixed point that scores measure from.

    Parameters
    ----------
    name
        What it is the mean of.
    mean
        Shape (d,).
    space
        Where it lies, or None for one that fits any.
    """

    name: str
    mean: Floats
    space: Space | None = None


@dataclass(frozen=True)
class Context:
    """What a summary or a comparison knows beyond the images.

    Parameters
    ----------
    same
        Whether both summaries are of the same dataset: a cell on the diagonal.
    resamples
        Bootstrap resamples that streaming summaries carry.
    seed
        Seed of resamples, samples, splits and permutations.
    sample
        Images of each dataset that a capped sample holds at most.
    reference
        Of the score ``centred``.
    """

    same: bool = False
    resamples: int = 0
    seed: int = 42
    sample: int = 500
    reference: Reference | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Score:
    """A way to compare two datasets.

    A streaming score compares mergeable sums, which carry their bootstrap resamples with them; the
    others compare capped, seeded samples of rows.

    Parameters
    ----------
    name
        As in ``--score NAME``.
    about
        One line for people.
    source
        Where the score comes from.
    summarise
        `Batch` and `Context` -> summary.
    merge
        Two summaries of disjoint scenes of a dataset and the `Context` -> the summary of both;
        associative and commutative up to rounding.
    compare
        Two summaries and a `Context` -> the score.
    resampled
        Two summaries and a `Context` -> the score in each bootstrap resample, shape (resamples,);
        None for a score on samples.
    measure
        How far two samples are apart for any labelling of their scenes: what is permuted.
    interval
        Two summaries, a `Context` and the level -> low and high.
    whole_scenes
        Whether the score itself needs every scene whole in one batch.
    fewest_images, fewest_scenes
        What each dataset needs for a cell off the diagonal.
    fewest_same
        Images that a dataset needs for a cell on the diagonal.
    symmetric
        Whether compare(a, b) equals compare(b, a).
    similarity
        Whether more means more alike; False for a distance, which is 0 for two halves of one set.
    bounds
        Lowest and highest value that the score can have in expectation.
    """

    name: str
    about: str
    source: str
    summarise: Callable[[Batch, Context], Any]
    merge: Callable[[Any, Any, Context], Any]
    compare: Callable[[Any, Any, Context], float]
    measure: Any
    interval: Callable[..., tuple[float, float]]
    resampled: Callable[[Any, Any, Context], Floats] | None = None
    whole_scenes: bool = True
    fewest_images: int = 1
    fewest_scenes: int = 1
    fewest_same: int = 1
    symmetric: bool = True
    similarity: bool = True
    bounds: tuple[float, float] = (-1.0, 1.0)

    @property
    def is_streaming(self) -> bool:
        """Whether summaries are sums over all rows, not samples of them."""
        return self.resampled is not None
