"""What a restorer brings: means, intervals over scenes, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.findings.gain_over_scenes import (
    KnownPair,
    QualityBeforeAfter,
    mean_gains,
    qualities_before_and_after,
)
from rainmer_analysis.errors import ParameterError
from rainmer_analysis.images.psnr_ssim import QUALITIES, psnr, rainmer_ssim


def row(dataset: str, scene: str, gain: float, before: float = 20.0) -> QualityBeforeAfter:
    return QualityBeforeAfter(
        dataset,
        scene,
        dict.fromkeys(QUALITIES, before),
        dict.fromkeys(QUALITIES, before + gain),
    )


class Darkens:
    def restore(self, images: np.ndarray) -> np.ndarray:
        return images * np.float32(0.9)


def test_images_are_restored_and_compared_with_their_targets() -> None:
    restorer = Darkens()
    rng = np.random.default_rng(0)
    degraded, target = rng.random((2, 3, 24, 30), dtype=np.float32)
    (found,) = qualities_before_and_after([KnownPair("rain", "street", degraded, target)], restorer)
    restored = restorer.restore(degraded[None])[0]
    assert (found.dataset, found.scene) == ("rain", "street")
    assert found.before["psnr"] == psnr(degraded, target)
    assert found.after["psnr"] == psnr(restored, target) != found.before["psnr"]
    assert found.after["rainmer_ssim"] == rainmer_ssim(restored, target)


def test_means_are_over_images_and_intervals_over_scenes() -> None:
    """Ten images of one scene vary as one scene does: by nothing where all scenes gain alike."""
    rows = [row("a", f"scene {k}", float(k % 2), before=float(k)) for k in range(20)]
    rows += [row("b", "one scene", 3.0 * k) for k in range(10)]
    found = mean_gains(rows, "psnr")
    assert list(found) == ["a", "b"]
    a, b = found["a"], found["b"]
    assert (a.images, a.scenes, b.images, b.scenes) == (20, 20, 10, 1)
    assert a.before == pytest.approx(9.5)
    assert a.after == pytest.approx(10.0)
    assert a.gain == pytest.approx(0.5)
    # the mean of 20 fair coins, whose deviation is 0.5 / sqrt(20)
    assert a.low == pytest.approx(0.5 - 1.96 * 0.1118, abs=0.03)
    assert a.high == pytest.approx(0.5 + 1.96 * 0.1118, abs=0.03)
    assert (b.gain, b.low, b.high) == pytest.approx((13.5, 13.5, 13.5))


def test_a_scene_of_two_datasets_is_drawn_for_both() -> None:
    """What one dataset gains where the other loses cancels in each resample."""
    gains = np.random.default_rng(1).normal(size=12)
    rows = [row("a", str(k), float(gain)) for k, gain in enumerate(gains)]
    rows += [row("b", str(k), -float(gain)) for k, gain in enumerate(gains)]
    both = mean_gains(rows, "ssim", sets={"both": ("a", "b")})["both"]
    assert both.images == 24
    assert both.scenes == 12
    assert (both.gain, both.low, both.high) == pytest.approx((0, 0, 0), abs=1e-12)
    apart = [row(each.dataset, each.dataset + each.scene, each.after["ssim"] - 20) for each in rows]
    alone = mean_gains(apart, "ssim", sets={"both": ("a", "b")})["both"]
    assert alone.high - alone.low > 0.3


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    rows = [row("ab"[k % 2], f"{k // 2}", float(rng.normal())) for k in range(20)]
    rows += [row("b", f"b {k}", float(rng.normal())) for k in range(5)]
    rows += [row("a", f"a {k}", float(rng.normal())) for k in range(7)]
    first = mean_gains(rows, "psnr", seed=3)
    second = mean_gains(rows[::-1], "psnr", seed=3)
    for name, gain in first.items():
        assert (gain.low, gain.high) == pytest.approx((second[name].low, second[name].high))
    assert mean_gains(rows, "psnr", seed=4)["a"].low != first["a"].low


@pytest.mark.parametrize(
    ("rows", "quality", "more", "said"),
    [
        ([], "psnr", {}, "0 images"),
        ([row("a", "1", 1.0)], "beauty", {}, "'beauty'"),
        ([row("a", "1", 1.0), row("a", "2", math.inf)], "psnr", {}, "1 of 2 images is not finite"),
        ([row("a", "1", 1.0)], "psnr", {"level": 1.0}, "level 1.0"),
        ([row("a", "1", 1.0)], "psnr", {"sets": {"rest": ("b",)}}, "'rest' has no image"),
    ],
)
def test_bad_requests_are_refused(
    rows: list[QualityBeforeAfter], quality: str, more: dict[str, object], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        mean_gains(rows, quality, **more)  # type: ignore[arg-type]
