"""Distributions of the published measures, one panel a measure and one row a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from rainmer_analysis.draw.figure import (
    INK,
    MUTED,
    WIDTH,
    Drawing,
    Grid,
    add_headline,
    add_panel_title_and_notes,
    assign_colours,
    axes_at,
    new_figure,
    short_labels,
    style_context,
)
from rainmer_analysis.draw.matrices.matrix_style import longest_label_inches
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import PROPERTIES, PropertyTable, array_digest

__all__ = ["plot_properties"]

_TITLES: Mapping[str, str] = {
    "density": "Rain density",
    "entropy": "Entropy (bits)",
    "entropy_target": "Target entropy (bits)",
    "gradient": "Vertical gradient (levels)",
    "brightness": "Brightness (levels)",
    "brightness_target": "Target brightness (levels)",
    "monochromaticity": "Colour of rain (levels)",
    "psnr": "PSNR to target (dB)",
}
_COLUMNS, _ROW, _HEAD, _BETWEEN, _FOOT, _GAP = 4, 0.27, 0.5, 0.5, 0.42, 0.16
_LABEL = 7.0
_RISE = 0.82  # of a row, the top of the highest curve
_FEW = 8  # values up to which dots are drawn instead of a curve
_GRID = 160
_SHOWN = (5, 50, 95)  # percentiles: range and median


def plot_properties(table: PropertyTable, *, title: str | None = None) -> Drawing:
    """Draw how the published measures lie in each dataset.

    Small multiples, one per measure; in each a row per dataset: a curve of the density of its
    images (Gaussian kernels, Scott's rule, cut at the least and the largest value, each curve as
    high as its row), below it the range from 5 to 95 % and the median. Up to eight values are
    dots instead of a curve.

    Parameters
    ----------
    table
        Of `describe`.
    title
        Line above; by default what is drawn and of how many images.

    Returns
    -------
    Drawing
        With the artists ``labels`` (by dataset) and ``MEASURE/DATASET``: ``curve`` or ``dots``,
        ``range`` and ``median``, or ``none`` where no image has the measure.

    Raises
    ------
    ParameterError
        Nothing but a table of properties can be drawn.
    """
    if not isinstance(table, PropertyTable):
        raise ParameterError(
            f"a {type(table).__name__} came to be drawn; give a table that "
            "'rainmer-analysis describe' wrote"
        )
    parts = table.by_dataset()
    names = short_labels(parts, limit=24)
    counts = {name: f"n = {len(part):,}" for name, part in parts.items()}
    height = _ROW * len(parts)
    with style_context():
        left = 0.14 + max(
            longest_label_inches([*names.values()], _LABEL),
            longest_label_inches([*counts.values()], 6.0),
        )
        grid = _panel_grid(left, height)
        figure = new_figure(WIDTH, _HEAD + 2 * height + _BETWEEN + _FOOT)
        default = f"Properties of {len(table):,} images in {len(parts)} dataset"
        add_headline(figure, title or default + "s" * (len(parts) != 1))
        artists: dict[str, Any] = {}
        for index, measure in enumerate(PROPERTIES):
            axes = axes_at(figure, grid.rect(index))
            add_panel_title_and_notes(axes, _TITLES[measure])
            artists |= _add_panel(axes, measure, parts)
            if index % _COLUMNS == 0:
                artists |= _add_labels(axes, names, counts)
        note = (
            "Curve: density of images, as high as its row; line: 5 to 95 %, dot: median. "
            "Levels are those of 0 to 255."
        )
        down = figure.get_size_inches()[1]
        figure.text(0.1 / WIDTH, 0.07 / down, note, fontsize=6, color=MUTED)
    said = {
        "draws": "properties",
        "properties": array_digest(table.values),
        "counts": table.rows.counts,
    }
    return Drawing(
        figure, artists, said, {"title": title, "percentiles": _range_ends_and_median(parts)}
    )


def _range_ends_and_median(parts: Mapping[str, PropertyTable]) -> dict[str, dict[str, Any]]:
    """Return the ends of each range and the median between them, by measure and dataset."""
    found: dict[str, dict[str, Any]] = {}
    for measure in PROPERTIES:
        values = {name: _finite_values(part.column(measure)) for name, part in parts.items()}
        found[measure] = {
            name: np.percentile(own, _SHOWN) if len(own) else None for name, own in values.items()
        }
    return found


def _panel_grid(left: float, height: float) -> Grid:
    width = (WIDTH - 0.12 - left - _GAP * (_COLUMNS - 1)) / _COLUMNS
    return Grid(_COLUMNS, left, _HEAD, width, height, height + _BETWEEN, _GAP)


def _add_labels(axes: Axes, names: Mapping[str, str], counts: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for row, name in enumerate(names):
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right"}
        base = len(names) - 1 - row
        label = axes.text(-0.05, base + 0.5, names[name], va="center", fontsize=_LABEL, **place)
        small = axes.text(-0.05, base + 0.15, counts[name], va="center", fontsize=6.0, **place)
        small.set_color(MUTED)
        found[f"labels/{name}"] = label
    return found


def _add_panel(axes: Axes, measure: str, parts: Mapping[str, PropertyTable]) -> dict[str, Any]:
    colours = assign_colours(parts)
    values = {name: _finite_values(part.column(measure)) for name, part in parts.items()}
    low, high = _axis_limits([*values.values()])
    axes.set(xlim=(low, high), ylim=(-0.12, len(parts)))
    axes.set_yticks([])
    locator = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], min_n_ticks=3)
    axes.set_xticks(
        [tick for tick in np.asarray(locator.tick_values(low, high)) if low <= tick <= high]
    )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x")
    found: dict[str, Any] = {}
    for row, (name, own) in enumerate(values.items()):
        base = len(parts) - 1 - row
        key = f"{measure}/{name}"
        if not len(own):
            words = axes.text(
                0.5, base + 0.35, "not defined", transform=axes.get_yaxis_transform(), fontsize=6
            )
            words.set(ha="center", va="center", color=MUTED)
            found[key] = {"none": words}
            continue
        found[key] = _add_distribution(axes, own, base, colours[name])
    return found


def _add_distribution(
    axes: Axes, values: NDArray[np.float64], base: float, colour: str
) -> dict[str, Any]:
    low, middle, high = np.percentile(values, _SHOWN)
    found: dict[str, Any] = {}
    if len(values) <= _FEW or np.ptp(values) <= 1e-9 * max(1.0, abs(middle)):
        (found["dots"],) = axes.plot(
            values, np.full(len(values), base + 0.35), "o", color=colour, markersize=2.5, alpha=0.8
        )
        found["dots"].set_markeredgewidth(0)
    else:
        grid = np.linspace(values.min(), values.max(), _GRID)
        curve = gaussian_kde(values)(grid)
        top = base + 0.08 + (_RISE - 0.08) * curve / curve.max()
        found["curve"] = axes.fill_between(
            grid, base + 0.08, top, facecolor=colour, alpha=0.45, edgecolor=colour, linewidth=0.7
        )
    (found["range"],) = axes.plot([low, high], [base, base], color=colour, linewidth=1.4)
    found["range"].set_solid_capstyle("butt")
    (found["median"],) = axes.plot([middle], [base], "o", color=INK, markersize=2.6, zorder=4)
    return found


def _finite_values(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def _axis_limits(samples: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Return what holds all but the outermost half per cent of each sample, with a margin."""
    ends = [np.percentile(each, (0.5, 99.5)) for each in samples if len(each)]
    if not ends:
        return 0.0, 1.0
    low, high = float(min(each[0] for each in ends)), float(max(each[1] for each in ends))
    margin = 0.06 * (high - low) or 0.05 * max(1.0, abs(high))
    return max(low - margin, 0.0) if low >= 0.0 else low - margin, high + margin
