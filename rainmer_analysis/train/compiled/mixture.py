"""Local knowledge of images with its gradients, image by image in compiled loops.

One definition of the network: all weights come from the modules of a `RainmerEncoder`. Its linear
parts are multiplied out first, by torch, which therefore knows their gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_analysis.kernels.planar.code import COLUMNS, NATIVE
from rainmer_analysis.kernels.planar.depthwise import BLOCK_ROWS
from rainmer_analysis.kernels.planar.products import RECTIFY, mix, outer
from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.model.experts import STAGES, Stage
from rainmer_analysis.model.folded import mean_windows
from rainmer_analysis.model.pooling import without_autocast
from rainmer_analysis.train.compiled.stage import (
    ABOVE,
    FIRSTS,
    MIXED,
    SECONDS,
    SEPARABLE,
    stage_backward,
    stage_forward,
)

__all__ = ["location"]

Array = npt.NDArray[np.float32]

_ENTRY = 28  # numbers that a pixel of the first map is a sum of: 3 x 3 of 3 colours, and 1


class _Weights(NamedTuple):
    """Weights of the first map and of the four stages.

    Parameters
    ----------
    entry
        [dim, 28]: of the pixels around, and the bias.
    firsts, seconds
        [4, ...]: depthwise kernels of either round.
    points
        [4, 4, dim, dim]: matrices of the separable experts between the rounds.
    fusion
        [4, dim, 8, dim]: with the experts' last layers in it.
    """

    entry: Tensor
    firsts: Tensor
    seconds: Tensor
    points: Tensor
    fusion: Tensor


def _stage_weights(stage: Stage) -> tuple[Tensor, ...]:
    ops: list[Any] = [expert.op for expert in stage.experts[:-1]]
    separable = ops[: SEPARABLE + 1]
    firsts = torch.cat([op[0].weight.flatten() for op in ops[1:]])
    seconds = torch.cat([op[3].weight.flatten() for op in separable[1:]])
    scaled = ops[0][1].weight.flatten(1) * ops[0][0].weight.flatten(1).T
    points = torch.stack([scaled, *(op[1].weight.flatten(1) for op in separable[1:])])
    fusion = stage.fusion(firsts)
    return firsts, seconds, points, fusion.view(len(fusion), MIXED, -1)


def _weights(encoder: RainmerEncoder) -> _Weights:
    """Multiply the linear parts of an encoder's mixture out."""
    stages = encoder.MoEs.stages
    conv = encoder.conv.proj
    point = next(stages.preprocess.parameters()).flatten(1)
    taps = conv.weight.permute(0, 2, 3, 1).flatten(1)  # [dim, (row, column, colour)]
    entry = point @ torch.cat([taps, conv.bias[:, None]], dim=1)
    found = zip(*(_stage_weights(stage) for stage in stages.stages), strict=True)
    return _Weights(entry, *(torch.stack(part) for part in found))


def location(encoder: RainmerEncoder, images: Tensor) -> Tensor:
    """Compute local knowledge as ``encoder.location`` does, with gradients for its parameters.

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
    conv = encoder.conv.proj
    with without_autocast(images):
        mean = F.linear(mean_windows(images).flatten(1), conv.weight.flatten(1), conv.bias)
        shares = encoder.MoEs.gate.weigh(mean)
        given = images, torch.is_grad_enabled(), shares, *_weights(encoder)
    out: Tensor = _Mixture.apply(*given)  # type: ignore[no-untyped-call]
    return out


class _Workspace:
    """Maps of one image, with zeros around."""

    def __init__(self, dim: int, size: tuple[int, int]) -> None:
        self.dim, self.size = dim, size
        self.x, self.y = self.maps(1), self.maps(1)
        between = self.maps(SEPARABLE), self.maps(SEPARABLE), self.maps(MIXED)
        self.between = between
        self._gradients: tuple[Array, ...] = ()
        self.entry = self._zeros(_ENTRY)
        self.entry[ABOVE : ABOVE + size[0], -1, : size[1]] = 1.0

    def maps(self, count: int) -> Array:
        return self._zeros(count * self.dim)

    def _zeros(self, channels: int) -> Array:
        height, width = self.size
        pitch = max(-(-width // COLUMNS) * COLUMNS, -(-(width + ABOVE - 1) // NATIVE) * NATIVE)
        rows = ABOVE + -(-height // BLOCK_ROWS) * BLOCK_ROWS + ABOVE
        return np.zeros((rows, channels, pitch), np.float32)

    @property
    def gradients(self) -> tuple[Array, ...]:
        """Room for gradients: to the output, the fusion, what is fused, around the product, to x."""
        if not self._gradients:
            self._gradients = tuple(map(self.maps, (1, 1, MIXED, SEPARABLE, SEPARABLE, 1)))
        return self._gradients

    def inside(self, maps: Array) -> Array:
        """View the pixels of maps, [channels, H, W]."""
        height, width = self.size
        return maps[ABOVE : ABOVE + height, :, :width].transpose(1, 0, 2)

    def origin(self, maps: Array) -> tuple[int, int, int]:
        row = maps.shape[1] * maps.shape[2]
        return ABOVE * row, row, maps.shape[2]

    def look(self, image: Array) -> None:
        """Put an image's neighbourhoods into `entry`."""
        height, width = self.size
        inside = self.inside(self.entry)
        padded = np.zeros((3, height + 2, width + 2), np.float32)
        padded[:, 1:-1, 1:-1] = image
        for tap in range(9):
            row, column = divmod(tap, 3)
            part = padded[:, row : row + height, column : column + width]
            inside[3 * tap : 3 * tap + 3] = part


