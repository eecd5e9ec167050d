"""What the supplement says about its figures, as statistics that hold or fail.

Each claim names the view it speaks of, a statistic of a table, and the bound that decides. The same
statistic is taken for every encoder that has such a view, so that a finding can be held against
hand-made descriptors, the baseline and untrained networks.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from rainmer_analysis.recipes.paper.claims.claim_statistics import (
    MatrixStatistic,
    TableStatistic,
    highest_score_statistic,
    highest_score_with_statistic,
    lowest_score_between_statistic,
    lowest_score_statistic,
    lowest_score_without_statistic,
    neighbours_within_statistic,
    spread_over_distance_statistic,
)
from rainmer_analysis.values import EmbeddingTable

__all__ = ["CLAIMS", "Claim", "Tables", "evaluate_claims", "statistic_by_encoder"]

_BOUNDS: Mapping[str, Callable[[float, float], bool]] = {"<": operator.lt, ">": operator.gt}
_ISOLATED = 0.8


@dataclass(frozen=True)
class Claim:
    """One sentence of the supplement, made decidable.

    Parameters
    ----------
    name
        Short identifier.
    figure
        Panels of the paper that it speaks of.
    corpus
        ``deraining`` (figure 2) or ``all-in-one`` (figure 3).
    view
        ``chromatic`` or ``degradation``.
    about
        Encoder that the supplement says it of.
    statement
        The sentence in our words.
    statistic
        What is taken of a table whose datasets bear the paper's names.
    relation, bound
        The claim holds where the statistic is ``<`` or ``>`` the bound. Where `bound` names an
        encoder, its value of the same statistic is the bound.
    """

    name: str
    figure: str
    corpus: str
    view: str
    about: str
    statement: str
    statistic: MatrixStatistic | TableStatistic
    relation: str
    bound: float | str

    def holds(self, value: float, bound: float) -> bool:
        """Decide for a value; NaN never holds."""
        return _BOUNDS[self.relation](value, bound)

    def decide_with_interval(
        self, value: float, bound: float, interval: tuple[float, float] | None
    ) -> str:
        """Return ``yes`` or ``no`` where the whole interval lies on one side, else ``undecided``.

        Without an interval the value alone decides.
        """
        if interval is None:
            return "yes" if self.holds(value, bound) else "no"
        found = {self.holds(each, bound) for each in interval}
        if len(found) > 1 or any(math.isnan(each) for each in interval):
            return "undecided"
        return "yes" if found == {True} else "no"


_SYNTHETIC = ("Rain200H", "Rain800", "DDN_1", "DDN_5")

_CHROMATIC = Claim(
    name="chromatic-night-negative",
    figure="2d",
    corpus="deraining",
    view="chromatic",
    about="rainmer",
    statement="GTAV-balance is negatively related to every other dataset",
    statistic=highest_score_with_statistic("GTAV-balance"),
    relation="<",
    bound=0.0,
)
_DEGRADATION = replace(
    _CHROMATIC,
    name="degradation-heavy-negative",
    figure="2e",
    view="degradation",
    statement="Rain200H is negatively related to every other dataset",
    statistic=highest_score_with_statistic("Rain200H"),
)
_ALL_IN_ONE = replace(
    _CHROMATIC,
    name="all-in-one-chromatic-positive",
    figure="3c",
    corpus="all-in-one",
    statement="snow, rain and raindrop are positively related",
    statistic=lowest_score_statistic(),
    relation=">",
)


def _isolation_claims(base: Claim, figure: str, datasets: tuple[str, ...]) -> list[Claim]:
    return [
        replace(
            base,
            name=f"{base.view}-isolated-{name}",
            figure=figure,
            statement=f"{name} is isolated",
            statistic=neighbours_within_statistic(name),
            relation=">",
            bound=_ISOLATED,
        )
        for name in datasets
    ]


CLAIMS: tuple[Claim, ...] = (
    _CHROMATIC,
    replace(
        _CHROMATIC,
        name="chromatic-day-positive",
        statement="all other datasets are positively related",
        statistic=lowest_score_without_statistic("GTAV-balance"),
        relation=">",
    ),
    *_isolation_claims(_CHROMATIC, "2a", ("GT-Rain", "GTAV-balance")),
    _DEGRADATION,
    replace(
        _DEGRADATION,
        name="degradation-rest-positive",
        statement="all other datasets are positively related",
        statistic=lowest_score_without_statistic("Rain200H"),
        relation=">",
    ),
    *_isolation_claims(_DEGRADATION, "2b", ("Rain200H", "GT-Rain")),
    replace(
        _DEGRADATION,
        name="airnet-less-compact",
        figure="2c",
        about="airnet",
        statement="AirNet's space is less compact than Rainmer's",
        statistic=spread_over_distance_statistic(),
        relation=">",
        bound="rainmer",
    ),
    replace(
        _DEGRADATION,
        name="airnet-heavy-mixed",
        figure="2c",
        about="airnet",
        statement="Rain200H is mixed with other datasets, more than in Rainmer's space",
        statistic=neighbours_within_statistic("Rain200H"),
        relation="<",
        bound="rainmer",
    ),
    replace(
        _DEGRADATION,
        name="airnet-conflicts",
        figure="2f",
        about="airnet",
        statement="GT-Rain and GTAV-balance conflict with synthetic sets",
        statistic=lowest_score_between_statistic(
            ("GT-Rain", "GTAV-balance"), _SYNTHETIC, family="a synthetic set"
        ),
    ),
    _ALL_IN_ONE,
    replace(
        _ALL_IN_ONE,
        name="all-in-one-degradation-negative",
        figure="3d",
        view="degradation",
        statement="snow, rain and raindrop are negatively related",
        statistic=highest_score_statistic(),
        relation="<",
    ),
)

Tables = Mapping[tuple[str, str, str], EmbeddingTable]


def statistic_by_encoder(claim: Claim, tables: Tables) -> dict[str, float]:
    """Return the claim's statistic for every encoder with a table of the corpus and view."""
    return {
        encoder: claim.statistic.value(table)
        for (corpus, encoder, view), table in tables.items()
        if (corpus, view) == (claim.corpus, claim.view)
    }


def evaluate_claims(tables: Tables) -> list[Mapping[str, Any]]:
    """Evaluate all claims; one frozen mapping per claim, ready for JSON."""
    found: list[Mapping[str, Any]] = []
    for claim in CLAIMS:
        values = statistic_by_encoder(claim, tables)
        bound = values[claim.bound] if isinstance(claim.bound, str) else claim.bound
        interval = claim.statistic.interval(tables[claim.corpus, claim.about, claim.view])
        entry = {
            "claim": claim.name,
            "figure": claim.figure,
            "corpus": claim.corpus,
            "view": claim.view,
            "about": claim.about,
            "statement": claim.statement,
            "statistic": claim.statistic.words,
            "holds if": f"{claim.relation} {claim.bound}",
            "values": values,
            "holds": {name: claim.holds(value, bound) for name, value in values.items()},
            "interval": interval,
            "verdict": claim.holds(values[claim.about], bound),
            "judged": claim.decide_with_interval(values[claim.about], bound, interval),
        }
        found.append(MappingProxyType(entry))
    return found
