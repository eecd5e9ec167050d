"""Figures 2 and 3: maps above, their matrices below, one legend and one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rainmer_analysis.draw.drawing import Drawing
from rainmer_analysis.draw.layout import GAP, headline, listed, new_figure, panel_titles
from rainmer_analysis.draw.legends import add_legend, legend_shape
from rainmer_analysis.draw.maps import (
    MapPanel,
    about_map,
    draw_maps,
    legend_entries,
    map_grid,
    map_look,
    short_notes,
    view_of,
)
from rainmer_analysis.draw.matrices import (
    BAR_ROOM,
    about_matrix,
    colour_scale,
    draw_matrices,
    matrix_grid,
    matrix_look,
)
from rainmer_analysis.draw.style import WIDTH, styled
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import RelationshipMatrix, SphereMap

__all__ = ["figure2", "figure3"]

_LETTERS = "abcdef"
_ENCODERS = {"rainmer": "Rainmer", "airnet": "AirNet"}
_VIEWS = {("rainmer", "degradation"): "detail/degradation"}


def figure2(
    maps: Sequence[SphereMap],
    matrices: Sequence[RelationshipMatrix],
    *,
    title: str = "",
    titles: Sequence[str] | None = None,
) -> Drawing:
    """Draw the deraining datasets: (a)-(c) three maps, (d)-(f) their matrices.

    Parameters
    ----------
    maps, matrices
        Three each, of the same spaces in the same order: chromatic, detail/degradation, AirNet.
    title
        The line above: which data, how many images, which weights.
    titles
        One per space; encoder and view by default.

    Returns
    -------
    Drawing
        With the artists of `plot_map` under ``map/...``, of `plot_matrix` under ``matrix/...``,
        and ``legend``, ``scale`` and ``headline``.

    Raises
    ------
    ParameterError
        The numbers or the spaces of maps and matrices do not fit.
    """
    return _figure(maps, matrices, title=title, titles=titles, number=2)


def figure3(
    maps: Sequence[SphereMap],
    matrices: Sequence[RelationshipMatrix],
    *,
    title: str = "",
    titles: Sequence[str] | None = None,
) -> Drawing:
    """Draw snow, rain and raindrops: (a)-(b) two maps, (c)-(d) their matrices.

    Parameters, result and errors are those of `figure2`, with two spaces.
    """
    return _figure(maps, matrices, title=title, titles=titles, number=3)


def _figure(
    maps: Sequence[SphereMap],
    matrices: Sequence[RelationshipMatrix],
    *,
    title: str,
    titles: Sequence[str] | None,
    number: int,
) -> Drawing:
    columns = {2: 3, 3: 2}[number]
    width = {2: WIDTH, 3: 5.2}[number]
    above, below = _checked(maps, matrices, columns, number)
    names = panel_titles(titles, above, _spoken)
    with styled():
        look = map_look(above, view_of("lonlat"), columns=3)
        scale = matrix_look(below, columns=columns, width=width)
        entries = legend_entries(above, look)
        legend_columns, legend_height = legend_shape(entries, width - 0.2)
        left = max(0.46, scale.across + 0.1)
        top = 0.3 if title else 0.04
        panels = [
            MapPanel(value, name, short_notes(value))
            for value, name in zip(above, names, strict=True)
        ]
        upper = map_grid(panels, look.view, columns=columns, width=width, left=left, top=top)
        legend_top = upper.top + upper.height + 0.4
        lower = matrix_grid(
            scale,
            columns=columns,
            left=left,
            right=upper.right,
            top=legend_top + legend_height + 0.1,
            gap=GAP,
        )
        bar_top = lower.top + lower.height + scale.down + 0.06
        figure = new_figure(width, bar_top + BAR_ROOM)
        letters = _LETTERS[: 2 * columns]
        dots = draw_maps(figure, panels, upper, look=look, letters=letters[:columns])
        cells = draw_matrices(
            figure, below, lower, titles=names, look=scale, letters=letters[columns:]
        )
        artists = {f"map/{key}": artist for key, artist in dots.items()}
        artists |= {f"matrix/{key}": artist for key, artist in cells.items()}
        artists["scale"] = colour_scale(figure, below, scale, top=bar_top)
        if entries:
            artists["legend"] = add_legend(figure, entries, columns=legend_columns, top=legend_top)
        if title:
            artists["headline"] = headline(figure, title)
    about = {"draws": f"figure {number}", "title": title, "titles": list(names)}
    return Drawing(figure, artists, about | _inputs(above, below))


def _inputs(
    maps: Sequence[SphereMap], matrices: Sequence[RelationshipMatrix]
) -> dict[str, list[dict[str, Any]]]:
    return {
        "maps": [about_map(value) for value in maps],
        "matrices": [about_matrix(value) for value in matrices],
    }


def _checked(
    maps: Sequence[SphereMap],
    matrices: Sequence[RelationshipMatrix],
    columns: int,
    number: int,
) -> tuple[tuple[SphereMap, ...], tuple[RelationshipMatrix, ...]]:
    above, below = listed(maps, SphereMap), listed(matrices, RelationshipMatrix)
    if len(above) != columns or len(below) != columns:
        raise ParameterError(
            f"{len(above)} maps and {len(below)} matrices came for figure {number}; "
            f"give {columns} maps and their {columns} matrices"
        )
    for place, (one, other) in enumerate(zip(above, below, strict=True)):
        if other.space is not None and one.space != other.space:
            raise ParameterError(
                f"column {place + 1} of figure {number} has a map of {one.space.name} above a "
                f"matrix of {other.space.name}, or their weights or preprocessing differ; give "
                "maps and matrices of the same spaces in the same order"
            )
    return above, below


def _spoken(value: SphereMap) -> str:
    space = value.space
    view = _VIEWS.get((space.encoder, space.view), space.view)
    return f"{_ENCODERS.get(space.encoder, space.encoder)}, {view}"
