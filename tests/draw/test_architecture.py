from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.patches import FancyBboxPatch

from rainmer_analysis.draw import Drawing, architecture_figure
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.encoder import WIDTHS, RainmerEncoder
from rainmer_analysis.model.encoder_description import describe_encoder


@dataclass(frozen=True)
class Plain:
    name: str
    kind: str
    shape: tuple[int, ...] = ()
    parameters: int = 0
    children: tuple[Plain, ...] = ()
    operation: str = "conv 1×1, 48→48"


def group(name: str, kind: str, *children: Plain) -> Plain:
    return Plain(name, kind, (), sum(child.parameters for child in children), children)


def projector(name: str) -> Plain:
    excite = group("se", "squeeze-excite", Plain("in", "conv", (8, 1, 1), 2_048))
    conv = Plain("conv", "conv", (128, 9, 9), 147_584)
    residual = group("residual block", "residual", conv, excite, conv, excite)
    return group(name, "projector", Plain("entry", "conv", (128, 9, 9), 55_424), residual)


def published() -> Plain:
    counts = (4_704, 5_472, 7_008, 9_312, 2_736, 3_504, 4_656, 0)
    experts = [Plain(f"expert {n}", "expert", (48, 9, 9), n) for n in counts]
    stage = group("stage", "stage", *experts, Plain("fusion", "group", (48, 9, 9), 18_432))
    gate = group("gate", "gate", Plain("linear", "linear", (64,), 5_216))
    before = Plain("preprocess", "group", (48, 9, 9), 2_304)
    mixture = group("mixture", "mixture", gate, before, *[stage] * 4)
    patch = Plain("patch", "conv", (48, 9, 9), 1_344)
    return group("encoder", "encoder", patch, mixture, projector("one"), projector("two"))


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return architecture_figure(published())


def test_words_keep_apart_and_on_the_paper(drawing: Drawing, ink) -> None:
    found = ink.texts(drawing.figure)
    assert len(found) > 80
    assert ink.clashes(found) == []
    assert all(ink.inside(drawing.figure, ink.extent(text)) for text in found)
    assert min(text.get_fontsize() for text in found) >= 6


def test_words_stay_inside_their_boxes(drawing: Drawing, ink) -> None:
    checked = 0
    for name, text in drawing.artists.items():
        box = drawing.artists.get(name.replace("text/", "box/"))
        if name.startswith("text/") and box is not None and not name.endswith("/block"):
            words, frame = ink.extent(text), ink.extent(box)
            assert frame.x0 <= words.x0, name
            assert frame.x1 >= words.x1, name
            assert frame.y0 <= words.y0, name
            assert frame.y1 >= words.y1, name
            checked += 1
    assert checked > 35


def test_boxes_do_not_overlap_but_for_frames(drawing: Drawing, ink) -> None:
    boxes = {
        name: ink.extent(artist)
        for name, artist in drawing.artists.items()
        if isinstance(artist, FancyBboxPatch) and name.startswith("box/")
    }
    frames = {name for name in boxes if name.endswith("/block")}
    assert len(frames) == 2
    for one, other in combinations(sorted(set(boxes) - frames), 2):
        assert not ink.overlap(boxes[one], boxes[other]), (one, other)
    assert all(ink.inside(drawing.figure, box) for box in boxes.values())


def test_the_counts_add_up_to_the_total(drawing: Drawing) -> None:
    line = drawing.artists["text/words/0"].get_text().replace(",", "")
    sum_, total = re.search(r"parameters: (.*?) = (\d+)\.", line).groups()  # type: ignore[union-attr]
    parts = [part.split(" × ") for part in sum_.split(" + ")]
    added = sum(int(p[0]) * (int(p[1]) if len(p) == 2 else 1) for p in parts)
    assert added == int(total) == 941_536
    assert drawing.artists["headline"].get_text() == "Rainmer’s encoder: 941,536 parameters"


def test_counts_stand_where_they_belong(drawing: Drawing) -> None:
    said = {
        name: artist.get_text()
        for name, artist in drawing.artists.items()
        if name.startswith("text/")
    }
    assert said["text/patch/note"] == "1,344"
    assert said["text/preprocess/note"] == "2,304"
    assert {said[f"text/stage/{i}/note"] for i in range(4)} == {"55,824"}
    assert said["text/fuse/note"] == "18,432"
    counts = [int(said[f"text/expert/{j}/count"].replace(",", "")) for j in range(8)]
    assert sum(counts) + 18_432 == 55_824
    assert said["text/projector/chromatic/note"] == said["text/projector/degradation/note"]
    assert said["text/concat"] == "concat, 8 × 48 = 384"


@pytest.mark.parametrize("width", ["quarter", "full"])
def test_the_live_module_can_be_drawn(tmp_path: Path, ink, width: str) -> None:
    module = RainmerEncoder(WIDTHS[width])
    drawing = architecture_figure(describe_encoder(module))
    total = sum(p.numel() for p in module.parameters())
    assert f"{total:,} parameters" in drawing.artists["headline"].get_text()
    assert ink.clashes(ink.texts(drawing.figure)) == []
    path = drawing.save(tmp_path / "figure1.svg")
    said = json.loads((tmp_path / "figure1.provenance.json").read_text(encoding="utf-8"))
    assert said["encoder"]["total"] == total
    assert f">Rainmer’s encoder: {total:,} parameters</text>" in path.read_text(encoding="utf-8")


def test_other_descriptions_are_refused() -> None:
    right = published()
    with pytest.raises(ParameterError, match="'encoder' holds no block of kind 'mixture'"):
        architecture_figure(replace(right, children=right.children[:1]))
    with pytest.raises(ParameterError, match="parts have 941536 parameters and it says 1"):
        architecture_figure(replace(right, parameters=1))
    with pytest.raises(ParameterError, match="it has 1 projectors and 4 stages"):
        architecture_figure(replace(right, children=right.children[:3]))
