from __future__ import annotations

from pathlib import Path

import torch

from rainmer_analysis.train import DistributedContext, describe_hardware
from rainmer_analysis.train.model_card_text import _last_logged_numbers


def test_hardware_tells_how_many_processes() -> None:
    assert describe_hardware(DistributedContext(world=2)).endswith(
        f", 2 processes, torch {torch.__version__}"
    )
    assert "thread(s)" in describe_hardware()
    assert "processes" not in describe_hardware()


def test_held_out_numbers_are_those_of_the_kept_weights(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("step,loss,held_out_loss\n2,3,0.5\n4,2,0.7\n5,1,\n", encoding="utf-8")
    assert _last_logged_numbers(log, 2) == {"step": "5", "loss": "1", "held_out_loss": "0.5"}
    assert _last_logged_numbers(log, 4)["held_out_loss"] == "0.7"
    assert "held_out_loss" not in _last_logged_numbers(log, 5)
    assert _last_logged_numbers(tmp_path / "absent.csv", 2) == {}
