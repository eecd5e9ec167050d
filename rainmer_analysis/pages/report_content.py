"""What a report shows, by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rainmer_analysis.numerics import Neighbours
from rainmer_analysis.values import RelationshipMatrix, Rows, SphereMap

__all__ = [
    "DatasetEntry",
    "FindingRow",
    "FindingsOfKind",
    "Outlier",
    "ReportContent",
    "SpaceResults",
]


@dataclass(frozen=True)
class DatasetEntry:
    """A dataset as a page shows it.

    Parameters
    ----------
    name
        As in the tables.
    images, scenes
        How many are shown.
    colour, dark_colour
        Of its points on a light and on a dark page, ``#rrggbb``.
    marker
        A marker of `draw.figure.style.MARKERS`.
    account
        What became of all files of its folder, in a sentence; empty where a table was given.
    """

    name: str
    images: int
    scenes: int
    colour: str
    dark_colour: str
    marker: str
    account: str = ""


@dataclass(frozen=True)
class Outlier:
    """An image that lies unusually far from the other scenes of its own dataset.

    Parameters
    ----------
    index
        Its row.
    space
        Name of the space, as in ``rainmer/chromatic``.
    distance
        Mean great-circle distance to the nearest images of other scenes of its dataset, degrees.
    typical
        The median of that distance over its dataset, degrees.
    among
        The dataset that its nearest image of another scene belongs to.
    """

    index: int
    space: str
    distance: float
    typical: float
    among: str


@dataclass(frozen=True)
class FindingRow:
    """A finding of an audit.

    Parameters
    ----------
    images
        Names of the one or two images that it is about.
    rows
        Their rows in the report, None for images that it does not show.
    detail
        A sentence.
    leak
        Whether the two are in different splits.
    """

    images: Sequence[str]
    rows: Sequence[int | None]
    detail: str
    leak: bool


@dataclass(frozen=True)
class FindingsOfKind:
    """The findings of one kind.

    Parameters
    ----------
    meaning
        What they are, in words.
    count
        How many the audit lists.
    shown
        The first of them, those between splits before others.
    """

    meaning: str
    count: int
    shown: Sequence[FindingRow]


@dataclass(frozen=True, eq=False)
class SpaceResults:
    """One space: where images lie, who is near whom, how datasets relate.

    Parameters
    ----------
    map
        All panels of a report hold the same rows in the same order.
    neighbours
        The nearest images of other scenes, in the space itself.
    matrix
        Scores between datasets; None where there is only one.
    isolation
        By dataset: the share of an image's nearest images of other scenes that are of its dataset.
    made
        How the table was made, as its file states.
    """

    map: SphereMap
    neighbours: Neighbours
    matrix: RelationshipMatrix | None
    isolation: Mapping[str, float]
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The space's name, as in ``rainmer/chromatic``."""
        return self.map.space.name


@dataclass(frozen=True, eq=False)
class ReportContent:
    """All that a report shows.

    Parameters
    ----------
    rows
        Labels of the images, in the order of every panel.
    datasets
        In the order of ``rows.datasets``.
    panels
        At least one.
    thumbnails
        WebP bytes of each image; None where there is none.
    outliers
        The images that stick out, the strangest first.
    skipped
        Images left out: ``image_id`` and ``reason``.
    audit
        Findings by kind; None where no audit was given.
    notes
        What a reader should know of the images, in sentences.
    command
        The command that made the report.
    provenance
        Identities of inputs, parameters and versions: what JSON can hold.
    """

    rows: Rows
    datasets: Sequence[DatasetEntry]
    panels: Sequence[SpaceResults]
    thumbnails: Sequence[bytes | None]
    outliers: Sequence[Outlier] = ()
    skipped: Sequence[tuple[str, str]] = ()
    audit: Sequence[FindingsOfKind] | None = None
    notes: Sequence[str] = ()
    command: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
