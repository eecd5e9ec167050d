"""Colours of datasets on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence

from rainmer_analysis.draw.figure import assign_colours, assign_markers, luminance

__all__ = ["dataset_colours_and_markers"]

# Relative luminance of a dark page, and the contrast of marks with it: 3 is the least (WCAG 2.1,
# success criterion 1.4.11), and marks are drawn a little transparent.
_DARK_PAGE = 0.012
_CONTRAST = 4.5


def dataset_colours_and_markers(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return each dataset's colour on light and on dark pages, and its marker."""
    colours, markers = assign_colours(names), assign_markers(names)
    return [(colours[name], _lighten_for_dark_page(colours[name]), markers[name]) for name in names]


def _lighten_for_dark_page(colour: str) -> str:
    """Mix a colour with white until it stands out from a dark page."""
    levels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    for share in range(0, 101, 5):
        mixed = [round(level + (255 - level) * share / 100) for level in levels]
        found = "#" + "".join(f"{level:02X}" for level in mixed)
        if (luminance(found) + 0.05) / (_DARK_PAGE + 0.05) >= _CONTRAST:
            break
    return found
