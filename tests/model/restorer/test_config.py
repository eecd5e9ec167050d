"""Configurations: the table of variants, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.restorer import VARIANTS, RestorerConfig
from rainmer_analysis.model.restorer.config import PLACES, TIES
from rainmer_analysis.model.restorer.modules.channel_selection import SELECTIONS
from rainmer_analysis.model.restorer.modules.local_fusion_and_prompts import FUSIONS


def test_the_table_names_the_published_variants() -> None:
    assert tuple(VARIANTS) == (
        "Rainmer_SA",
        "Rainmer_SA_chralpha",
        "Rainmer_SA_detgalpha",
        "Rainmer_SA_detgalpha_resprompt",
        "Rainmer_SA_wochr",
        "Rainmer_SA_wodetg",
        "Rainmer_SA_wolocf",
        "Rainmer_SA_baseline",
    )
    assert all(name == traits.name for name, traits in VARIANTS.items())
    assert len(set(VARIANTS.values())) == 8


def test_every_name_in_the_tables_has_its_function() -> None:
    assert {traits.fusion for traits in VARIANTS.values()} == set(FUSIONS)
    assert {traits.place for traits in VARIANTS.values()} == set(PLACES)
    assert set(SELECTIONS) == set(TIES)


def test_knowledge_is_the_variants_own_unless_chosen() -> None:
    assert RestorerConfig("Rainmer_SA_baseline").knowledge == ()
    assert RestorerConfig("Rainmer_SA_wochr").knowledge == ("degradation", "detail")
    assert RestorerConfig(atoms=("detail",)).knowledge == ("detail",)
    assert RestorerConfig(atoms=()).knowledge == ()


def test_the_encoder_inside_has_the_restorers_widths() -> None:
    encoder = RestorerConfig(dim=12, base_dim=32, gate_hidden=7, se_hidden=3).encoder_config
    assert (encoder.dim, encoder.base_dim, encoder.gate_hidden, encoder.se_hidden) == (12, 32, 7, 3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"variant": "Rainmer"}, r"^variant of a restorer is 'Rainmer'; give one of Rainmer_SA, "),
        ({"norm": "none"}, r"^norm of a restorer is 'none'; give one of WithBias, BiasFree$"),
        ({"ties": "highest"}, r"^ties of a restorer is 'highest'; give one of lowest, published$"),
        ({"atoms": ("colour",)}, r"^knowledge of a restorer is 'colour'; give one of chromatic, "),
        ({"atoms": "detail"}, r"^knowledge of a restorer is 'detail'; give a tuple of names"),
        ({"dim": 0}, r"^dim of a restorer is 0; give a whole number from 1 up$"),
        ({"base_dim": 2.0}, r"^base_dim of a restorer is 2.0; give a whole number"),
        ({"gate_hidden": True}, r"^gate_hidden of a restorer is True; give a whole number"),
        ({"se_hidden": -1}, r"^se_hidden of a restorer is -1; give a whole number"),
        ({"blocks": (1, 1, 1)}, r"^blocks of a restorer are \(1, 1, 1\); give a tuple of 4 whole"),
        ({"blocks": [1, 1, 1, 1]}, r"^blocks of a restorer are \[1, 1, 1, 1\]; give a tuple of 4"),
        ({"heads": (1, 1, 1, 0)}, r"^heads of a restorer is 0; give a whole number from 1 up$"),
        ({"heads": (5, 1, 1, 1)}, r"^5 heads do not divide 48 channels into equal parts"),
        ({"heads": (48, 1, 1, 1)}, r"of at least 2 channels; give other heads or another dim$"),
        ({"dim": 3}, r"^dim of a restorer is 3, but downsampling halves it; give an even number$"),
        ({"bias": 1}, r"^bias of a restorer is 1; give True or False$"),
        ({"expansion": 0.0}, r"^expansion of a restorer is 0.0; give a number from 1/dim to 64"),
        ({"expansion": float("nan")}, r"^expansion of a restorer is nan; give a number"),
        ({"expansion": "2"}, r"^expansion of a restorer is '2'; give a number"),
    ],
)
def test_impossible_values_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        RestorerConfig(**change)
