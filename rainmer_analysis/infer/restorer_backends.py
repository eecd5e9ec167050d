"""The two forms in which a restorer computes: PyTorch's operators, and compiled loops on a CPU."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from rainmer_analysis.infer.execution import arithmetic_context
from rainmer_analysis.infer.kernels import WinogradProjectors
from rainmer_analysis.infer.kernels.restorer import (
    BandThreads,
    CompiledRestorer,
    PromptEncoderStages,
)
from rainmer_analysis.infer.tiles import Images
from rainmer_analysis.model import FoldedEncoder, Prompts, Restorer, fold_experts_in_place

__all__ = ["CompiledBackend", "RestorerBackend", "TorchBackend"]

T = TypeVar("T")


class RestorerBackend(Protocol):
    """What computes; prompts are made once for an image, and used for all its tiles."""

    def encode_prompts(self, images: Images) -> Any:
        """Encode whole images at 128 x 128, [n, 3, 128, 128]."""

    def __call__(self, tiles: Images, prompts: Any) -> Images:
        """Restore tiles [n, 3, h, w], of as many images, with sides that 8 divides."""

    def for_each(
        self, work: Callable[[T, RestorerBackend], None], items: Iterable[T], *, in_parallel: bool
    ) -> None:
        """Call `work` with every item and a form; `in_parallel`: items at once, not their rows."""


class TorchBackend:
    """A restorer in PyTorch's operators.

    Parameters
    ----------
    module
        The network; it is copied, not changed.
    device
        Where it computes.
    threads
        How many PyTorch uses on a CPU.
    precision
        ``exact``, or ``fast`` for bfloat16 in products and convolutions; sums over a map, norms and
        attention stay in float32.
    """

    def __init__(
        self,
        module: Restorer,
        device: torch.device,
        threads: BandThreads,
        *,
        precision: str = "exact",
    ) -> None:
        self._module, self._device, self._threads = copy.deepcopy(module), device, threads
        self._precision = precision
        fold_experts_in_place(self._module)
        # channels last, as in training: a sixth quicker on a CPU, and the same but for rounding
        self._module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode_prompts(self, images: Images) -> Prompts:
        """Encode whole images at 128 x 128, [n, 3, 128, 128]."""
        with torch.inference_mode(), arithmetic_context(self._device, "exact"):
            return self._module.encode_prompts(torch.from_numpy(images).to(self._device))

    def __call__(self, tiles: Images, prompts: Prompts) -> Images:
        """Restore tiles [n, 3, h, w]."""
        with torch.inference_mode(), arithmetic_context(self._device, self._precision):
            placed = torch.from_numpy(tiles).to(self._device)
            placed = placed.contiguous(memory_format=torch.channels_last)
            found: Images = self._module(placed, prompts).float().cpu().numpy()
        return found

    def for_each(
        self,
        work: Callable[[T, RestorerBackend], None],
        items: Iterable[T],
        *,
        in_parallel: bool,  # noqa: ARG002
    ) -> None:
        """Call `work` with every item, one after the other."""
        before = torch.get_num_threads()
        on_cpu = self._device.type == "cpu" and before != self._threads.count
        if on_cpu:
            torch.set_num_threads(self._threads.count)
        try:
            for item in items:
                work(item, self)
        finally:
            if on_cpu:
                torch.set_num_threads(before)


class CompiledBackend:
    """A restorer in compiled loops.

    Parameters
    ----------
    module
        The network; it is read, not changed.
    threads
        That it computes with.
    """

    def __init__(self, module: Restorer, threads: BandThreads) -> None:
        self._module, self._threads = module, threads
        self._planar = CompiledRestorer(module)
        encoder = module.disentangle.encoder_q
        stages = PromptEncoderStages(encoder.MoEs.expert_stages.stages)
        projectors = WinogradProjectors(encoder.projectors, torch.float32)
        self._encoder = FoldedEncoder(encoder, stages=stages, projectors=projectors)

    def _copy_with_threads(self, threads: BandThreads) -> CompiledBackend:
        made = copy.copy(self)
        made._threads = threads
        return made

    def encode_prompts(self, images: Images) -> Any:
        """Encode whole images at 128 x 128, [n, 3, 128, 128]."""
        found = []
        with torch.inference_mode(), arithmetic_context(torch.device("cpu"), "exact"):
            for image in images if self._module.config.knowledge else ():
                views = self._encoder(torch.from_numpy(image)[None])
                known = Prompts(views.chromatic_z, views.degradation_z)
                found.append(self._module.prompt_vectors(known, batch=1))
        return [self._planar.prepare_prompts(vectors) for vectors in found or [()] * len(images)]

    def __call__(self, tiles: Images, prompts: Any) -> Images:
        """Restore tiles [n, 3, h, w]."""
        with arithmetic_context(torch.device("cpu"), "exact"):
            done = [
                self._planar(tile, known, self._threads)
                for tile, known in zip(tiles, prompts, strict=True)
            ]
        return np.stack(done)

    def for_each(
        self, work: Callable[[T, RestorerBackend], None], items: Iterable[T], *, in_parallel: bool
    ) -> None:
        """Call `work` with every item, all at once or one after the other."""
        given = list(items)
        if in_parallel and len(given) > 1:
            single = self._copy_with_threads(BandThreads(1))
            self._threads.for_each(lambda item: work(item, single), given)
            return
        for item in given:
            work(item, self)
