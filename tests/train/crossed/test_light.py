"""Numbers of light: against the definition, and laws of a distribution."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rainmer_analysis.train.crossed.image_descriptors import LIGHT, describe_light


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(4, 3, 16, 24, generator=torch.Generator().manual_seed(1))


def test_numbers_are_quantiles_of_colours(images: torch.Tensor) -> None:
    found = describe_light(images)
    assert found.shape == (4, len(LIGHT))
    red, green, blue = images[2].numpy().astype(np.float64)
    for name, values in {
        "green_75": np.sqrt(green),
        "red_green_25": red - green,
        "yellow_blue_95": (red + green) / 2 - blue,
    }.items():
        level = int(name.rsplit("_", 1)[1]) / 100
        expected = np.quantile(values, level) / np.sqrt(5)
        assert float(found[2, LIGHT.index(name)]) == pytest.approx(expected, abs=1e-6)


def test_where_the_colours_are_does_not_matter(images: torch.Tensor) -> None:
    order = torch.randperm(16 * 24, generator=torch.Generator().manual_seed(2))
    moved = images.flatten(2)[:, :, order].reshape(images.shape)
    assert torch.allclose(describe_light(images), describe_light(moved), atol=1e-6)


def test_distance_of_grey_levels_is_that_of_their_roots() -> None:
    """Constant images: each distribution is one value, and the opponent colours are 0."""
    dark, bright = (torch.full((1, 3, 16, 16), level) for level in (0.25, 0.81))
    distance = torch.dist(describe_light(dark), describe_light(bright))
    assert float(distance) == pytest.approx(0.4 * np.sqrt(3), abs=1e-5)
