from __future__ import annotations

from pathlib import Path

import pytest

from rainmer_analysis.errors import SourceError
from rainmer_analysis.recipes.paper.corpora_and_requests import FigureRequest


def request(root: Path | None) -> FigureRequest:
    return FigureRequest.with_default_count(
        Path("out"), root, None, seed=1, overwrite=False, device="cpu"
    )


def test_numbers_of_images_depend_on_the_data(tmp_path: Path) -> None:
    assert (request(None).per_dataset, request(tmp_path).per_dataset) == (120, 500)
    assert request(None).data_in_words == "simulated, 120 images each"
    assert request(tmp_path).data_in_words == "real, up to 500 images each"


def test_a_missing_root_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no folder .*nowhere; give the folder"):
        request(tmp_path / "nowhere")
