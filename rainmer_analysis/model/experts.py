"""The mixture of experts: a gate, eight convolutional experts, four stages.

Supplement, section A, with the details that only the published code fixes: the gate reads
the patch embedding, its weights are a softmax over the eight experts of each stage, and the
residual of a stage is added outside its fusion.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.pooling import global_mean, without_autocast

__all__ = ["EXPERTS", "STAGES", "ExpertStages", "Gate", "Mixture"]

STAGES = 4

# Kind, kernel side: in the order in which the fusion convolution finds them.
EXPERTS: tuple[tuple[str, int], ...] = (
    ("separable", 1),
    ("separable", 3),
    ("separable", 5),
    ("separable", 7),
    ("dilated", 3),
    ("dilated", 5),
    ("dilated", 7),
    ("average", 3),
)


def _depthwise(dim: int, kernel: int, *, dilation: int = 1) -> nn.Conv2d:
    padding = dilation * (kernel // 2)
    return nn.Conv2d(dim, dim, kernel, padding=padding, dilation=dilation, groups=dim, bias=False)


def _pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class _Expert(nn.Module):
    """One convolutional expert; published under the name ``op``."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.op(x)
        return out


def _expert(kind: str, kernel: int, dim: int) -> nn.Module:
    """Build one expert; each keeps [B, dim, H, W]."""
    if kind == "separable":
        return _Expert(
            _depthwise(dim, kernel),
            _pointwise(dim, dim),
            nn.ReLU(),
            _depthwise(dim, kernel),
            _pointwise(dim, dim),
        )
    if kind == "dilated":
        return _Expert(_depthwise(dim, kernel, dilation=2), _pointwise(dim, dim))
    return nn.AvgPool2d(kernel, stride=1, padding=kernel // 2, count_include_pad=False)


class _Stage(nn.Module):
    """Weigh the experts' answers, fuse them, add the input."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self._ops = nn.ModuleList(_expert(kind, kernel, dim) for kind, kernel in EXPERTS)
        self._out = nn.Sequential(_pointwise(len(EXPERTS) * dim, dim), nn.ReLU())

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        share = weights.to(x.dtype)[:, :, None, None, None]
        answers = torch.cat([op(x) * share[:, j] for j, op in enumerate(self._ops)], dim=1)
        return F.relu(self._out(answers) + x)


class Gate(nn.Module):
    """Weights of the experts, from the mean of the patch embedding."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.ca_fc = nn.Sequential(
            nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, STAGES * len(EXPERTS))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the experts.

        Parameters
        ----------
        x
            Patch embedding, [B, dim, H, W].

        Returns
        -------
        Weights, [B, 4, 8]: stage, expert; they sum to 1 over the experts.
        """
        with without_autocast(x):
            pooled = global_mean(x).to(next(self.ca_fc.parameters()).dtype)
            logits: Tensor = self.ca_fc(pooled)
            return logits.view(-1, STAGES, len(EXPERTS)).softmax(dim=-1)


class _Preprocess(nn.Module):
    """One pointwise convolution before the first stage; published under the name ``op``."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.op = nn.Sequential(_pointwise(dim, dim), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.op(x)
        return out


class ExpertStages(nn.Module):
    """The four stages, one after the other."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.preprocess = _Preprocess(dim)
        self._ops = nn.ModuleList(_Stage(dim) for _ in range(STAGES))

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Pass a map [B, dim, H, W] through the stages, with gate weights [B, 4, 8]."""
        x = self.preprocess(x)
        for i, stage in enumerate(self._ops):
            x = stage(x, weights[:, i])
        return x


class Mixture(nn.Module):
    """Gate and stages; published as ``layers.0`` and ``layers.1``."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Gate(dim, hidden), ExpertStages(dim)])

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map, [B, dim, H, W], keeping its shape."""
        gate, stages = self.layers
        out: Tensor = stages(x, gate(x))
        return out
