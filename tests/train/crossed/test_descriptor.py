from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.train.crossed import DESCRIPTOR, describe_degradation


def _scene() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.repeat(rng.uniform(0.1, 0.6, (1, 64, 64)), 3, axis=0).astype(np.float32)


def _described(degraded: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    return dict(zip(DESCRIPTOR, describe_degradation(degraded, clean).tolist(), strict=True))


def test_an_unchanged_image_has_no_residual_and_all_its_contrast() -> None:
    found = _described(_scene(), _scene())
    assert all(found[name] == 0 for name in DESCRIPTOR if "residual" in name or "ening" in name)
    assert found["contrast_1"] == pytest.approx(1.0, abs=0.02)
    assert found["anisotropy"] == 0


def test_a_veil_takes_contrast_and_adds_light() -> None:
    found = _described(0.5 * _scene() + 0.4, _scene())
    assert found["contrast_1"] == pytest.approx(0.5, abs=0.02)
    assert found["mean_residual"] > 0.1
    assert found["darkening"] == 0


def test_darkness_has_the_other_sign() -> None:
    found = _described(0.5 * _scene(), _scene())
    assert found["mean_residual"] < -0.1
    assert found["brightening"] == 0


def test_streaks_have_a_direction_and_a_scale() -> None:
    fine, coarse = (np.zeros((3, 64, 64), np.float32) for _ in range(2))
    fine[:, :, ::8] = 0.3
    coarse[:, :, 16:48] = 0.3
    along, across = _scene() + fine, _scene() + fine.transpose(0, 2, 1)
    vertical, horizontal = _described(along, _scene()), _described(across, _scene())
    assert vertical["anisotropy"] > 1
    assert horizontal["anisotropy"] == pytest.approx(-vertical["anisotropy"], rel=0.05)
    wide = _described(_scene() + coarse, _scene())
    assert vertical["residual_1"] > 2 * wide["residual_1"]
    assert wide["residual_coarse"] > vertical["residual_coarse"]


@pytest.mark.parametrize("shape", [(3, 60, 64), (64, 64), (3, 64, 32)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match="divisible by 16"):
        describe_degradation(np.zeros(shape, np.float32), np.zeros((3, 64, 64), np.float32))
