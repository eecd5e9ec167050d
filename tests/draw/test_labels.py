from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rainmer_analysis.draw.figure.readable_labels import escape_missing_glyphs, short_labels


def test_text_that_the_font_lacks_is_spelled_out() -> None:
    assert escape_missing_glyphs("Ünïcode µ $x_1$") == "Ünïcode µ $x_1$"
    assert escape_missing_glyphs("雨\n\U0001f9ea") == "\\u96e8\\x0a\\U0001f9ea"
    assert escape_missing_glyphs(" ") == "\\x20"
    assert escape_missing_glyphs("雨") != escape_missing_glyphs("雪")


@given(st.lists(st.text(min_size=1, max_size=80), max_size=8, unique=True))
def test_short_labels_are_short_and_different(names: list[str]) -> None:
    labels = short_labels(names)
    assert list(labels) == names
    assert len(set(labels.values())) == len(names)
    assert all(len(label) <= 32 for label in labels.values())


def test_names_that_differ_only_in_the_middle_stay_different() -> None:
    labels = short_labels(["x" * 50 + "1" + "y" * 50, "x" * 50 + "2" + "y" * 50])
    assert len(set(labels.values())) == 2
