from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.errors import ParameterError, SourceError
from rainmer_analysis.values import ImageSet, Rows


def labels(n: int = 4) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_id": [f"a/{i}.png" for i in range(n)],
            "dataset": ["b", "a"] * (n // 2),
            "group": ["g0", "g0"] + [f"g{i}" for i in range(2, n)],
        }
    )


def image_labels() -> pd.DataFrame:
    return labels().assign(
        split=None, path="x.png", region="whole", target=None, target_region=None
    )


def test_datasets_keep_the_order_of_first_appearance() -> None:
    rows = Rows(labels(6))
    assert rows.datasets == ("b", "a")
    assert rows.codes.tolist() == [0, 1, 0, 1, 0, 1]
    assert rows.counts == {"b": 3, "a": 3}
    assert rows.group_counts == {"b": 3, "a": 3}


def test_rows_do_not_share_memory_with_what_came_in_or_goes_out() -> None:
    frame = labels()
    rows = Rows(frame)
    frame.loc[0, "dataset"] = "changed"
    given = rows.frame
    given.loc[0, "dataset"] = "changed"
    rows.column("dataset")[0] = "changed"
    assert rows.datasets == ("b", "a")


def test_cells_are_those_of_the_column() -> None:
    kept = Rows(labels())
    assert list(kept.cells("image_id")) == kept.column("image_id").tolist()


def test_take_keeps_order_given() -> None:
    assert Rows(labels()).take([2, 0]).column("image_id").tolist() == ["a/2.png", "a/0.png"]


def test_rows_refuse_a_missing_column() -> None:
    with pytest.raises(ParameterError, match=r"lacks the column\(s\) group"):
        Rows(labels().drop(columns="group"))


@pytest.mark.parametrize("cell", [None, "", 3, np.nan])
def test_rows_refuse_empty_labels(cell: object) -> None:
    frame = labels().astype(object)
    frame.loc[1, "dataset"] = cell
    with pytest.raises(ParameterError, match=r"'dataset'.*non-empty"):
        Rows(frame)


def test_rows_refuse_an_image_twice() -> None:
    frame = labels()
    frame.loc[1, "image_id"] = "a/0.png"
    with pytest.raises(ParameterError, match=r"'a/0.png' occurs more than once"):
        Rows(frame)


def test_rows_name_the_columns_they_have() -> None:
    with pytest.raises(ParameterError, match=r"no column 'colour'.*image_id"):
        Rows(labels()).column("colour")


def test_an_image_set_needs_an_image() -> None:
    with pytest.raises(SourceError, match="at least one image"):
        ImageSet(Rows(image_labels().iloc[:0]))


def test_an_image_set_needs_its_columns() -> None:
    with pytest.raises(SourceError, match=r"lacks the column.*path"):
        ImageSet(Rows(labels()))


def test_an_image_set_knows_its_regions() -> None:
    frame = image_labels()
    frame.loc[0, "region"] = "top"
    with pytest.raises(SourceError, match="unknown image region 'top'; allowed are whole"):
        ImageSet(Rows(frame))


def test_sampling_cannot_be_changed_afterwards() -> None:
    images = ImageSet(Rows(image_labels()), {"seed": 1})
    with pytest.raises(TypeError):
        images.sampling["seed"] = 2  # type: ignore[index]
