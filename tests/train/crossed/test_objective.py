from __future__ import annotations

import pytest

from rainmer_analysis.distributed import DistributedContext
from rainmer_analysis.errors import ConfigError
from rainmer_analysis.train.config import parse_config
from rainmer_analysis.train.crossed import CrossedPool, CrossedTrainable


def test_several_processes_are_refused(crossed_pool: CrossedPool) -> None:
    config = parse_config(
        {
            "data": {"simulated": ["light"]},
            "crossed": {"draws": {"light": 3}, "batch_draws": 3, "batch_scenes": 2},
        }
    )
    with pytest.raises(ConfigError, match="2 were started; start one, without torchrun"):
        CrossedTrainable(config, crossed_pool, DistributedContext(world=2))
