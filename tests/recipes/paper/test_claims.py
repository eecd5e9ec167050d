"""Claims on tables that are built so that the answer is known."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.cli.reproduce_and_figure_commands import claims_text
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.recipes.paper.claims.claim_statistics import (
    highest_score_with_statistic,
    lowest_score_between_statistic,
)
from rainmer_analysis.recipes.paper.claims.supplement_claims import (
    CLAIMS,
    evaluate_claims,
    statistic_by_encoder,
)
from rainmer_analysis.recipes.paper.corpora_and_requests import (
    ALL_IN_ONE,
    DERAINING,
    rename_to_imitated_datasets,
)
from rainmer_analysis.values import EmbeddingTable, Rows, Space, to_json_types

SIZE = 24


def table(
    centres: Mapping[str, np.ndarray], encoder: str, view: str, noise: float
) -> EmbeddingTable:
    """Draw unit vectors around one centre per dataset."""
    rng = np.random.default_rng(7)
    vectors, labels = [], []
    for name, centre in centres.items():
        drawn = centre + noise * rng.normal(size=(SIZE, len(centre)))
        vectors.append(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
        labels += [(f"{name}/{i}", name, f"{name}-{i}") for i in range(SIZE)]
    frame = pd.DataFrame(labels, columns=["image_id", "dataset", "group"])
    space = Space(encoder, view, "00", "bilinear-128", "exact")
    return EmbeddingTable(np.concatenate(vectors), Rows(frame), space)


def opposed(names: tuple[str, ...], apart: str) -> dict[str, np.ndarray]:
    """Put one dataset opposite to all others, which share a half space but keep apart."""
    axes = np.eye(8)
    near = {name: axes[0] + 0.8 * axes[1 + i] for i, name in enumerate(names)}
    near[apart] = -axes[0]
    return near


def paper_like() -> dict[tuple[str, str, str], EmbeddingTable]:
    """Build the six tables as the supplement describes them."""
    six, three = DERAINING.datasets, ALL_IN_ONE.datasets
    axes = np.eye(8)
    mixed = dict.fromkeys(six, axes[0]) | {"GT-Rain": axes[1] - axes[0]}
    together = {name: axes[0] + 0.3 * axes[1 + i] for i, name in enumerate(three)}
    corners = {name: axes[i] - axes[:3].mean(axis=0) for i, name in enumerate(three)}
    built = [
        ("deraining", "rainmer", "chromatic", opposed(six, "GTAV-balance"), 0.05),
        ("deraining", "rainmer", "degradation", opposed(six, "Rain200H"), 0.05),
        ("deraining", "airnet", "degradation", mixed, 0.3),
        ("all-in-one", "rainmer", "chromatic", together, 0.05),
        ("all-in-one", "rainmer", "degradation", corners, 0.05),
    ]
    return {
        (corpus, encoder, view): table(centres, encoder, view, noise)
        for corpus, encoder, view, centres, noise in built
    }


def test_claims_have_unique_names_and_known_corpora() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS) == 13
    assert {claim.corpus for claim in CLAIMS} == {"deraining", "all-in-one"}


def test_every_claim_holds_where_the_supplement_is_right() -> None:
    failed = [claim["claim"] for claim in evaluate_claims(paper_like()) if not claim["verdict"]]
    assert failed == []


def test_every_claim_can_fail() -> None:
    axes = np.eye(8)
    spread_over_distance_statistic = {
        name: axes[0] * (-1) ** i + axes[1] for i, name in enumerate(DERAINING.datasets)
    }
    tables = {
        ("deraining", "rainmer", "chromatic"): table(
            spread_over_distance_statistic, "rainmer", "chromatic", 0.3
        ),
        ("deraining", "rainmer", "degradation"): table(
            spread_over_distance_statistic, "rainmer", "degradation", 0.9
        ),
        ("deraining", "airnet", "degradation"): table(
            opposed(DERAINING.datasets, "Rain200H")
            | {"GT-Rain": axes[0], "GTAV-balance": axes[0]}
            | {"Rain200H": axes[0] + 0.9 * axes[7]},
            "airnet",
            "degradation",
            0.02,
        ),
        ("all-in-one", "rainmer", "chromatic"): table(
            {name: axes[i] - axes[:3].mean(axis=0) for i, name in enumerate(ALL_IN_ONE.datasets)},
            "rainmer",
            "chromatic",
            0.05,
        ),
        ("all-in-one", "rainmer", "degradation"): table(
            dict.fromkeys(ALL_IN_ONE.datasets, axes[0]), "rainmer", "degradation", 0.05
        ),
    }
    held = [claim["claim"] for claim in evaluate_claims(tables) if claim["verdict"]]
    assert held == []


def test_verdicts_can_be_written_as_json_and_carry_intervals() -> None:
    found = {claim["claim"]: claim for claim in evaluate_claims(paper_like())}
    json.dumps(to_json_types([dict(claim) for claim in found.values()]), allow_nan=False)
    night = found["chromatic-night-negative"]
    low, high = night["interval"]
    assert low <= night["values"]["rainmer"] <= high < 0
    assert found["chromatic-isolated-GT-Rain"]["interval"] is None


def test_only_encoders_with_the_view_are_judged() -> None:
    tables = paper_like()
    chromatic, degradation = CLAIMS[0], CLAIMS[4]
    assert set(statistic_by_encoder(chromatic, tables)) == {"rainmer"}
    assert set(statistic_by_encoder(degradation, tables)) == {"rainmer", "airnet"}


def test_a_missing_dataset_is_named() -> None:
    lacking = table({"A": np.eye(3)[0], "B": np.eye(3)[1]}, "rainmer", "chromatic", 0.1)
    with pytest.raises(ParameterError, match=r"speaks of 'Rain200H', but the table holds A, B"):
        highest_score_with_statistic("Rain200H").value(lacking)


def test_simulated_sets_are_found_under_the_papers_names() -> None:
    simulated = table({"sim-Snow": np.eye(3)[0], "Rain": np.eye(3)[1]}, "rainmer", "chromatic", 0.1)
    assert rename_to_imitated_datasets(simulated).rows.datasets == ("Snow", "Rain")


def test_a_family_is_called_by_its_name_or_its_members() -> None:
    assert (
        lowest_score_between_statistic(["a"], ["b", "c"]).words == "lowest score of a with b or c"
    )
    named = lowest_score_between_statistic(["a", "x"], ["b"], family="a synthetic set")
    assert named.words == "lowest score of a or x with a synthetic set"


@pytest.mark.parametrize(
    ("interval", "judged"),
    [
        (None, "yes"),
        ((0.1, 0.3), "yes"),
        ((-0.1, 0.3), "undecided"),
        ((-0.3, -0.1), "no"),
        ((float("nan"), float("nan")), "undecided"),
    ],
)
def test_claims_are_judged_with_their_intervals(
    interval: tuple[float, float] | None, judged: str
) -> None:
    claim = next(claim for claim in CLAIMS if claim.name == "chromatic-day-positive")
    assert claim.decide_with_interval(0.2, 0.0, interval) == judged


def test_judgements_agree_with_verdicts_where_they_are_decided() -> None:
    for claim in evaluate_claims(paper_like()):
        assert claim["judged"] in ("yes", "undecided"), claim["claim"]
    text = claims_text(evaluate_claims(paper_like()), None)
    assert "claims of the supplement hold" in text
    assert "95 % interval" in text.splitlines()[0]
