from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from rainmer_analysis.draw.figure.style import (
    INK,
    MARKERS,
    PALETTE,
    assign_colours,
    assign_markers,
    luminance,
    marker_outline,
    style_context,
    text_colour_on,
)
from rainmer_analysis.errors import ParameterError

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_stay_apart(sight: str) -> None:
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in PALETTE])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SIGHT[sight]).T, 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(encoded[None])[0]
    pairs = itertools.combinations(range(len(PALETTE)), 2)
    assert min(deltaE_ciede2000(lab[a], lab[b]) for a, b in pairs) > 10


def test_colours_and_markers_together_are_unique_up_to_the_limit() -> None:
    names = [f"set {i}" for i in range(144)]
    looks = set(zip(assign_colours(names).values(), assign_markers(names).values(), strict=True))
    assert len(looks) == 144
    with pytest.raises(ParameterError, match=r"145 datasets came.*at most 144"):
        assign_colours([*names, "one more"])


def test_colours_follow_first_appearance() -> None:
    assert assign_colours(["b", "a", "b"]) == {"b": PALETTE[0], "a": PALETTE[1]}
    assert assign_colours(["b", "a", "c"])["a"] == assign_colours(["b", "a"])["a"]


@pytest.mark.parametrize("marker", MARKERS)
def test_markers_cover_the_same_area(marker: str) -> None:
    x, y = np.asarray(marker_outline(marker).to_polygons()[0]).T
    area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    assert area == pytest.approx(np.pi / 4, rel=1e-6)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_every_colour_stands_out_from_the_paper() -> None:
    assert luminance("white") == pytest.approx(1)
    assert luminance("black") == 0
    assert luminance("#777777") == pytest.approx(0.1845, abs=1e-4)
    assert min(contrast(colour, "white") for colour in PALETTE) > 2


@pytest.mark.parametrize(
    ("colour", "ink"),
    [
        ("white", INK),
        ("#F7F7F7", INK),
        ("#FDDBC7", INK),
        ("#F4A582", INK),
        ("#92C5DE", INK),
        ("#D6604D", "white"),
        ("#B2182B", "white"),
        ("#2166AC", "white"),
        ("black", "white"),
    ],
)
def test_ink_is_dark_on_light_and_white_on_dark(colour: str, ink: str) -> None:
    assert text_colour_on(colour) == ink


def test_ink_is_the_further_in_lightness() -> None:
    for level in np.linspace(0, 1, 256):
        grey = (level, level, level)
        own, dark = (rgb2lab(np.array([[mpl.colors.to_rgb(c)]]))[0, 0, 0] for c in (grey, INK))
        assert text_colour_on(grey) == (INK if own - dark > 100 - own else "white")


def test_the_style_leaves_no_trace_and_ignores_the_user() -> None:
    with mpl.rc_context({"font.size": 31.0}):
        with style_context():
            assert mpl.rcParams["font.size"] == 7.0
            assert mpl.rcParams["text.parse_math"] is False
        assert mpl.rcParams["font.size"] == 31.0
