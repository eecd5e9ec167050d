"""The published forward pass, on small networks with the published architecture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from rainmer_analysis.model.restorer import Replay, Restorer
from rainmer_analysis.model.restorer.weights import build_restorer, load_restorer

VARIANTS = ("Rainmer_SA_chralpha", "Rainmer_SA_detgalpha")
# Standard deviation of what the small networks add to an image: the scale of all differences.
RESIDUAL = 0.0215


def arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    with np.load(path) as stored:
        return dict(stored)


def load(shared: Path, variant: str, *, ties: str) -> Restorer:
    return build_restorer(load_restorer(shared / "oracle" / f"tiny_{variant}.pth", ties=ties))


@torch.inference_mode()
def differences(restorer: Restorer, io: dict[str, NDArray[np.float32]]) -> Tensor:
    """Largest and mean difference of each of the three published outputs, [3, 2]."""
    found = []
    for given, prompt, out in (
        ("in_64", "q_64", "out_64"),
        ("in_odd", "q_odd", "out_odd"),
        ("in_64", None, "out_noadapt_64"),
    ):
        prompts = None if prompt is None else torch.from_numpy(io[prompt])
        result = restorer(torch.from_numpy(io[given]), prompts)
        off = (result - torch.from_numpy(io[out])).abs()
        found.append(torch.stack([off.max(), off.mean()]))
    return torch.stack(found)


@torch.inference_mode()
def test_with_the_recorded_places_replayed(shared: Path) -> None:
    io = arrays(shared / "oracle" / "tiny_replay_io.npz")
    restorer = load(shared, "Rainmer_SA_detgalpha", ties="published")
    replay = Replay(torch.from_numpy(io[name]) for name in sorted(io) if name.startswith("topk"))
    assert len(replay) == 28
    restorer.use_selection(replay)
    out = restorer(torch.from_numpy(io["x"]), torch.from_numpy(io["q"]))
    assert len(replay) == 0
    assert np.abs(out.numpy() - io["out"]).max() < 1e-6
    assert (io["out"] - io["x"]).std() == pytest.approx(RESIDUAL, abs=5e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_with_this_builds_own_ties(shared: Path, variant: str) -> None:
    """Where torch.topk picks the winners among equals that it picked then, all agrees."""
    if not torch.__version__.startswith("2.13."):
        pytest.skip("torch.topk may pick other winners among equals than torch 2.13 does")
    io = arrays(shared / "oracle" / f"tiny_{variant}_io.npz")
    off = differences(load(shared, variant, ties="published"), io)
    assert off[:, 0].max() < 1e-6


@pytest.mark.parametrize("variant", VARIANTS)
def test_how_far_the_lowest_ties_lie_from_the_published(shared: Path, variant: str) -> None:
    """The rule for ties is the only difference, and it is no small one for random weights."""
    io = arrays(shared / "oracle" / f"tiny_{variant}_io.npz")
    off = differences(load(shared, variant, ties="lowest"), io)
    assert off[:, 1].min() > 0.1 * RESIDUAL
    assert off[:, 1].max() < 0.5 * RESIDUAL
    assert off[:, 0].max() < 3 * RESIDUAL
