"""Batches of views, made from the training pool in two parts (published code).

The host reads: it draws what is random, mines, and cuts 8-bit images from the pool. This can be
done ahead, in any thread. The device makes: it scales, relights, blurs, mirrors and adds weather.

The archive from which negatives are mined holds the images seen last. As the order of images is
a function of seed and position, the archive at a step is the stretch of that order before the
step's own batch, and needs neither memory nor a place in a checkpoint; what the published code
fills by an extra pass are the positions before the first step. What mining finds decides what is
read, so it is done where images are read, for all queries of a batch at once, and nobody waits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.train.config import ObjectiveConfig, TrainConfig
from rainmer_analysis.train.contrast.batch_randomness import BatchRandomness, RelatedRows
from rainmer_analysis.train.contrast.momentum_contrast import ContrastBatch, ViewImages
from rainmer_analysis.train.contrast.negatives_and_augmentations import (
    Flip,
    add_rain_residual,
    farthest_in_archive,
    flip_images,
    gaussian_blur,
    match_mean_colours,
    mean_colours,
    rain_residuals,
    singular_values,
)
from rainmer_analysis.train.data import (
    HostBatch,
    Pool,
    SamplingOrder,
    Shares,
    configured_shares,
    tensor_copy,
    to_unit_range,
    unit_range_tensor,
)

__all__ = ["ContrastBatchBuilder"]

_STATISTICS_CHUNK = 256

Rows = NDArray[np.int64]


class ContrastBatchBuilder:
    """Makes batches for the contrastive wrapper.

    Processes that share a run each make their part of the same batch: all draw the same random
    numbers for the whole batch and read the archive from the same order, and only the images of
    their own queries are made.

    Parameters
    ----------
    pool
        Training pairs.
    rows
        Rows of the pool to use.
    config
        Negatives, archive, crop, choice of positives.
    batch
        Queries per batch, of all processes.
    seed
        Of order and augmentation.
    shares
        How often each of `rows` is drawn; None for equally often.
    part
        Which queries of a batch to make; None makes all.
    """

    def __init__(
        self,
        pool: Pool,
        rows: NDArray[np.int64],
        *,
        config: ObjectiveConfig,
        batch: int,
        seed: int,
        shares: Shares | None = None,
        part: slice | None = None,
    ) -> None:
        self._pool, self._config, self._batch, self._seed = pool, config, batch, seed
        self._part = slice(None) if part is None else part
        self._order = SamplingOrder(rows, seed, 0, shares=shares)
        self._colours = torch.empty(len(pool), 3)
        self._singular = torch.empty(len(pool), 3, 32)
        for some in np.array_split(rows, max(1, len(rows) // _STATISTICS_CHUNK)):
            degraded, clean = (
                unit_range_tensor(pool.degraded[some]),
                unit_range_tensor(pool.clean[some]),
            )
            self._colours[some] = mean_colours(degraded)
            self._singular[some] = singular_values(rain_residuals(degraded, clean))
        self._tones = self._colours**config.colour_exponent
        self._related = RelatedRows(pool, rows)

    @classmethod
    def for_training(
        cls, config: TrainConfig, pool: Pool, rows: NDArray[np.int64], *, part: slice
    ) -> ContrastBatchBuilder:
        """Make the builder of a configuration; `part` is this process's share of each batch."""
        shares = configured_shares(config.data, pool, rows)
        run, objective = config.run, config.objective
        return cls(
            pool,
            rows,
            config=objective,
            batch=run.batch,
            seed=config.seed,
            shares=shares,
            part=part,
        )

    @classmethod
    def for_validation(
        cls, config: TrainConfig, pool: Pool, rows: NDArray[np.int64]
    ) -> ContrastBatchBuilder:
        """Make a builder of whole batches that draw every row equally often."""
        return cls(pool, rows, config=config.objective, batch=config.run.batch, seed=config.seed)

    def query_rows(self, number: int) -> NDArray[np.int64]:
        """Return the rows of the pool that a batch queries, those of all processes."""
        return self._order.take(number * self._batch + self._config.archive, self._batch)

    def make_batch(self, number: int) -> ContrastBatch:
        """Make a batch, or this process's part of it: a function of seed and number alone."""
        return self.build_batch(self.read_batch(number))

    def read_batch(self, number: int) -> HostBatch[Mapping[str, Flip]]:
        """Read what a batch is made of: 8-bit images, mean colours, widths of blur, mirrors."""
        draws, pool, part = self._draw_randomness(number), self._pool, self._part
        rows = draws.rows[part]
        archive = self._order.take(number * self._batch, self._config.archive)
        far = farthest_in_archive(
            self._tones[rows], self._tones[archive], self._negatives_per_view
        ).numpy()
        natives = zip(rows, draws.squares[part], strict=True)
        parts = {
            "query": tensor_copy(draws.place(pool.degraded[rows])),
            "clear": tensor_copy(draws.place(pool.clean[rows])),
            "native": torch.stack(
                [tensor_copy(cut(pool.clean_native[row])) for row, cut in natives]
            ),
            "sigmas": torch.from_numpy(draws.sigmas[part]).float().flatten(),
            "turned": torch.from_numpy(draws.turned[part]).flatten(0, 1),
            "colours": self._colours[rows],
            "lights": self._colours[archive[far]],
            **self._read_degradation_parts(rows, archive, draws),
        }
        return HostBatch(parts, draws.flips)

    def build_batch(self, read: HostBatch[Mapping[str, Flip]]) -> ContrastBatch:
        """Make a batch of what was read for it, on the device where that lies."""
        parts, flips = read.parts, read.plan
        query, clean = to_unit_range(parts["query"]), to_unit_range(parts["clear"])
        relit = match_mean_colours(query, parts["colours"], parts["lights"])
        alike = to_unit_range(parts["alike"]) if "alike" in parts else query
        unlike = _negatives_with_other_rain(parts, clean)
        return ContrastBatch(
            query,
            {
                "detail": ViewImages(query, _blur_clean_crops(parts, self._negatives_per_view)),
                "chromatic": ViewImages(flips["light"](clean), flips["relit"](relit)),
                "degradation": ViewImages(flips["alike"](alike), flips["unlike"](unlike)),
            },
        )

    def _draw_randomness(self, number: int) -> BatchRandomness:
        rng = np.random.default_rng([self._seed, 1, number])
        rows = self.query_rows(number)
        return BatchRandomness.draw(
            rows, rng, pool=self._pool, related=self._related, config=self._config
        )

    @property
    def _negatives_per_view(self) -> int:
        return self._config.negatives_per_view

    def _read_degradation_parts(
        self, rows: Rows, archive: Rows, draws: BatchRandomness
    ) -> dict[str, Tensor]:
        """Read what the degradation view compares with, beside the query."""
        pool, found = self._pool, {}
        if draws.alike is not None:
            others, place = draws.alike
            found["alike"] = tensor_copy(place(pool.degraded[others[self._part]]))
        if draws.unlike is not None:
            others, place = draws.unlike
            return found | {"unlike": tensor_copy(place(pool.degraded[others[self._part]]))}
        near = farthest_in_archive(
            self._singular[rows], self._singular[archive], self._negatives_per_view
        ).numpy()
        others = archive[near]
        # The same square as the query's, so that a residual lies on the place that it fell on.
        return found | {
            "rainy": tensor_copy(draws.place(pool.degraded[others])),
            "dry": tensor_copy(draws.place(pool.clean[others])),
        }


def _negatives_with_other_rain(parts: Mapping[str, Tensor], clean: Tensor) -> Tensor:
    if "unlike" in parts:
        return to_unit_range(parts["unlike"])
    return add_rain_residual(
        clean, rain_residuals(to_unit_range(parts["rainy"]), to_unit_range(parts["dry"]))
    )


def _blur_clean_crops(parts: Mapping[str, Tensor], count: int) -> Tensor:
    """Blur each crop of a clean image at native scale differently, mirror each: [B, n, ...]."""
    crops = to_unit_range(parts["native"])
    several = crops.repeat_interleave(count, dim=0)
    blurred = flip_images(gaussian_blur(several, parts["sigmas"]), parts["turned"])
    return blurred.reshape(len(crops), count, *crops.shape[1:])
