"""Projectors with their gradients, image by image in compiled loops."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rainmer_analysis.kernels.hcw_maps import (
    COLUMNS,
    Array,
    padded_zero_maps,
    pixels_view,
    transform_back_kernel_gradients,
    transform_kernels_1d,
    winograd_workspace,
)
from rainmer_analysis.kernels.thread_workspaces import ThreadWorkspaces
from rainmer_analysis.model.pooling_and_precision import without_autocast
from rainmer_analysis.train.compiled.projector_forward_backward import (
    BLOCK,
    projector_backward,
    projector_forward,
)

__all__ = ["compiled_projections"]

_TENSORS = 10  # of a projector


def compiled_projections(
    projectors: Sequence[nn.Sequential], location: Tensor
) -> tuple[Tensor, Tensor]:
    """Pool what projectors make of local knowledge, with gradients.

    Parameters
    ----------
    projectors
        Of one width, float32, on a CPU.
    location
        [B, dim, H, W], float32, H and W at least 8.

    Returns
    -------
    Means over the image, [B, projectors, base_dim], and over squares of 8 pixels,
    [B, projectors, base_dim, H // 8, W // 8].
    """
    with without_autocast(location):
        tensors = [tensor for projector in projectors for tensor in _projector_tensors(projector)]
        out: tuple[Tensor, Tensor] = _ProjectorsFunction.apply(  # type: ignore[no-untyped-call]
            location, torch.is_grad_enabled(), *tensors
        )
    return out


def _projector_tensors(projector: nn.Sequential) -> list[Tensor]:
    block: Any = projector[2]
    convs: list[Any] = [projector[0], block.conv1, block.conv2]
    gates = [layer.weight.flatten(1) for gate in (block.se1, block.se2) for layer in gate.se[1:4:2]]
    return [*(conv.weight for conv in convs), *(conv.bias for conv in convs), *gates]


class _ProjectorWeights(NamedTuple):
    """Weights of one projector as the loops take them."""

    kernels: tuple[Array, ...]
    turned: tuple[Array, ...]
    biases: tuple[Array, ...]
    gates: tuple[tuple[Array, Array], tuple[Array, Array]]

    @classmethod
    def from_tensors(cls, tensors: Sequence[Tensor]) -> _ProjectorWeights:
        arrays = [tensor.contiguous().numpy() for tensor in tensors[3:]]
        flipped = (weight.flip(2, 3).transpose(0, 1) for weight in tensors[:3])
        return cls(
            tuple(transform_kernels_1d(weight).view(-1).numpy() for weight in tensors[:3]),
            tuple(transform_kernels_1d(weight).view(-1).numpy() for weight in flipped),
            tuple(arrays[:3]),
            ((arrays[3], arrays[4]), (arrays[5], arrays[6])),
        )


class _SqueezeExciteActivations(NamedTuple):
    """What squeeze-and-excites saw: means, hidden numbers and factors, of each image and tower."""

    means: Array
    hidden: Array
    factors: Array

    @classmethod
    def empty(cls, shape: tuple[int, int], channels: int, hidden: int) -> _SqueezeExciteActivations:
        sizes = channels, hidden, channels
        return cls(*(np.empty((*shape, 2, size), np.float32) for size in sizes))

    def of_image_and_projector(
        self, image: int, tower: int
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        first, second = (tuple(each[image, tower, i] for each in self) for i in range(2))
        return first, second


class _Workspace:
    """Maps of one image, with zeros around."""

    def __init__(self, dim: int, channels: int, size: tuple[int, int]) -> None:
        self.location, self.to_location = padded_zero_maps(dim, size), padded_zero_maps(dim, size)
        self.maps = tuple(padded_zero_maps(channels, size) for _ in range(3))
        pitch, wide = self.location.shape[2], max(dim, channels)
        self.rest = np.empty((channels, *size), np.float32)
        self.memory = winograd_workspace(wide, wide, pitch), np.zeros(pitch, np.float32)
        self.numbers = tuple(np.zeros(channels, np.float32) for _ in range(2))


@lru_cache(maxsize=4)
def _workspaces_per_thread(dim: int, channels: int) -> ThreadWorkspaces[_Workspace]:
    return ThreadWorkspaces(lambda size: _Workspace(dim, channels, size))


class _ProjectorGradients:
    """Gradients of one projector's weights, added up over images."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._shapes = [tensor.shape for tensor in tensors[:3]]
        wide = -(-self._shapes[0][0] // COLUMNS) * COLUMNS
        self._forms = [(6, 3, shape[1], wide) for shape in self._shapes]
        self.kernels = tuple(np.zeros(int(np.prod(form)), np.float32) for form in self._forms)
        zeros = [np.zeros(tuple(tensor.shape), np.float32) for tensor in tensors[3:]]
        self.biases = tuple(zeros[:3])
        self.gates = (zeros[3], zeros[4]), (zeros[5], zeros[6])

    def tensors(self) -> list[Tensor]:
        """Return them in the order of the weights."""
        kernels = [
            transform_back_kernel_gradients(torch.from_numpy(sums).view(form), shape[0])
            for sums, form, shape in zip(self.kernels, self._forms, self._shapes, strict=True)
        ]
        rest = *self.biases, *self.gates[0], *self.gates[1]
        return [*kernels, *(torch.from_numpy(array) for array in rest)]


class _ProjectorsFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, location: Tensor, keep: bool, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        towers = [_ProjectorWeights.from_tensors(part) for part in _split_by_projector(tensors)]
        count, dim, *size = location.shape
        channels, hidden = len(tensors[0]), len(tensors[6])
        shape = count, len(towers), channels
        pooled, detail = torch.empty(shape), torch.empty(*shape, *(side // BLOCK for side in size))
        kept = torch.empty(*shape[:2], 3 if keep else 0, channels, *size)
        seen = _SqueezeExciteActivations.empty(shape[:2], channels, hidden)
        work = _workspaces_per_thread(dim, channels).of_size((size[0], size[1]))
        found, details, saved = pooled.numpy(), detail.numpy(), kept.numpy()
        for image, local in enumerate(location.numpy()):
            pixels_view(work.location, (size[0], size[1]))[:] = local
            for t, tower in enumerate(towers):
                projector_forward(
                    work.location, work.maps, (tower.kernels, tower.biases), tower.gates,
                    seen.of_image_and_projector(image, t), saved[image, t],
                    (found[image, t], details[image, t]), (size[0], size[1]), work.memory,
                )  # fmt: skip
        ctx.save_for_backward(location, kept, *tensors)
        ctx.towers, ctx.seen = towers, seen
        return pooled, detail

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        location, kept, *tensors = ctx.saved_tensors
        towers: list[_ProjectorWeights] = ctx.towers
        count, dim, height, width = location.shape
        shape, size = (count, len(towers), len(tensors[0])), (height, width)
        pooled, detail = gradients
        to_pooled = (torch.zeros(shape) if pooled is None else pooled.contiguous()).numpy()
        to_detail = (torch.zeros(*shape, 0, 0) if detail is None else detail.contiguous()).numpy()
        sums = [_ProjectorGradients(part) for part in _split_by_projector(tensors)]
        to_location = torch.empty_like(location, memory_format=torch.contiguous_format)
        out, saved, work = (
            to_location.numpy(),
            kept.numpy(),
            _workspaces_per_thread(dim, shape[2]).of_size(size),
        )
        for image, local in enumerate(location.numpy()):
            pixels_view(work.location, size)[:] = local
            pixels_view(work.to_location, size)[:] = 0
            for t, tower in enumerate(towers):
                projector_backward(
                    work.location, work.maps, tower.turned, tower.gates,
                    ctx.seen.of_image_and_projector(image, t), saved[image, t],
                    (to_pooled[image, t], to_detail[image, t]), work.rest,
                    (sums[t].kernels, sums[t].biases, sums[t].gates), work.to_location,
                    size, (*work.memory, *work.numbers),
                )  # fmt: skip
            out[image] = pixels_view(work.to_location, size)
        return to_location, None, *(tensor for each in sums for tensor in each.tensors())


def _split_by_projector(tensors: Sequence[Tensor]) -> list[Sequence[Tensor]]:
    """Divide tensors among the projectors."""
    return [tensors[i : i + _TENSORS] for i in range(0, len(tensors), _TENSORS)]