_workspaces: dict[str, _Workspace] = {}


def _workspace(dim: int, size: tuple[int, int]) -> _Workspace:
    found = _workspaces.get("main")
    if found is None or (found.dim, found.size) != (dim, size):
        _workspaces["main"] = found = _Workspace(dim, size)
    return found


def _of_image(weights: _Weights, shares: Tensor) -> list[tuple[Array, ...]]:
    """Return each stage's weights for one image's gate."""
    fusion = (weights.fusion * shares[:, None, :, None]).numpy()
    parts = [part.numpy() for part in weights[1:4]]
    return [
        (parts[0][s], parts[1][s], parts[2][s].reshape(-1), fusion[s].reshape(-1))
        for s in range(STAGES)
    ]


def _with_average(firsts: Tensor, dim: int) -> Tensor:
    return torch.cat([firsts, firsts.new_full((len(firsts), 9 * dim), 1 / 9)], dim=1)


def _mirrored(kernels: Tensor, forms: Sequence[tuple[int, int]], dim: int) -> Tensor:
    parts = kernels.split([dim * side**2 for side, _ in forms], dim=1)
    turned = [part.view(len(part), dim, -1).flip(2).flatten(1) for part in parts]
    return torch.cat(turned, dim=1)


class _Mixture(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, keep: bool, shares: Tensor, *given: Tensor) -> Tensor:
        weights = _Weights(*(part.contiguous() for part in given))
        dim, (height, width) = len(weights.entry), images.shape[2:]
        weights = weights._replace(firsts=_with_average(weights.firsts, dim))
        inputs = torch.empty(len(images) if keep else 0, STAGES, dim, height, width)
        found = torch.empty(len(images), dim, height, width)
        kept, out = inputs.numpy(), found.numpy()
        work, size = _workspace(dim, (height, width)), (height, width)
        entry = weights.entry.numpy().reshape(-1)
        for number, image in enumerate(images.numpy()):
            x, y = work.x, work.y
            work.look(image)
            matrix = (0, _ENTRY, 1, dim, _ENTRY)
            source, target = work.origin(work.entry), work.origin(x)
            mix(entry, matrix, work.entry.reshape(-1), source, x.reshape(-1), target, size, RECTIFY)
            x[..., width:] = 0
            for s, own in enumerate(_of_image(weights, shares[number])):
                if keep:
                    kept[number, s] = work.inside(x)
                stage_forward((x, *work.between), y, own, size)
                x, y = y, x
            out[number] = work.inside(x)
        ctx.save_for_backward(images, shares, inputs, found, *weights)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, shares, inputs, found, *parts = ctx.saved_tensors
        weights = _Weights(*parts)
        dim, (height, width) = len(weights.entry), images.shape[2:]
        work, size = _workspace(dim, (height, width)), (height, width)
        turned = [
            _mirrored(weights.firsts, FIRSTS, dim).numpy(),
            _mirrored(weights.seconds, SECONDS, dim).numpy(),
        ]
        lengths = [weights.firsts[0].numel() - 9 * dim, weights.seconds[0].numel()]
        lengths += [weights.points[0].numel()]
        totals = [
            [np.zeros(length * NATIVE, np.float32) for length in lengths] for _ in range(STAGES)
        ]
        to_entry = np.zeros(dim * _ENTRY * NATIVE, np.float32)
        to_fusion = torch.zeros_like(weights.fusion)
        to_shares = torch.zeros_like(shares)
        room = work.gradients
        for number, image in enumerate(images.numpy()):
            own = _of_image(weights, shares[number])
            work.inside(room[0])[:] = gradients[0][number].numpy()
            work.inside(work.y)[:] = found[number].numpy()
            x, y, ends = work.x, work.y, [room[0], room[-1]]
            for s in reversed(range(STAGES)):
                work.inside(x)[:] = inputs[number, s].numpy()
                x[..., width:] = 0
                mixed = np.zeros(MIXED * dim * dim * NATIVE, np.float32)
                stage_backward(
                    (x, *work.between), y, (ends[0], *room[1:-1], ends[1]), own[s],
                    (turned[0][s], turned[1][s]), size, (*totals[s], mixed),
                )  # fmt: skip
                product = torch.from_numpy(mixed).view(dim, MIXED, dim, NATIVE).sum(-1)
                to_fusion[s] += product * shares[number, s][:, None]
                to_shares[number, s] = (product * weights.fusion[s]).sum((0, 2))
                x, y = y, x
                ends.reverse()
            work.look(image)
            last = work.inside(ends[0])
            last *= work.inside(y) > 0
            ends[0][..., width:] = 0
            outer(
                ends[0].reshape(-1), work.origin(ends[0]), work.entry.reshape(-1),
                work.origin(work.entry), (dim, _ENTRY), size, to_entry, 0,
            )  # fmt: skip
        summed = [
            torch.stack([torch.from_numpy(t[i]).view(-1, NATIVE).sum(1) for t in totals])
            for i in range(3)
        ]
        entry = torch.from_numpy(to_entry).view(dim, _ENTRY, NATIVE).sum(-1)
        points = summed[2].view_as(weights.points)
        return None, None, to_shares, entry, summed[0], summed[1], points, to_fusion
