from __future__ import annotations

import torch

from rainmer_analysis.train import Place, hardware


def test_hardware_tells_how_many_processes() -> None:
    assert hardware(Place(world=2)).endswith(f", 2 processes, torch {torch.__version__}")
    assert "thread(s)" in hardware()
    assert "processes" not in hardware()
