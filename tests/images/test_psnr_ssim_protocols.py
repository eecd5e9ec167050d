"""Every protocol's PSNR and SSIM against a second implementation that shares no code with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.image_and_pair_measures import psnr_y
from rainmer_analysis.images.psnr_ssim import psnr, rainmer_ssim, ssim
from rainmer_analysis.images.psnr_ssim_protocols import (
    PROTOCOLS,
    crop_border,
    measure_by_every_protocol,
)

Array = np.ndarray


@pytest.fixture(scope="module", params=[(45, 60), (390, 400)], ids=["small", "large"])
def images(request: pytest.FixtureRequest) -> tuple[Array, Array]:
    """A smooth image, and one with streaks and noise, not of whole levels."""
    rng = np.random.default_rng(0)
    height, width = request.param
    rows, columns = np.mgrid[:height, :width]
    target = np.stack(
        [0.5 + 0.4 * np.sin(rows / (9 + c) + columns / (17 - 3 * c)) for c in (0, 1, 2)]
    )
    streaks = (rng.random((height, width)) > 0.97) * 0.3
    noisy = target + streaks + 0.03 * rng.standard_normal(target.shape)
    return np.clip(noisy, 0, 1), np.clip(target, 0, 1)


def stored(image: Array) -> Array:
    """8-bit RGB, [H, W, 3]."""
    return (image.transpose(1, 2, 0) * 255).round().clip(0, 255).astype(np.uint8)


def by_torch(first: Array, second: Array, *, mode: str = "valid") -> float:
    """SSIM of planes [C, H, W] with a gaussian window, as a convolution of float64 tensors."""
    axis = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    window = torch.outer(axis, axis)[None, None] / axis.sum() ** 2
    x, y = (torch.from_numpy(np.asarray(each, np.float64))[:, None] for each in (first, second))
    if mode == "replicate":
        x, y = (F.pad(each, (5, 5, 5, 5), mode="replicate") for each in (x, y))
    mx, my, xx, yy, xy = (F.conv2d(each, window) for each in (x, y, x * x, y * y, x * y))
    c1, c2 = 6.5025, 58.5225
    top = (2 * mx * my + c1) * (2 * (xy - mx * my) + c2)
    below = (mx**2 + my**2 + c1) * (xx - mx**2 + yy - my**2 + c2)
    return float((top / below).mean())


def luma_by_hand(image: Array) -> Array:
    """Y on 16 to 235 from levels of 0 to 255, [1, H, W]."""
    red, green, blue = image.astype(np.float64)
    return (16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255)[None]


def matlab(image: Array) -> Array:
    """The luma of MATLAB's rgb2ycbcr for uint8, by scikit-image: whole levels."""
    return np.rint(rgb2ycbcr(stored(image))[..., 0])[None]


def planes(image: Array) -> Array:
    return stored(image).transpose(2, 0, 1).astype(np.float64)


def db(first: Array, second: Array) -> float:
    return 20 * np.log10(255) - 10 * np.log10(np.mean((first - second) ** 2))


def pooled(image: Array) -> Array:
    square = max(1, round(min(image.shape[1:]) / 256))
    given = torch.from_numpy(0.256789 * image[0] + 0.504129 * image[1] + 0.097906 * image[2])
    return F.avg_pool2d(given[None, None] * 255 + 16, square)[0].numpy()


SECOND: dict[str, Callable[[Array, Array], tuple[float, float]]] = {
    "matlab-y": lambda a, b: (db(matlab(a), matlab(b)), by_torch(matlab(a), matlab(b))),
    "matlab-y-builtin": lambda a, b: (
        db(matlab(a), matlab(b)),
        by_torch(matlab(a), matlab(b), mode="replicate"),
    ),
    "basicsr-y": lambda a, b: (
        db(luma_by_hand(planes(a)), luma_by_hand(planes(b))),
        by_torch(luma_by_hand(planes(a)), luma_by_hand(planes(b))),
    ),
    "basicsr-rgb": lambda a, b: (
        peak_signal_noise_ratio(stored(b), stored(a)),
        by_torch(planes(a), planes(b)),
    ),
    "skimage-rgb": lambda a, b: (
        peak_signal_noise_ratio(stored(b), stored(a)),
        structural_similarity(stored(a), stored(b), channel_axis=2),
    ),
    "rgb-float": lambda a, b: (db(a * 255, b * 255), by_torch(a * 255, b * 255)),
    "rainmer": lambda a, b: (
        db(luma_by_hand(a * 255), luma_by_hand(b * 255)),
        by_torch(pooled(a), pooled(b)),
    ),
}


def test_every_protocol_has_a_second_implementation() -> None:
    assert list(SECOND) == list(PROTOCOLS)
    assert all(each.used.endswith(".") for each in PROTOCOLS.values())


@pytest.mark.parametrize("name", SECOND)
def test_second_implementations(images: tuple[Array, Array], name: str) -> None:
    found = measure_by_every_protocol(*images)[name]
    ratio, similarity = SECOND[name](*images)
    assert found.psnr == pytest.approx(ratio, abs=1e-3)
    assert found.ssim == pytest.approx(similarity, abs=1e-4)


def test_protocols_differ_where_they_should(images: tuple[Array, Array]) -> None:
    found = measure_by_every_protocol(*images)
    ratios = {name: each.psnr for name, each in found.items()}
    assert ratios["matlab-y"] == ratios["matlab-y-builtin"]
    assert ratios["basicsr-rgb"] == ratios["skimage-rgb"]
    different = {
        ratios[k] for k in ("matlab-y", "basicsr-y", "basicsr-rgb", "rgb-float", "rainmer")
    }
    assert len(different) == 5
    assert ratios["matlab-y"] - ratios["basicsr-rgb"] > 0.5
    large = images[0].shape[1] >= 384
    assert len({each.ssim for each in found.values()}) == len(found)
    assert (abs(found["rainmer"].ssim - found["basicsr-y"].ssim) > 1e-3) == large


def test_the_named_qualities_are_two_of_the_protocols(images: tuple[Array, Array]) -> None:
    found = measure_by_every_protocol(*images)
    assert found["matlab-y"].psnr == pytest.approx(psnr(*images), abs=1e-9)
    assert found["matlab-y"].ssim == pytest.approx(ssim(*images), abs=1e-9)
    assert found["rainmer"].psnr == pytest.approx(psnr_y(*images), abs=1e-4)
    assert found["rainmer"].ssim == pytest.approx(rainmer_ssim(*images), abs=1e-9)


def test_a_border_is_left_out_of_everything(images: tuple[Array, Array]) -> None:
    damaged = images[1].copy()
    damaged[:, :4] = damaged[:, :, -4:] = 0
    inside = measure_by_every_protocol(damaged, images[1], border=4)
    assert all((each.psnr, each.ssim) == (np.inf, 1.0) for each in inside.values())
    cut = [np.ascontiguousarray(each[:, 3:-3, 3:-3]) for each in images]
    assert measure_by_every_protocol(*images, border=3) == measure_by_every_protocol(*cut)
    assert crop_border(images[0], 0).shape == images[0].shape


@pytest.mark.parametrize("border", [-1, 18, 500])
def test_borders_that_leave_nothing_are_refused(border: int) -> None:
    image = np.zeros((3, 45, 60))
    with pytest.raises(ParameterError, match=r"off 60x45 pixels; give a number from 0 up that"):
        measure_by_every_protocol(image, image, border=border)
