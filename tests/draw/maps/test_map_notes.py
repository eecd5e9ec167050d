from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rainmer_analysis.draw import plot_map
from rainmer_analysis.draw.maps.map_notes import fidelity_notes, neighbourhood_notes

TOLD = {
    "trustworthiness": 0.99127,
    "continuity": 0.99963,
    "spearman": 0.5441,
    "neighbors": 15,
    "radius_level": 0.9,
    "radius_degrees": 12.34,
    "radius_degrees_by_dataset": {"A": 10.0, "B": 14.04},
    "stability_degrees": 3.06,
}


@pytest.fixture
def told(make_map) -> Any:
    return lambda **more: replace(make_map(("A", "B")), fidelity=TOLD | more)


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (
            1,
            (
                "trustworthiness 0.991, continuity 1.000 (k = 15), rank correlation 0.544",
                "90 % radius of a placed image 12.3° (median), move between seeds 3.1° (median)",
            ),
        ),
        (
            3,
            (
                "trustworthiness 0.991, continuity 1.000 (k = 15)",
                "rank correlation 0.544",
                "90 % radius of a placed image 12.3° (median)",
                "move between seeds 3.1° (median)",
            ),
        ),
    ],
)
def test_notes_say_what_the_file_holds(told, columns: int, lines: tuple[str, ...]) -> None:
    assert fidelity_notes(told(), columns=columns) == lines


def test_what_is_unknown_is_left_out(told, make_map) -> None:
    assert fidelity_notes(make_map(fidelity=False), columns=1) == ()
    assert neighbourhood_notes(make_map(fidelity=False)) == ()
    known = fidelity_notes(told(spearman=float("nan"), stability_degrees=None), columns=1)
    assert ", ".join(known) == (
        "trustworthiness 0.991, continuity 1.000 (k = 15), "
        "90 % radius of a placed image 12.3° (median)"
    )


@pytest.mark.parametrize("view", ["lonlat", "mollweide", "orthographic"])
@pytest.mark.parametrize("panels", [1, 2, 3, 4])
def test_notes_are_whole_and_legible_in_every_panel(told, ink, view: str, panels: int) -> None:
    drawing = plot_map([told()] * panels, view=view)
    columns = {1: 1, 2: 2, 3: 3, 4: 2}[panels]
    for panel in range(panels):
        shown = drawing.artists[f"notes/{panel}"]
        assert tuple(text.get_text() for text in shown) == fidelity_notes(told(), columns=columns)
        assert min(text.get_fontsize() for text in shown) >= 6
    assert ink.clashes(ink.texts(drawing.figure)) == []


def test_the_legend_tells_each_radius_of_a_single_map(told) -> None:
    one, two = (plot_map([told()] * panels).artists["legend"] for panels in (1, 2))
    assert [text.get_text() for text in one.get_texts()] == [
        "A (n = 12, radius 10.0°)",
        "B (n = 12, radius 14.0°)",
    ]
    assert [text.get_text() for text in two.get_texts()] == ["A (n = 12)", "B (n = 12)"]
