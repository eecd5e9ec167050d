"""A table to a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from rainmer_analysis.scores.dataset_summaries import Summariser, Table, summaries_by_dataset
from rainmer_analysis.scores.matrix_cells import Cells, compare_dataset_pairs, permutation_p_and_q
from rainmer_analysis.scores.measures import merge_samples, sample_first_images
from rainmer_analysis.scores.relate_request import (
    Request,
    build_checked_request,
    check_enough_datasets,
    excluded_datasets_with_reasons,
    resolve_reference,
)
from rainmer_analysis.scores.score import SAMPLE, SUMS, Context, Data, Floats, Reference
from rainmer_analysis.scores.score_registry import DEFAULT_SCORE
from rainmer_analysis.scores.streaming import (
    Sketch,
    ceiling_with_interval,
    merge_sums,
    sum_scenes,
    summaries_of_sketches,
)
from rainmer_analysis.values import RelationshipMatrix, Space

__all__ = ["relate"]

_SUMMARISERS = {
    SUMS: Summariser(sum_scenes, merge_sums),
    SAMPLE: Summariser(sample_first_images, merge_samples),
}


def relate(
    table: Table | Sketch | tuple[Sketch, ...] | list[Sketch],
    *,
    score: str = DEFAULT_SCORE,
    resamples: int = 0,
    null: int = 0,
    reference: str | Reference | None = None,
    sample: int = 500,
    level: float = 0.95,
    seed: int = 42,
) -> RelationshipMatrix:
    """Score every pair of a table's datasets.

    Rows are summarised in batches, one pass in all; then k (k + 1) / 2 summaries are compared.
    Cosines are sums over all rows; the other scores look at a seeded sample of each dataset.

    Parameters
    ----------
    table
        At least two datasets; a `TableStream` need not fit into memory. Sketches stand for the
        tables they were made of.
    score
        A name in `SCORES`.
    resamples
        Above 0: intervals of every cell and ceilings of every dataset, over scenes. Streaming
        scores take as many bootstrap resamples; the others take 16 cuts into halves, whatever
        the number.
    null
        Above 0: as many permutations of scenes for every pair, of the sample, and their p, and q
        adjusted over all pairs.
    reference
        Of the score ``centred``: a dataset of the table, whose mean is subtracted, or a named
        mean. By default the dataset that comes first in the alphabet.
    sample
        Images of each dataset that a sample holds at most.
    level
        Coverage of intervals.
    seed
        Seed of resamples, samples, cuts and permutations.

    Returns
    -------
    RelationshipMatrix
        Datasets in the order of their first rows. A cell whose datasets are too small for the
        score, or whose direction is not known, is missing (NaN); ``parameters["left_out"]`` says
        why.

    Raises
    ------
    ParameterError
        There is no such score, a parameter is not allowed, or fewer than two datasets are left.
    SpaceError
        Sketches or rows of different spaces came together.
    """
    request = build_checked_request(
        score, resamples, null, level, Context(seed=seed, sample=sample)
    )
    # one thread multiplies: sums over several differ in their last bits by their number
    with threadpool_limits(1, user_api="blas"):
        data, space, content = _gather_summaries_space_and_digest(table, request)
        check_enough_datasets(data)
        request = resolve_reference(request, data, reference, space)
        left_out = excluded_datasets_with_reasons(request, data)
        check_enough_datasets(data, left_out)
        return _compute_matrix(request, data, left_out, space, content)


def _gather_summaries_space_and_digest(table: Any, request: Request) -> tuple[Data, Space, Any]:
    """Gather what the request takes of each dataset, with the space and the data's identity."""
    if isinstance(table, Sketch | tuple | list):
        sketches = (table,) if isinstance(table, Sketch) else tuple(table)
        request.check_answerable_from_sums()
        return summaries_of_sketches(sketches, request.resamples, request.context)
    data = summaries_by_dataset(
        table,
        {name: _SUMMARISERS[name] for name in request.needed_summaries},
        request.context,
        keep_scenes_whole=request.score.whole_scenes or request.resamples > 0,
        with_sampling_order=SAMPLE in request.needed_summaries,
    )
    return data, table.space, table.content_sha256


def _compute_matrix(
    request: Request, data: Data, left_out: Mapping[str, str], space: Space, content: Any
) -> RelationshipMatrix:
    kept = {name: each for name, each in data.items() if name not in left_out}
    cells = compare_dataset_pairs(
        request.score,
        data,
        kept,
        request.context,
        level=request.level,
        bounds=request.resamples > 0,
    )
    p = q = None
    if request.null:
        p, q = permutation_p_and_q(
            request.score, data, kept, request.context, permutations=request.null
        )
    return RelationshipMatrix(
        cells.values,
        tuple(data),
        request.score.name,
        space,
        tuple(each.count for each in data.values()),
        tuple(each.scenes for each in data.values()),
        symmetric=request.score.symmetric,
        parameters=_matrix_parameters(request, content, left_out),
        low=cells.low,
        high=cells.high,
        p=p,
        q=q,
        ceilings=_ceilings_with_intervals(request, data, cells),
    )


def _ceilings_with_intervals(request: Request, data: Data, cells: Cells) -> Floats | None:
    """Return what two halves of each dataset score, where that is not 0 or 1 by definition."""
    if not request.resamples or not request.score.is_streaming:
        return None
    if request.score.whole_scenes:  # the diagonal is of different scenes already
        assert cells.low is not None
        assert cells.high is not None
        return np.array([np.diag(each) for each in (cells.values, cells.low, cells.high)]).T
    return np.array(
        [ceiling_with_interval(each.summaries[SUMS], request.level) for each in data.values()]
    )


def _matrix_parameters(
    request: Request, content: Any, left_out: Mapping[str, str]
) -> dict[str, Any]:
    parameters: dict[str, Any] = {"table": content, "similarity": request.score.similarity}
    if request.resamples:
        parameters |= {"level": request.level, "resamples": request.resamples}
        parameters["interval"] = (
            "bootstrap of scenes" if request.score.is_streaming else "subsamples of scenes"
        )
    if request.null:
        parameters["null"] = request.null
    if SAMPLE in request.needed_summaries:
        parameters["sample"] = request.context.sample
    if request.resamples or SAMPLE in request.needed_summaries or request.score.name == "direction":
        parameters["seed"] = request.context.seed
    if request.context.reference is not None:
        reference = request.context.reference
        parameters["reference"] = {"name": reference.name, "mean": reference.mean.tolist()}
    if left_out:
        parameters["left_out"] = dict(left_out)
    return parameters
