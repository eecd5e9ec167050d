"""A few crossed blocks of noise, each draw with a brightness of its own."""

from __future__ import annotations

import numpy as np
import pytest

from rainmer_analysis.train.crossed import CrossedPool


@pytest.fixture(scope="session")
def crossed_pool() -> CrossedPool:
    rng = np.random.default_rng(0)
    blocks, draws, scenes = 4, 3, 3
    levels = rng.integers(20, 200, (blocks, draws, 1, 1, 1, 1))
    noise = rng.integers(0, 50, (blocks, draws, scenes, 3, 128, 128))
    return CrossedPool(
        images=(levels + noise).astype(np.uint8),
        descriptors=rng.normal(size=(blocks, draws, scenes, 12)).astype(np.float32),
        draws=(("light", "heavy", "clear"),) * blocks,
        block_scenes=tuple(tuple(f"{b}/{s}" for s in range(scenes)) for b in range(blocks)),
        validation=(False, False, False, True),
        digest="0" * 64,
    )
