from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.errors import OutputExistsError, ParameterError
from rainmer_analysis.recipes.properties import dataset_card_markdown, write_dataset_card_once
from rainmer_analysis.values import PropertyTable, Rows


def test_a_card_says_what_the_table_holds(table: PropertyTable) -> None:
    text = dataset_card_markdown(table)
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("## ")][:2] == ["## a", "## b"]
    first = next(line for line in lines if line.startswith("| `density`"))
    cells = [each.strip() for each in first.strip("|").split("|")]
    values = table.by_dataset()["a"].column("density")
    assert cells[1:3] == ["29", "1"]
    assert cells[3] == f"{np.nanmean(values):.4f}"
    assert "| Scenes | 15 |" in text
    assert "| Size in pixels | 9×8 |" in text


def test_names_are_text_and_what_was_left_out_is_listed(table: PropertyTable) -> None:
    frame = table.rows.frame
    frame["dataset"] = "<b>a|b*"
    made = {"left_out": [["x/1.png", "x", "1.png", "an empty file"]] * 25}
    text = dataset_card_markdown(PropertyTable(table.values, Rows(frame), made))
    assert "## \\<b\\>a\\|b\\*" in text
    assert "## Images left out: 25" in text
    assert "- and 5 more" in text


def test_a_card_is_not_written_over_something_else(table: PropertyTable, tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    assert not write_dataset_card_once(table, path)
    assert write_dataset_card_once(table, path)
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"card\.md already exists"):
        write_dataset_card_once(table, path)
    with pytest.raises(ParameterError, match=r"ends in \.md"):
        write_dataset_card_once(table, tmp_path / "card.html")
