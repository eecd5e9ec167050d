"""Local knowledge of images with its gradients, image by image in compiled loops.

One definition of the network: all weights come from the modules of a `RainmerEncoder`. Its linear
parts are multiplied out first, by torch, which therefore knows their gradients.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rainmer_analysis.kernels.hcw_maps import (
    NATIVE,
    STORE_RELU,
    Array,
    add_outer_products,
    first_pixel_and_strides,
    multiply_channels,
    padded_zero_maps,
    pixels_view,
)
from rainmer_analysis.kernels.thread_workspaces import ThreadWorkspaces
from rainmer_analysis.model import STAGES, RainmerEncoder
from rainmer_analysis.train.compiled.mixture_weights import FUSED_MAPS, SEPARABLE, MixtureWeights
from rainmer_analysis.train.compiled.stage_forward_backward import stage_backward, stage_forward

__all__ = ["compiled_local_features"]

_ENTRY = 28  # numbers that a pixel of the first map is a sum of: 3 x 3 of 3 colours, and 1


def compiled_local_features(encoder: RainmerEncoder, images: Tensor) -> Tensor:
    """Compute ``encoder.local_features(images)`` with gradients for its parameters.

    Parameters
    ----------
    encoder
        The network, float32, on a CPU.
    images
        [B, 3, H, W] in [0, 1], H and W at least 8; they get no gradient.

    Returns
    -------
    [B, dim, H, W], float32.
    """
    shares, weights = MixtureWeights.with_gate_weights(encoder, images)
    out: Tensor = _MixtureFunction.apply(  # type: ignore[no-untyped-call]
        images, torch.is_grad_enabled(), shares, *weights
    )
    return out


class _Workspace:
    """Maps of one image, with zeros around."""

    def __init__(self, dim: int, size: tuple[int, int]) -> None:
        self._dim, self.size = dim, size
        self.x, self.y = self._zero_maps(1), self._zero_maps(1)
        self.between = (
            self._zero_maps(SEPARABLE),
            self._zero_maps(SEPARABLE),
            self._zero_maps(FUSED_MAPS),
        )
        self.entry = padded_zero_maps(_ENTRY, size)
        pixels_view(self.entry, size)[-1] = 1.0
        self._padded = np.zeros((3, size[0] + 2, size[1] + 2), np.float32)
        self._gradients: tuple[Array, ...] = ()

    def _zero_maps(self, count: int) -> Array:
        return padded_zero_maps(count * self._dim, self.size)

    @property
    def gradients(self) -> tuple[Array, ...]:
        """Room for gradients at the output, the fusion, what is fused, around the product, at x."""
        if not self._gradients:
            self._gradients = tuple(
                map(self._zero_maps, (1, 1, FUSED_MAPS, SEPARABLE, SEPARABLE, 1))
            )
        return self._gradients

    def pixels_view(self, maps: Array) -> Array:
        return pixels_view(maps, self.size)

    def fill(self, maps: Array, pixels: Array) -> None:
        """Put pixels [channels, H, W] into maps, and zeros beyond their last column."""
        self.pixels_view(maps)[:] = pixels
        maps[..., self.size[1] :] = 0

    def fill_entry_by_im2col(self, image: Array) -> None:
        """Put an image's 3 x 3 neighbourhoods into `entry` (im2col)."""
        height, width = self.size
        self._padded[:, 1:-1, 1:-1] = image
        found = self.pixels_view(self.entry)
        for tap in range(9):
            row, column = divmod(tap, 3)
            part = self._padded[:, row : row + height, column : column + width]
            found[3 * tap : 3 * tap + 3] = part

    def convolve_patch_embedding(self, entry: Array) -> None:
        """Compute the first map of the image that was looked at, into `x`."""
        matrix = (0, _ENTRY, 1, self._dim, _ENTRY)
        source, target = first_pixel_and_strides(self.entry), first_pixel_and_strides(self.x)
        flat = self.entry.reshape(-1), self.x.reshape(-1)
        multiply_channels(
            entry.reshape(-1), matrix, flat[0], source, flat[1], target, self.size, STORE_RELU
        )
        self.x[..., self.size[1] :] = 0


@lru_cache(maxsize=4)
def _workspaces_per_thread(dim: int) -> ThreadWorkspaces[_Workspace]:
    return ThreadWorkspaces(lambda size: _Workspace(dim, size))


