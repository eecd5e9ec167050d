from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rainmer_analysis.values import RelationshipMatrix, Rows, Space, SphereMap

DERAINING = ("Rain200H", "Rain800", "DDN_1", "DDN_5", "GT-Rain", "GTAV-balance")
SPACES = (("rainmer", "chromatic"), ("rainmer", "degradation"), ("airnet", "degradation"))
MapMaker = Callable[..., SphereMap]
MatrixMaker = Callable[..., RelationshipMatrix]


class Ink:
    """Where ink goes, asked of the artists."""

    @staticmethod
    def texts(figure: Figure) -> list[Text]:
        """Give every visible text that holds words."""
        found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
        return [text for text in found if text.get_text().strip()]  # type: ignore[attr-defined]

    @staticmethod
    def extent(artist: object) -> Bbox:
        figure = artist.get_figure(root=True)  # type: ignore[attr-defined]
        return artist.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined,no-any-return]

    @staticmethod
    def inside(figure: Figure, box: Bbox) -> bool:
        paper = figure.bbox
        return (
            box.x0 >= paper.x0 and box.y0 >= paper.y0 and box.x1 <= paper.x1 and box.y1 <= paper.y1
        )

    @staticmethod
    def overlap(one: Bbox, other: Bbox, *, slack: float = 0.5) -> bool:
        """Say whether two boxes share more than `slack` pixels in both directions."""
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        down = min(one.y1, other.y1) - max(one.y0, other.y0)
        return across > slack and down > slack

    @staticmethod
    def clashes(found: Iterable[Text]) -> list[tuple[str, str]]:
        boxes = [(text.get_text(), Ink.extent(text)) for text in found]
        return [
            (a, b) for (a, one), (b, other) in combinations(boxes, 2) if Ink.overlap(one, other)
        ]


def space(encoder: str, view: str) -> Space:
    return Space(encoder, view, "ab" * 32, "bilinear-128", "exact")


@pytest.fixture(scope="session")
def make_map() -> MapMaker:
    """Clusters on the sphere, one for each dataset."""

    def make(
        names: Sequence[str] = DERAINING,
        *,
        count: int = 12,
        seed: int = 0,
        of: tuple[str, str] = SPACES[0],
        fidelity: bool = True,
    ) -> SphereMap:
        rng = np.random.default_rng(seed)
        middles = np.repeat(rng.normal(size=(len(names), 3)), count, axis=0)
        points = middles + 0.3 * rng.normal(size=middles.shape)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        rows = [(f"{name}/{i}.png", name, f"{name}-{i}") for name in names for i in range(count)]
        frame = pd.DataFrame(rows, columns=["image_id", "dataset", "group"])
        said = {"trustworthiness": 0.953, "continuity": 0.941} if fidelity else {}
        return SphereMap(points, Rows(frame), space(*of), {"seed": seed}, said)

    return make


@pytest.fixture(scope="session")
def make_matrix() -> MatrixMaker:
    """Gram matrices of random unit vectors; optionally with a missing pair or intervals."""

    def make(
        names: Sequence[str] = DERAINING,
        *,
        seed: int = 0,
        of: tuple[str, str] = SPACES[0],
        missing: bool = False,
        intervals: bool = False,
        scale: float = 0.95,
    ) -> RelationshipMatrix:
        rng = np.random.default_rng(seed)
        vectors = rng.normal(size=(len(names), 3))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        values = scale * vectors @ vectors.T
        if missing:
            values[0, 1] = values[1, 0] = np.nan
        return RelationshipMatrix(
            values,
            tuple(names),
            "cosine",
            space(*of),
            (500,) * len(names),
            (400,) * len(names),
            low=values - 0.04 if intervals else None,
            high=values + 0.04 if intervals else None,
        )

    return make


@pytest.fixture(scope="session")
def ink() -> type[Ink]:
    return Ink
