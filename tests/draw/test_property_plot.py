from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.draw import plot_properties
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.values import PROPERTIES, PropertyTable, Rows


@pytest.fixture
def table() -> PropertyTable:
    sizes = {"many": 60, "few": 3, "unpaired set with quite a long name of its own": 12, "same": 9}
    names = [name for name, size in sizes.items() for _ in range(size)]
    ids = [f"{name}/{number}" for number, name in enumerate(names)]
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, 1.0, (len(names), len(PROPERTIES)))
    values[63:75, 0] = np.nan
    values[75:] = 1.5
    values[0, 7] = np.inf
    frame = pd.DataFrame({"image_id": ids, "dataset": names, "group": ids})
    return PropertyTable(values, Rows(frame))


def test_artists_show_the_values(table: PropertyTable) -> None:
    drawing = plot_properties(table)
    many = drawing.artists["density/many"]
    values = table.by_dataset()["many"].column("density")
    assert many["range"].get_xdata() == pytest.approx(np.percentile(values, [5, 95]))
    assert many["median"].get_xdata() == pytest.approx([np.median(values)])
    assert "curve" in many
    few = table.by_dataset()["few"].column("psnr")
    assert drawing.artists["psnr/few"]["dots"].get_xdata() == pytest.approx(few)
    assert "dots" in drawing.artists["entropy/same"]
    long = next(name for name in table.rows.datasets if name.startswith("unpaired"))
    assert set(drawing.artists[f"density/{long}"]) == {"none"}
    assert drawing.artists["psnr/many"]["median"].get_xdata()[0] < np.inf


def test_words_stay_on_the_paper(table: PropertyTable, ink) -> None:
    figure = plot_properties(table).figure
    assert all(ink.inside(figure, ink.extent(text)) for text in ink.texts(figure))


def test_other_values_are_not_drawn() -> None:
    with pytest.raises(ParameterError, match="a dict came to be drawn"):
        plot_properties({})  # type: ignore[arg-type]
