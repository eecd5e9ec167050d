"""Tables appear at once, and an interruption there costs no work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rainmer_analysis.distributed import Ranks
from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.images import load_image_set
from rainmer_analysis.infer.encoders import encoder_spaces
from rainmer_analysis.infer.extraction.extract_over_ranks_to_folder import _extract_share
from rainmer_analysis.infer.extraction.publish_rank_parts import publish_rank_parts
from rainmer_analysis.values import read

Make = Callable[..., Any]


def test_interrupted_publishing_goes_on(
    files: Make, plain: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, folder, pending = (
        load_image_set({"a": files(5)[0].parent}),
        tmp_path / "out",
        tmp_path / "work",
    )
    places = [Ranks(rank, 2) for rank in range(2)]
    spaces = encoder_spaces(plain(), rule="bilinear-128")

    def share(place: Ranks) -> int:
        encoder = plain()
        _extract_share(images, encoder, place.row_range(5), out=pending / place.part_name)
        return int(encoder.seen)

    assert [share(place) for place in places] == [2, 3]
    folder.mkdir()
    with monkeypatch.context() as interrupted:
        interrupted.setattr(
            "rainmer_analysis.infer.extraction.publish_rank_parts.commit_staged_files", _stop
        )
        with pytest.raises(KeyboardInterrupt):
            publish_rank_parts(pending, folder, spaces)
    for place in places:
        assert share(place) == 0
    (folder / "plain-chromatic").mkdir()
    (folder / "plain-chromatic" / "part-00000-of-00009.parquet").write_bytes(b"another table")
    publish_rank_parts(pending, folder, spaces)
    assert len(read(folder / "plain-chromatic")) == len(read(folder / "plain-degradation")) == 5
    (folder / "plain-chromatic" / "part-00001-of-00002.parquet").unlink()
    with pytest.raises(FileFormatError, match="1 of its 2 parts are missing"):
        read(folder / "plain-chromatic")


def _stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
