"""A step never waits for its device.

Tensors on the device ``meta`` have a shape and no numbers, so whatever asks them for one fails:
`item`, `bool`, a mask as an index, `nonzero`, a copy to the CPU. What they would let pass, a copy
from the CPU that the host waits for, is refused by a mode that sees every operation. Steps that
run there run without a synchronisation on a CUDA device.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import AirNetTrainable, RainmerTrainable
from rainmer_analysis.train.data import Pool
from rainmer_analysis.train.loop import DistributedContext, Hooks, train
from rainmer_analysis.train.restoration import RestorerTrainable

META = torch.device("meta")
OBJECTIVES = {
    "rainmer": RainmerTrainable,
    "airnet": AirNetTrainable,
    "restorer": RestorerTrainable,
}
COPIES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class HostWaitsError(Exception):
    pass


class EnoughError(Exception):
    pass


class NoWaiting(TorchDispatchMode):
    """Refuses copies between devices that the host waits for."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        made = func is torch.ops.aten.lift_fresh.default
        waits = func in COPIES and not (kwargs.get("non_blocking") or True in args[2:])
        if made or waits:
            devices = {t.device.type for t in tree_leaves((args, out)) if isinstance(t, Tensor)}
            if made and "meta" in devices:
                raise HostWaitsError("a tensor is made of numbers of the host")
            if waits and len(devices) > 1:
                raise HostWaitsError(f"{func} between {devices}")
        return out


@pytest.fixture(autouse=True)
def _fused_on_meta(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fused update knows shapes; only its list of devices has no ``meta``."""
    known = optimizer._get_fused_kernels_supported_devices()
    monkeypatch.setattr(optimizer, "_get_fused_kernels_supported_devices", lambda: [*known, "meta"])


def steps(objective: Any, config: TrainConfig, folder: Path) -> None:
    """Make two steps, the first and one that follows another, without a row of the log."""

    def progress(done: int, _: object) -> None:
        if done == 2:
            raise EnoughError

    place = DistributedContext(META)
    with pytest.raises(EnoughError), NoWaiting():
        train(
            objective, config, folder, identity="x", hooks=Hooks(progress=progress), context=place
        )


def quiet(
    kind: str, settings: Callable[..., TrainConfig], restoring: Callable[..., TrainConfig]
) -> TrainConfig:
    run = {"log_every": 100, "checkpoint_every": 100, "validate_every": 100, "accumulate": 2}
    own = {"run": run | {"steps": 90}, "optimiser": {"lr": 1e-3, "clip": 0.5}}
    if kind == "restorer":
        return restoring(**own)
    return settings(kind, **own)


@pytest.mark.parametrize("kind", list(OBJECTIVES))
def test_no_step_waits_for_its_device(
    kind: str,
    pool: Pool,
    settings: Callable[..., TrainConfig],
    restoring: Callable[..., TrainConfig],
    tmp_path: Path,
) -> None:
    config = quiet(kind, settings, restoring)
    steps(OBJECTIVES[kind](config, pool, DistributedContext(META)), config, tmp_path)


WAITS: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda loss: loss.item(),
    "float": float,
    "truth": lambda loss: loss if loss > 0 else -loss,
    "mask": lambda loss: loss[None][loss[None] > 0],
    "nonzero": lambda loss: loss[None].nonzero(),
    "tolist": lambda loss: loss.tolist(),
    "numpy": lambda loss: loss.numpy(),
    "cpu": lambda loss: loss.cpu(),
    "equal": lambda loss: torch.equal(loss, loss),
    "from a list": lambda loss: loss + torch.tensor([1.0]).to(loss.device),
    "to the device": lambda loss: torch.zeros_like(loss).copy_(torch.ones(())),
}


@pytest.mark.parametrize("name", list(WAITS))
def test_what_waits_is_found(
    name: str, pool: Pool, settings: Callable[..., TrainConfig], tmp_path: Path
) -> None:
    class Waiting(RainmerTrainable):
        def after_micro_batch(self, is_finite: Tensor) -> None:
            WAITS[name](is_finite.float())

    config = quiet("rainmer", settings, settings)
    with pytest.raises((HostWaitsError, RuntimeError, TypeError)):
        steps(Waiting(config, pool, DistributedContext(META)), config, tmp_path)
