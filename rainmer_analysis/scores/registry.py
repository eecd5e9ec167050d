"""The scores there are, in one explicit order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.cosine import COSINE, PAPER
from rainmer_analysis.scores.score import Score

__all__ = ["DEFAULT_SCORE", "SCORES", "score_named"]

SCORES: Mapping[str, Score] = MappingProxyType({score.name: score for score in (COSINE, PAPER)})
DEFAULT_SCORE = COSINE.name


def score_named(name: str) -> Score:
    """Give the score of this name.

    Raises
    ------
    ParameterError
        There is none.
    """
    if name not in SCORES:
        raise ParameterError(
            f"there is no score {name!r}; use {' or '.join(repr(known) for known in SCORES)}"
        )
    return SCORES[name]
