from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from rainmer_analysis.train.contrast.negatives_and_augmentations import (
    Flip,
    flip_images,
    gaussian_blur,
)


def test_blur_agrees_with_another_implementation() -> None:
    images = (torch.rand(2, 3, 24, 31) * 255).round() / 255
    sigmas = torch.tensor([0.5, 1.7])
    made = gaussian_blur(images, sigmas).numpy()
    for image, sigma, own in zip(images.numpy(), sigmas.tolist(), made, strict=True):
        weights = np.exp(-(np.arange(-5, 6) ** 2) / (2 * sigma**2))
        weights /= weights.sum()
        for axis in (1, 2):
            image = ndimage.correlate1d(image, weights, axis=axis, mode="mirror")
        assert np.abs(own - np.rint(image * 255) / 255).max() <= 1 / 255 + 1e-6
        assert np.abs(own - image).max() <= 0.51 / 255


def test_blur_keeps_a_flat_image() -> None:
    image = torch.full((1, 3, 16, 16), 100 / 255)
    torch.testing.assert_close(gaussian_blur(image, torch.tensor([2.0])), image)


def test_flips_take_every_orientation_and_keep_the_pixels() -> None:
    rng = np.random.default_rng(1)
    image = torch.arange(12.0).reshape(1, 1, 3, 4)
    seen = {tuple(Flip.draw(rng)(image).flatten().tolist()) for _ in range(60)}
    assert len(seen) == 4
    assert all(sorted(values) == list(range(12)) for values in seen)


def test_each_image_has_its_own_flip() -> None:
    image = torch.arange(12.0).reshape(1, 1, 3, 4).expand(40, 1, 3, 4)
    turned = torch.from_numpy(np.random.default_rng(2).random((40, 2)) < 0.5)
    made = flip_images(image, turned)
    across, upside = turned[0]
    expected = image[0].flip([axis for axis, yes in ((-1, across), (-2, upside)) if yes])
    assert torch.equal(made[0], expected)
    assert len({tuple(one.flatten().tolist()) for one in made}) == 4
