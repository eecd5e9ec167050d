"""Every form in which Rainmer's encoder runs on a device, and how to clock and count them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.speed.published_protocol import as_published
from rainmer_analysis.model.encoder import EncoderConfig, RainmerEncoder
from rainmer_analysis.model.folded_encoder import FoldedEncoder

__all__ = ["SIDE", "Counted", "Encoders", "Form", "forms", "gflop", "graphed", "seconds", "vectors"]

SIDE = 128
Form = Callable[[Tensor], Tensor]  # uint8 [n, 3, 128, 128] to both vectors, [n, 2 base_dim]


def seconds(work: Callable[[], Any], device: torch.device, *, repeats: int = 10) -> float:
    """Give the seconds that some work takes, on a CUDA device after two turns of it for warmth."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(2 if device.type == "cuda" else 0):
        work()
    wait()
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    wait()
    return (time.perf_counter() - start) / repeats


def gflop(config: EncoderConfig) -> float:
    """Count one pass of the published network over an image, GFLOP (30.3 at full width)."""
    dim, base = config.dim, config.base_dim
    stage = 251 * dim + 19 * dim**2  # depthwise layers; pointwise layers and the fusion
    each = 27 * dim + dim**2 + 4 * stage + 2 * (dim + 2 * base) * base * 9
    return 2 * SIDE**2 * each / 1e9


class Counted(TorchDispatchMode):
    """Counts the bytes that operators read and write, each operand once; views are free."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.operators = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        read, made = ([t for t in tree_leaves(x) if isinstance(t, Tensor)] for x in (args, out))
        known = {t.untyped_storage().data_ptr() for t in read}
        fresh = any(t.untyped_storage().data_ptr() not in known for t in made)
        if fresh or func._schema.is_mutable:
            self.bytes += sum(t.numel() * t.element_size() for t in [*read, *made])
            self.operators += 1
        return out


def vectors(module: nn.Module) -> Form:
    """Give both vectors of 8-bit images, one behind the other."""

    def encode(images: Tensor) -> Tensor:
        placed = images.contiguous(memory_format=torch.channels_last).float() / 255
        found = module(placed)
        return torch.cat([found.chromatic_z, found.degradation_z], dim=1)

    return encode


def _published(module: nn.Module) -> Form:
    """Encode image by image, a pass for each view."""

    def encode(image: Tensor) -> Any:
        return module(image[None].float() / 255)

    def passes(images: Tensor) -> Tensor:
        found = [(encode(image).chromatic_z, encode(image).degradation_z) for image in images]
        return torch.cat([torch.cat(pair, dim=1) for pair in found])

    return passes


class Encoders:
    """One set of weights in all forms on a device."""

    def __init__(self, config: EncoderConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self._state = RainmerEncoder(config).state_dict()

    def plain(self) -> RainmerEncoder:
        """Give the network as it is defined, on the CPU."""
        encoder = RainmerEncoder(self.config)
        encoder.load_state_dict(self._state)
        return encoder.eval().requires_grad_(False)

    def published(self) -> Form:
        """Give the published protocol."""
        return _published(as_published(self.plain()).to(self.device))

    def folded(self, dtype: torch.dtype) -> FoldedEncoder:
        """Give the folded network."""
        module = FoldedEncoder(self.plain(), dtype=dtype).to(self.device)
        return module.to(memory_format=torch.channels_last)

    def exact(self, images: Tensor) -> Tensor:
        """Give the vectors in float64, by the network as it is defined."""
        found = self.plain().double().to(self.device)(images.double() / 255)
        return torch.cat([found.chromatic_z, found.degradation_z], dim=1)


def graphed(encode: Form, batch: Tensor) -> Form:
    """Record a form as extraction does."""
    from rainmer_analysis.infer.execution.cuda_graph import capture_cuda_graph

    replayed = capture_cuda_graph(lambda images: {"both": encode(images)}, batch)
    return lambda images: replayed(images)["both"]


def forms(encoders: Encoders, batch: Tensor) -> dict[str, Callable[[], Form]]:
    """Name every form and say how to make it; one that this device cannot run fails in that."""
    half = torch.bfloat16

    def compiled() -> Form:
        return torch.compile(vectors(encoders.folded(half)))

    return {
        "published": encoders.published,
        "folded float32": lambda: vectors(encoders.folded(torch.float32)),
        "folded bfloat16": lambda: vectors(encoders.folded(half)),
        "graph float32": lambda: graphed(vectors(encoders.folded(torch.float32)), batch),
        "graph bfloat16": lambda: graphed(vectors(encoders.folded(half)), batch),
        "compiled bfloat16": compiled,
        "compiled bfloat16, graph": lambda: graphed(compiled(), batch),
    }
