from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rainmer_analysis.train.contrast.negatives_and_augmentations import (
    add_rain_residual,
    farthest_in_archive,
    match_mean_colours,
    mean_colours,
    rain_residuals,
    singular_values,
)


@pytest.fixture(scope="module")
def mined(oracle: Path) -> dict[str, Tensor]:
    with np.load(oracle / "mining_io.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def test_chromatic_negatives_are_the_published_ones(mined: dict[str, Tensor]) -> None:
    own, archive = mean_colours(mined["inp"]), mean_colours(mined["arch_i"])
    chosen = farthest_in_archive(own, archive, 4)
    assert torch.equal(chosen, mined["chr_idx"])
    made = match_mean_colours(mined["inp"], own, archive[chosen])
    torch.testing.assert_close(made, mined["chr_neg"], atol=1e-6, rtol=0)


def test_degradation_negatives_are_the_published_ones(mined: dict[str, Tensor]) -> None:
    own = singular_values(rain_residuals(mined["inp"], mined["tar"]))
    torch.testing.assert_close(own, mined["svd"], atol=1e-5, rtol=1e-5)
    archived = rain_residuals(mined["arch_i"], mined["arch_t"])
    values = singular_values(archived)
    distance = (own[:, None] - values[None]).abs().sum(dim=(2, 3))
    torch.testing.assert_close(distance, mined["svd_dist"], atol=1e-3, rtol=1e-5)
    chosen = farthest_in_archive(own, values, 4)
    assert torch.equal(chosen, mined["deg_idx"])
    made = add_rain_residual(mined["tar"], archived[chosen])
    torch.testing.assert_close(made, mined["deg_neg"], atol=1e-6, rtol=0)


def test_relighting_to_the_own_colour_changes_nothing() -> None:
    images = torch.rand(2, 3, 9, 7)
    own = mean_colours(images)
    torch.testing.assert_close(match_mean_colours(images, own, own[:, None])[:, 0], images)


def test_relighting_reaches_the_wanted_colour_where_nothing_is_clamped() -> None:
    images = torch.rand(1, 3, 9, 7) * 0.2
    wanted = torch.tensor([[[0.05, 0.1, 0.02]]])
    made = match_mean_colours(images, mean_colours(images), wanted)
    torch.testing.assert_close(mean_colours(made[:, 0]), wanted[:, 0], atol=1e-4, rtol=0)


def test_singular_values_know_a_residual_of_rank_one() -> None:
    row, column = torch.rand(128), torch.rand(128)
    image = (row[:, None] * column).expand(1, 3, 128, 128)
    values = singular_values(image)
    assert (values[..., 1:] < 1e-4).all()
    # Nearest reduction keeps every fourth pixel.
    torch.testing.assert_close(values[0, 0, 0], row[::4].norm() * column[::4].norm())