class _GradientSums:
    """Gradients of all weights, added up over images."""

    def __init__(self, weights: MixtureWeights, shares: Tensor) -> None:
        self._weights = weights
        dim = len(weights.entry)
        lengths = [part[0].numel() for part in (weights.firsts, weights.seconds, weights.points)]
        self._stages = [
            tuple(np.zeros(length * NATIVE, np.float32) for length in lengths)
            for _ in range(STAGES)
        ]
        self.entry = np.zeros(dim * _ENTRY * NATIVE, np.float32)
        self.mixed = np.zeros(FUSED_MAPS * dim * dim * NATIVE, np.float32)
        self._fusion, self._shares = torch.zeros_like(weights.fusion), torch.zeros_like(shares)

    def buffers_of_stage(self, stage: int) -> tuple[Array, ...]:
        """Return what the loops add one image's gradients of a stage to."""
        self.mixed[:] = 0
        return *self._stages[stage], self.mixed

    def split_gradient_of_gated_fusion(self, stage: int, image: int, shares: Tensor) -> None:
        """Divide the gradient of a fusion with the gate in it among the two."""
        fusion = self._weights.fusion[stage]
        product = torch.from_numpy(self.mixed).view(*fusion.shape, NATIVE).sum(-1)
        self._fusion[stage] += product * shares[:, None]
        self._shares[image, stage] = (product * fusion).sum((0, 2))

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the gradients: of the gate's shares, and of the weights in their order."""
        summed = [
            torch.stack([torch.from_numpy(each).view(-1, NATIVE).sum(1) for each in parts])
            for parts in zip(*self._stages, strict=True)
        ]
        entry = torch.from_numpy(self.entry).view(len(self._weights.entry), -1, NATIVE).sum(-1)
        points = summed[2].view_as(self._weights.points)
        return self._shares, entry, summed[0], summed[1], points, self._fusion


class _MixtureFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, keep: bool, shares: Tensor, *given: Tensor) -> Tensor:
        weights = MixtureWeights(*(part.contiguous() for part in given))
        dim, size = len(weights.entry), (images.shape[2], images.shape[3])
        inputs = torch.empty(len(images) if keep else 0, STAGES, dim, *size)
        found = torch.empty(len(images), dim, *size)
        kept, out, entry = inputs.numpy(), found.numpy(), weights.entry.numpy()
        work = _workspaces_per_thread(dim).of_size(size)
        for number, image in enumerate(images.numpy()):
            work.fill_entry_by_im2col(image)
            work.convolve_patch_embedding(entry)
            x, y = work.x, work.y
            for s, own in enumerate(weights.stages_of_image(shares[number])):
                if keep:
                    kept[number, s] = work.pixels_view(x)
                stage_forward((x, *work.between), y, own, size)
                x, y = y, x
            out[number] = work.pixels_view(x)
        ctx.save_for_backward(images, shares, inputs, found, *weights)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, shares, inputs, found, *parts = ctx.saved_tensors
        weights = MixtureWeights(*parts)
        dim, size = len(weights.entry), (images.shape[2], images.shape[3])
        firsts, seconds = (part.numpy() for part in weights.mirrored_kernels())
        totals, work = _GradientSums(weights, shares), _workspaces_per_thread(dim).of_size(size)
        given, *room, other = work.gradients
        for number, image in enumerate(images.numpy()):
            own = weights.stages_of_image(shares[number])
            x, y = work.x, work.y
            work.pixels_view(given)[:] = gradients[0][number].numpy()
            work.pixels_view(y)[:] = found[number].numpy()
            for s in reversed(range(STAGES)):
                work.fill(x, inputs[number, s].numpy())
                stage_backward(
                    (x, *work.between), y, (given, *room, other), own[s],
                    (firsts[s], seconds[s]), size, totals.buffers_of_stage(s),
                )  # fmt: skip
                totals.split_gradient_of_gated_fusion(s, number, shares[number, s])
                x, y, given, other = y, x, other, given
            work.fill_entry_by_im2col(image)
            work.fill(given, work.pixels_view(given) * (work.pixels_view(y) > 0))
            add_outer_products(
                given.reshape(-1), first_pixel_and_strides(given), work.entry.reshape(-1),
                first_pixel_and_strides(work.entry), (dim, _ENTRY), size, totals.entry, 0,
            )  # fmt: skip
        return None, None, *totals.tensors()
