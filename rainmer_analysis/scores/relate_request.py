"""What `relate` was asked for, checked against the scores and the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.scores.score import SAMPLE, SUMS, Context, Data, Reference, Score
from rainmer_analysis.scores.score_registry import score_named
from rainmer_analysis.scores.streaming import ceiling_with_interval
from rainmer_analysis.values import Space, common_space

__all__ = [
    "Request",
    "build_checked_request",
    "check_enough_datasets",
    "excluded_datasets_with_reasons",
    "resolve_reference",
]

# what a refusal of the score `direction` is decided by, where no resamples are asked for
_RESAMPLES = 200


@dataclass(frozen=True)
class Request:
    """What was asked for, checked."""

    score: Score
    resamples: int
    null: int
    level: float
    context: Context

    @property
    def needed_summaries(self) -> list[str]:
        """Names of the summaries that it takes."""
        wanted = []
        if self.score.is_streaming:
            wanted.append(SUMS)
        if self.null or not self.score.is_streaming:
            wanted.append(SAMPLE)
        return wanted

    def check_answerable_from_sums(self) -> None:
        """Refuse a request that sketches cannot answer.

        Raises ParameterError: it needs images' vectors.
        """
        if not self.score.is_streaming or self.null:
            needed = "permutations need" if self.score.is_streaming else f"{self.score.name} needs"
            raise ParameterError(
                f"{needed} images' vectors, and sketches hold sums; give tables, or one of the "
                "scores cosine, paper, centred and direction without --null"
            )


def build_checked_request(
    name: str, resamples: int, null: int, level: float, context: Context
) -> Request:
    """Check the parameters of `relate`.

    Raises ParameterError: there is no such score, or a parameter is not allowed.
    """
    if resamples < 0 or null < 0 or context.sample < 2:
        raise ParameterError(
            f"{resamples} resamples, {null} permutations and samples of {context.sample} images "
            "were asked for; give 0 or more, 0 or more, and at least 2"
        )
    if not 0 < level < 1:
        raise ParameterError(f"the level is {level}; give a share between 0 and 1, such as 0.95")
    chosen = score_named(name)
    drawn = resamples or (_RESAMPLES if chosen.name == "direction" else 0)
    return Request(chosen, resamples, null, level, replace(context, resamples=drawn))


def check_enough_datasets(data: Data, left_out: Mapping[str, str] | None = None) -> None:
    """Refuse a matrix of fewer than two datasets.

    Raises ParameterError: fewer than two came, or fewer than two are left.

    Parameters
    ----------
    data
        What came, by dataset.
    left_out
        The datasets that the score cannot be taken of, each with the reason.
    """
    if len(data) < 2:
        raise ParameterError(
            f"a matrix relates datasets, but only {next(iter(data), 'no dataset')!r} came; "
            "give at least two"
        )
    if left_out and len(data) - len(left_out) < 2:
        raise ParameterError(
            f"fewer than two datasets are left: {next(iter(left_out.values()))}; "
            "give more images, or another score"
        )


def resolve_reference(
    request: Request, data: Data, reference: str | Reference | None, space: Space
) -> Request:
    """Settle what the score ``centred`` measures from.

    Raises ParameterError: there is no dataset of this name, or the score takes no reference;
    SpaceError: the reference is of another space.
    """
    if request.score.name != "centred":
        if reference is not None:
            raise ParameterError(
                f"the score {request.score.name!r} measures from the origin and takes no "
                "reference; leave it out, or take the score 'centred'"
            )
        return request
    if not isinstance(reference, Reference):
        name = min(data) if reference is None else reference
        if name not in data:
            raise ParameterError(
                f"there is no dataset {name!r} to take as reference; the table has "
                f"{', '.join(data)}"
            )
        sums = data[name].summaries[SUMS]
        reference = Reference(f"mean of {name}", sums.total[0] / sums.images[0], space)
    if reference.space is not None:
        common_space({"the reference": reference.space, "the data": space})
    return replace(request, context=replace(request.context, reference=reference))


def excluded_datasets_with_reasons(request: Request, data: Data) -> dict[str, str]:
    """Return the datasets that the score cannot be taken of, each with the reason."""
    score, found = request.score, {}
    for name, each in data.items():
        if each.count < score.fewest_images or each.scenes < score.fewest_scenes:
            found[name] = (
                f"{name} has {each.count} image(s) of {each.scenes} scene(s), and the score "
                f"{score.name!r} needs {score.fewest_images} of {score.fewest_scenes}"
            )
        elif score.name == "direction":
            value, low, _ = ceiling_with_interval(each.summaries[SUMS], request.level)
            if not low > 0:
                reach = (
                    f"{each.scenes} scenes are too few for an interval"
                    if np.isnan(low)
                    else f"the interval reaches down to {low:.2f}"
                )
                found[name] = (
                    f"{name} has no clear mean direction: its halves score {value:.2f} with each "
                    f"other, and {reach}"
                )
    return found
