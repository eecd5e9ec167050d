"""One style sheet, one context, one order of colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path as Outline

from rainmer_analysis.errors import ParameterError

__all__ = [
    "INK",
    "MARKERS",
    "MUTED",
    "PALETTE",
    "STYLE",
    "WIDTH",
    "assign_colours",
    "assign_markers",
    "luminance",
    "marker_outline",
    "style_context",
    "text_colour_on",
]

WIDTH = 7.2
"""Width of a figure in inches: the double column of a paper."""

INK = "#222222"
MUTED = "#6B6B6B"

# Okabe and Ito's colours without yellow (too light for dots on white), then five more chosen so
# that the smallest CIEDE2000 difference of any two stays above 10 in normal sight and in full
# protanopia, deuteranopia and tritanopia, and each has a contrast to white of at least 2 (tests
# compute both).
PALETTE: tuple[str, ...] = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
    "#882255",
    "#775E44",
    "#332288",
    "#661100",
    "#BBB2AA",
)
MARKERS: tuple[str, ...] = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "h", ">", "*")

STYLE: Mapping[str, object] = MappingProxyType(
    {
        "font.family": ["DejaVu Sans"],
        "font.size": 7.0,
        "text.color": INK,
        "text.parse_math": False,  # a "$" in a folder's name is a dollar sign
        "text.usetex": False,
        "text.hinting": "no_hinting",  # the same widths at every resolution
        "axes.titlesize": 8.0,
        "axes.titlepad": 4.0,
        "axes.labelsize": 7.0,
        "axes.labelcolor": INK,
        "axes.labelpad": 2.0,
        "axes.linewidth": 0.6,
        "axes.edgecolor": INK,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "xtick.labelsize": 6.5,
        "ytick.labelsize": 6.5,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.pad": 2.0,
        "ytick.major.pad": 2.0,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.4,
        "legend.fontsize": 7.0,
        "legend.frameon": False,
        "legend.handletextpad": 0.3,
        "legend.columnspacing": 1.4,
        "legend.borderpad": 0.0,
        "legend.borderaxespad": 0.0,
        "hatch.linewidth": 0.5,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "savefig.bbox": None,
        "savefig.dpi": 300.0,
        "figure.dpi": 100.0,
        "svg.fonttype": "none",
        "svg.hashsalt": "rainmer-analysis",
        "pdf.fonttype": 42,
        "pdf.compression": 6,
        "path.simplify": True,
    }
)


@contextmanager
def style_context() -> Iterator[None]:
    """Apply the style sheet to everything that is drawn or saved inside the context."""
    with mpl.rc_context():
        mpl.rcdefaults()  # a user's own matplotlibrc must not change the published look
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        yield


def luminance(colour: str | npt.ArrayLike) -> float:
    """Return the relative luminance of an sRGB colour, 0 for black to 1 for white (WCAG 2)."""
    rgb: npt.NDArray[np.float64] = np.asarray(to_rgb(colour))  # type: ignore[arg-type]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def text_colour_on(colour: str | npt.ArrayLike) -> str:
    """Return the ink for words on a colour, dark or white, whichever differs more in CIE lightness.

    The ratio of luminances would put dark ink on saturated reds and blues of middle lightness,
    where eyes read white more easily.
    """
    lightness, dark = (_lightness_of_luminance(luminance(each)) for each in (colour, INK))
    return INK if lightness - dark > 100 - lightness else "white"


def _lightness_of_luminance(luminance: float) -> float:
    return float(116 * np.cbrt(luminance) - 16)  # too low near black, where white wins anyway


def assign_colours(datasets: Iterable[str]) -> dict[str, str]:
    """Return each dataset its colour, in order of first appearance.

    Twelve colours that stay apart for colour-blind readers; from the thirteenth dataset on they
    come again with other markers (see `assign_markers`), so that no two datasets share both.

    Raises ParameterError: for more datasets than there are pairs of colour and marker (144).

    Parameters
    ----------
    datasets
        Names; repetitions are ignored.

    Returns
    -------
    ``{dataset: "#rrggbb"}``.

    Examples
    --------
    >>> assign_colours(["Rain200H", "GT-Rain", "Rain200H"])
    {'Rain200H': '#0072B2', 'GT-Rain': '#E69F00'}
    """
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(_distinct_names(datasets))}


def assign_markers(datasets: Iterable[str]) -> dict[str, str]:
    """Return each dataset its marker, the second channel beside `assign_colours`.

    Returns
    -------
    ``{dataset: matplotlib marker}``.
    """
    count = len(MARKERS)
    return {
        name: MARKERS[(i + i // count) % count] for i, name in enumerate(_distinct_names(datasets))
    }


def _distinct_names(datasets: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(datasets))
    limit = len(PALETTE) * len(MARKERS)
    if len(names) > limit:
        raise ParameterError(
            f"{len(names)} datasets came, but one figure can tell at most {limit} apart by colour "
            "and marker: split them over several figures"
        )
    return names


@cache
def marker_outline(marker: str) -> Outline:
    """Return a marker's outline, scaled so that all markers cover the same area."""
    style = MarkerStyle(marker)
    path = style.get_path().transformed(style.get_transform())
    x, y = np.asarray(path.to_polygons()[0], dtype=np.float64).T
    area = abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2
    return Outline(np.asarray(path.vertices) * (np.pi / 4 / area) ** 0.5, path.codes)
