"""The scores there are, in one explicit order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.sampled import CLASSIFIER, ENERGY, FRECHET, MMD, NEIGHBOURS, SLICED
from rainmer_analysis.scores.score import Score
from rainmer_analysis.scores.streaming import CENTRED, COSINE, DIRECTION, PAPER

__all__ = ["BETWEEN_ENCODERS", "DEFAULT_SCORE", "SCORES", "score_named"]

_ALL = (
    COSINE,
    PAPER,
    CENTRED,
    DIRECTION,
    ENERGY,
    MMD,
    FRECHET,
    SLICED,
    CLASSIFIER,
    NEIGHBOURS,
)
SCORES: Mapping[str, Score] = MappingProxyType({score.name: score for score in _ALL})
DEFAULT_SCORE = COSINE.name
BETWEEN_ENCODERS = ("cka", "rsa", "procrustes")
"""What needs the same images on both sides."""


def score_named(name: str) -> Score:
    """Return the score of this name.

    Raises ParameterError: there is none, or it compares encoders, not datasets.
    """
    if name.lower() in BETWEEN_ENCODERS:
        raise ParameterError(
            f"{name!r} needs the same images on both sides, and two datasets hold different ones; "
            "use 'rainmer-analysis compare' between two encoders, or one of "
            f"{', '.join(SCORES)} between datasets"
        )
    if name not in SCORES:
        raise ParameterError(f"there is no score {name!r}; use one of {', '.join(SCORES)}")
    return SCORES[name]
