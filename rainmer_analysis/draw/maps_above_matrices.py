"""Maps above, their matrices below, one legend and one scale: figures 2 and 3, by a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rainmer_analysis.draw.figure import (
    GAP,
    WIDTH,
    Drawing,
    Grid,
    add_headline,
    add_legend,
    as_tuple,
    legend_columns_and_height,
    new_figure,
    panel_titles,
    style_context,
)
from rainmer_analysis.draw.maps import (
    MapPanel,
    MapStyle,
    add_map_panels,
    choose_map_style,
    dataset_legend_entries,
    map_count_and_digests,
    map_grid,
    map_provenance,
    neighbourhood_notes,
)
from rainmer_analysis.draw.matrices import (
    BAR_ROOM,
    MatrixStyle,
    add_colour_bar,
    add_matrix_panels,
    choose_matrix_style,
    matrix_grid,
    matrix_provenance,
)
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import RelationshipMatrix, SphereMap, matrix_document

__all__ = ["maps_and_matrices_figure"]

_LETTERS = "abcdef"
_COLUMNS_AND_WIDTH = {2: (3, WIDTH), 3: (2, 5.2)}  # by the number of the figure; inches
_ENCODERS = {"rainmer": "Rainmer", "airnet": "AirNet"}
_VIEWS = {("rainmer", "degradation"): "detail/degradation"}


def maps_and_matrices_figure(
    maps: Sequence[SphereMap],
    matrices: Sequence[RelationshipMatrix],
    *,
    number: int,
    title: str = "",
    titles: Sequence[str] | None = None,
) -> Drawing:
    """Draw figure 2 or 3: a row of maps, and under it a row of their matrices.

    Raises ParameterError: the numbers or the spaces of maps and matrices do not fit.

    Parameters
    ----------
    maps, matrices
        Of the same spaces in the same order, as many each as the figure has columns.
    number
        2 (deraining: three spaces) or 3 (snow, rain and raindrops: two).
    title
        The line above: which data, how many images, which weights.
    titles
        One per space; encoder and view by default.

    Returns
    -------
    Drawing
        With the artists of `plot_map` under ``map/...``, of `plot_matrix` under ``matrix/...``,
        and ``legend``, ``scale`` and ``headline``.
    """
    columns, width = _COLUMNS_AND_WIDTH[number]
    above, below = _checked_maps_and_matrices(maps, matrices, columns, number)
    names = panel_titles(titles, above, _space_in_words)
    with style_context():
        map_style = choose_map_style(above, "lonlat", columns=3)
        scale = choose_matrix_style(below, columns=columns, width=width)
        entries = dataset_legend_entries(above, map_style)
        legend_columns, legend_height = legend_columns_and_height(entries, width - 0.2)
        panels = [
            MapPanel(value, name, neighbourhood_notes(value))
            for value, name in zip(above, names, strict=True)
        ]
        rows = _lay_out_rows(
            panels, map_style, scale, width=width, heights=(0.3 if title else 0.04, legend_height)
        )
        figure = new_figure(width, rows.bar_top + BAR_ROOM)
        upper, lower = _LETTERS[:columns], _LETTERS[columns : 2 * columns]
        dots = add_map_panels(figure, panels, rows.maps, shared_style=map_style, letters=upper)
        cells = add_matrix_panels(
            figure, below, rows.matrices, titles=names, shared_style=scale, letters=lower
        )
        artists = {f"map/{key}": artist for key, artist in dots.items()}
        artists |= {f"matrix/{key}": artist for key, artist in cells.items()}
        artists["scale"] = add_colour_bar(figure, below, scale, top=rows.bar_top)
        if entries:
            artists["legend"] = add_legend(
                figure, entries, columns=legend_columns, top=rows.legend_top
            )
        if title:
            artists["headline"] = add_headline(figure, title)
    about = {
        "draws": f"figure {number}",
        "title": title,
        "titles": list(names),
        "maps": [map_provenance(value) for value in above],
        "matrices": [matrix_provenance(value) for value in below],
    }
    numbers = {
        "maps": [map_count_and_digests(value) for value in above],
        "matrices": [matrix_document(value) for value in below],
    }
    return Drawing(figure, artists, about, numbers)


class _Rows(NamedTuple):
    """Where maps, legend, matrices and colour bar lie, in inches from the top."""

    maps: Grid
    legend_top: float
    matrices: Grid
    bar_top: float


def _lay_out_rows(
    panels: Sequence[MapPanel],
    map_style: MapStyle,
    scale: MatrixStyle,
    *,
    width: float,
    heights: tuple[float, float],
) -> _Rows:
    """Place the rows of a figure; `heights` are those of headline and legend, in inches."""
    columns, left, (top, legend_height) = len(panels), max(0.46, scale.across + 0.1), heights
    maps = map_grid(panels, map_style.view, columns=columns, width=width, left=left, top=top)
    legend_top = maps.top + maps.height + 0.4
    matrices = matrix_grid(
        scale,
        columns=columns,
        left=left,
        right=maps.right,
        top=legend_top + legend_height + 0.1,
        gap=GAP,
    )
    return _Rows(maps, legend_top, matrices, matrices.top + matrices.height + scale.down + 0.06)


def _checked_maps_and_matrices(
    maps: Sequence[SphereMap],
    matrices: Sequence[RelationshipMatrix],
    columns: int,
    number: int,
) -> tuple[tuple[SphereMap, ...], tuple[RelationshipMatrix, ...]]:
    above, below = as_tuple(maps, SphereMap), as_tuple(matrices, RelationshipMatrix)
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


def _space_in_words(value: SphereMap) -> str:
    space = value.space
    view = _VIEWS.get((space.encoder, space.view), space.view)
    return f"{_ENCODERS.get(space.encoder, space.encoder)}, {view}"
