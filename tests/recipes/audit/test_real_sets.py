"""Audits of published test sets, held against a list of their scenes made by hand."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from rainmer_analysis.recipes.audit import Audit, audit

SETS = {
    "Rain100H": "bsd_streaks/Rain100H-test",
    "Rain100L": "bsd_streaks/Rain100L-test",
    "SIRR-val": "photoshop_streaks/SIRR-val",
    "SIRR-Internet147": "real_rain/SIRR-Internet147",
    "BSDS500-val": "clean_backgrounds/BSDS500-val",
}


def entry(name: str, folder: Path) -> str:
    lines = [f'[[dataset]]\nname = "{name}"\nimages = "{folder / "input"}"']
    if name == "BSDS500-val":
        lines = [f'[[dataset]]\nname = "{name}"\nimages = "{folder / "target"}"']
    elif name != "SIRR-Internet147":
        lines.append(f'targets = "{folder / "target"}"')
    if name == "SIRR-val":
        lines.append('pair = "input* -> norain*"')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def check(shared: Path) -> Path:
    return shared / "images" / "check"


@pytest.fixture(scope="module")
def found(check: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    manifest = tmp_path_factory.mktemp("real") / "real.toml"
    manifest.write_text("\n\n".join(entry(name, check / folder) for name, folder in SETS.items()))
    return audit([str(manifest)])


@pytest.mark.slow
def test_scenes_are_those_that_were_listed_by_hand(found: Audit, check: Path) -> None:
    with (check / "groups.csv").open(newline="", encoding="utf-8") as file:
        listed = {str(check / row["image"]): row["group"] for row in csv.DictReader(file)}
    pairs = {(row["scene"], listed[row["path"]]) for row in found.images}
    assert len(found.images) == 224
    assert len({scene for scene, _ in pairs}) == len({group for _, group in pairs}) == len(pairs)


@pytest.mark.slow
def test_what_is_known_of_these_sets_is_found_and_nothing_else(found: Audit) -> None:
    kinds = Counter((each.finding, each.a.partition("/")[0]) for each in found.findings)
    high, low = (found.datasets[name] for name in ("Rain100H", "Rain100L"))
    assert (high["images"], high["scenes"], low["images"], low["scenes"]) == (40, 36, 40, 36)
    assert high["shared_scenes"] == {"Rain100L": 36, "SIRR-val": 2}
    assert found.datasets["SIRR-Internet147"]["shared_scenes"] == {}
    assert found.datasets["BSDS500-val"]["shared_scenes"] == {}
    assert kinds == {
        ("shared-scene", "Rain100H"): 4,
        ("shared-scene", "Rain100L"): 44,
        ("shared-scene", "SIRR-val"): 4,
        ("near-duplicate", "SIRR-Internet147"): 38,
    }
    across = {
        each.a for each in found.findings if each.a[:9] == "Rain100L/" and each.b[:9] == "Rain100H/"
    }
    assert len(across) == 40
