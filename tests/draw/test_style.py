from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab

from rainmer_analysis.draw.style import (
    MARKERS,
    PALETTE,
    assign_colours,
    assign_markers,
    marker_outline,
    readable,
    short_labels,
    styled,
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


def test_text_that_the_font_lacks_is_spelled_out() -> None:
    assert readable("Ünïcode µ $x_1$") == "Ünïcode µ $x_1$"
    assert readable("雨\n\U0001f9ea") == "\\u96e8\\x0a\\U0001f9ea"
    assert readable(" ") == "\\x20"
    assert readable("雨") != readable("雪")


@given(st.lists(st.text(min_size=1, max_size=80), max_size=8, unique=True))
def test_short_labels_are_short_and_different(names: list[str]) -> None:
    labels = short_labels(names)
    assert list(labels) == names
    assert len(set(labels.values())) == len(names)
    assert all(len(label) <= 32 for label in labels.values())


def test_names_that_differ_only_in_the_middle_stay_different() -> None:
    labels = short_labels(["x" * 50 + "1" + "y" * 50, "x" * 50 + "2" + "y" * 50])
    assert len(set(labels.values())) == 2


def test_the_style_leaves_no_trace_and_ignores_the_user() -> None:
    with mpl.rc_context({"font.size": 31.0}):
        with styled():
            assert mpl.rcParams["font.size"] == 7.0
            assert mpl.rcParams["text.parse_math"] is False
        assert mpl.rcParams["font.size"] == 31.0
