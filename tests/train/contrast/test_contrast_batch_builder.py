from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from rainmer_analysis.errors import ParameterError, TrainingError
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast.contrast_batch_builder import ContrastBatchBuilder
from rainmer_analysis.train.contrast.contrastive_losses import VIEWS
from rainmer_analysis.train.contrast.momentum_contrast import ContrastBatch
from rainmer_analysis.train.contrast.negatives_and_augmentations import mean_colours
from rainmer_analysis.train.data import Pool, SamplingOrder, unit_range_tensor


def builder(pool: Pool, config: TrainConfig, *, seed: int = 3) -> ContrastBatchBuilder:
    rows = np.arange(len(pool))
    return ContrastBatchBuilder(pool, rows, config=config.objective, batch=2, seed=seed)


def same(a: ContrastBatch, b: ContrastBatch) -> bool:
    return torch.equal(a.query, b.query) and all(
        torch.equal(a.views[v].positive, b.views[v].positive)
        and torch.equal(a.views[v].negatives, b.views[v].negatives)
        for v in VIEWS
    )


def test_a_batch_is_a_function_of_seed_and_step(
    pool: Pool, settings: Callable[..., TrainConfig]
) -> None:
    one, two = builder(pool, settings()), builder(pool, settings())
    two.make_batch(4)
    assert same(one.make_batch(7), two.make_batch(7))
    assert not same(one.make_batch(7), one.make_batch(8))
    assert not same(one.make_batch(7), builder(pool, settings(), seed=4).make_batch(7))


@pytest.mark.parametrize("crop", [16, 128])
def test_shapes_and_range(crop: int, pool: Pool, settings: Callable[..., TrainConfig]) -> None:
    batch = builder(pool, settings(objective={"crop": crop})).make_batch(0)
    assert batch.query.shape == (2, 3, crop, crop)
    for view in VIEWS:
        assert batch.views[view].positive.shape == (2, 3, crop, crop)
        assert batch.views[view].negatives.shape == (2, 4, 3, crop, crop)
        assert float(batch.views[view].negatives.min()) >= 0
        assert float(batch.views[view].negatives.max()) <= 1


def test_published_views_of_whole_images(pool: Pool, settings: Callable[..., TrainConfig]) -> None:
    batch = builder(pool, settings(objective={"crop": 128})).make_batch(1)
    rows = [
        int(
            np.flatnonzero([torch.equal(q, unit_range_tensor(image)) for image in pool.degraded])[0]
        )
        for q in batch.query
    ]
    clean = unit_range_tensor(pool.clean[rows])
    sums = {"chromatic": clean, "degradation": batch.query}
    assert torch.equal(batch.views["detail"].positive, batch.query)
    for view, expected in sums.items():
        positive = batch.views[view].positive
        torch.testing.assert_close(mean_colours(positive), mean_colours(expected))
        flips = [expected.flip(axes) for axes in ([], [-1], [-2], [-1, -2])]
        assert any(torch.equal(positive, one) for one in flips)


def test_same_degradation_takes_another_scene_of_the_dataset(
    pool: Pool, settings: Callable[..., TrainConfig]
) -> None:
    batch = builder(
        pool, settings(objective={"crop": 128, "positives": "same-degradation"})
    ).make_batch(0)
    colours = mean_colours(unit_range_tensor(pool.degraded))

    def row(image: torch.Tensor) -> int:
        return int((colours - mean_colours(image[None])).abs().sum(dim=1).argmin())

    for query, positive in zip(batch.query, batch.views["degradation"].positive, strict=True):
        assert pool.datasets[row(query)] == pool.datasets[row(positive)]
        assert pool.scene_of_each_row[row(query)] != pool.scene_of_each_row[row(positive)]


def test_same_scene_comes_first_among_other_datasets(
    pool: Pool, settings: Callable[..., TrainConfig]
) -> None:
    batch = builder(pool, settings(objective={"crop": 128, "negatives": "same-scene"})).make_batch(
        0
    )
    colours = mean_colours(unit_range_tensor(pool.degraded))

    def row(image: torch.Tensor) -> int:
        return int((colours - mean_colours(image[None])).abs().sum(dim=1).argmin())

    for query, negatives in zip(batch.query, batch.views["degradation"].negatives, strict=True):
        rows = [row(image) for image in negatives]
        assert pool.scene_of_each_row[rows[0]] == pool.scene_of_each_row[row(query)]
        assert all(pool.datasets[one] != pool.datasets[row(query)] for one in rows)


def test_same_scene_needs_two_datasets(pool: Pool, settings: Callable[..., TrainConfig]) -> None:
    lonely = Pool(
        **{
            name: getattr(pool, name)
            for name in (
                "degraded",
                "clean",
                "degraded_native",
                "clean_native",
                "scene_of_each_row",
                "digest",
            )
        },
        datasets=("light",) * len(pool),
    )
    with pytest.raises(TrainingError, match="at least two datasets"):
        builder(lonely, settings(objective={"negatives": "same-scene"})).make_batch(0)


def test_an_epoch_holds_every_row_once() -> None:
    order = SamplingOrder(np.array([4, 7, 9]), 1)
    for epoch in range(4):
        assert sorted(order.take(3 * epoch, 3).tolist()) == [4, 7, 9]
    assert order.take(2, 3).tolist() == [*order.take(2, 1), *order.take(3, 2)]


def test_no_rows_are_refused() -> None:
    with pytest.raises(ParameterError, match="no training rows"):
        SamplingOrder(np.array([], dtype=np.int64), 1)
