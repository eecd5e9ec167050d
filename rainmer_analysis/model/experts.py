"""The mixture of experts: a gate, eight convolutional experts, four stages.

Supplement, section A, with the details that only the published code fixes: the gate reads
the patch embedding, its weights are a softmax over the eight experts of each stage, and the
residual of a stage is added outside its fusion.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_analysis.model.pooling_and_precision import global_mean, to_float32, without_autocast

__all__ = ["EXPERTS", "STAGES", "ExpertStages", "Gate", "Mixture", "PointwiseLinear", "Stage"]

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


def _depthwise_convolution(dim: int, kernel: int, *, dilation: int = 1) -> nn.Conv2d:
    padding = dilation * (kernel // 2)
    return nn.Conv2d(dim, dim, kernel, padding=padding, dilation=dilation, groups=dim, bias=False)


def _pointwise_convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


def _weight_matrix(layer: nn.Module) -> Tensor:
    """Weights of a convolution, [outputs, everything else]."""
    return cast(Tensor, layer.weight).flatten(1)


class _Expert(nn.Module):
    """One convolutional expert; published under the name ``op``.

    Its last layer is linear and pointwise, and so is the fusion that follows. A stage
    therefore takes `features_before_head` and multiplies `head_matrix`, that layer's matrix, into
    the fusion: the same function with seven convolutions fewer.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.op(x)
        return out

    def features_before_head(self, x: Tensor) -> Tensor:
        for layer in list(self.op)[:-1]:
            x = layer(x)
        return x

    def head_matrix(self) -> Tensor:
        return _weight_matrix(self.op[-1])


class _PointExpert(_Expert):
    """The separable expert of side 1: its depthwise layers only scale channels."""

    def features_before_head(self, x: Tensor) -> Tensor:
        depth, point = _weight_matrix(self.op[0]), _weight_matrix(self.op[1])
        return F.relu(F.conv2d(x, (point * depth.T)[:, :, None, None]))

    def head_matrix(self) -> Tensor:
        return _weight_matrix(self.op[4]) * _weight_matrix(self.op[3]).T


class _DilatedExpert(_Expert):
    """A dilated depthwise layer, in float32 on a CPU, and a pointwise one.

    On a CPU with bfloat16 the weight gradient of a dilated depthwise convolution in
    channels-last layout reads memory that nobody wrote (seen with torch 2.13 and its oneDNN):
    one channel gets NaN or, unnoticed, a wrong gradient, and not at the same step twice. In
    float32 it is right, and its backward pass no slower. A layer that was exchanged for one
    of another class looks after its own precision.
    """

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.op[1](self.features_before_head(x))
        return out

    def features_before_head(self, x: Tensor) -> Tensor:
        layer = self.op[0]
        if type(layer) is not nn.Conv2d or x.device.type != "cpu":
            return super().features_before_head(x)
        with without_autocast(x):
            if layer.weight.dtype == torch.float32:
                out: Tensor = layer(to_float32(x))
            else:
                out = layer(x)
        return out.to(x.dtype)


def _build_expert(kind: str, kernel: int, dim: int) -> nn.Module:
    """Build one expert; each keeps [B, dim, H, W]."""
    if kind == "separable":
        return (_PointExpert if kernel == 1 else _Expert)(
            _depthwise_convolution(dim, kernel),
            _pointwise_convolution(dim, dim),
            nn.ReLU(),
            _depthwise_convolution(dim, kernel),
            _pointwise_convolution(dim, dim),
        )
    if kind == "dilated":
        return _DilatedExpert(
            _depthwise_convolution(dim, kernel, dilation=2), _pointwise_convolution(dim, dim)
        )
    return nn.AvgPool2d(kernel, stride=1, padding=kernel // 2, count_include_pad=False)


class Stage(nn.Module):
    """Weigh the experts' answers, fuse them, add the input."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self._ops = nn.ModuleList(_build_expert(kind, kernel, dim) for kind, kernel in EXPERTS)
        self._out = nn.Sequential(_pointwise_convolution(len(EXPERTS) * dim, dim), nn.ReLU())

    @property
    def experts(self) -> list[nn.Module]:
        """The experts in the order of `EXPERTS`."""
        return list(self._ops)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Refine a map [B, dim, H, W] with weights of the experts [B, 8]."""
        share = weights.to(x.dtype)[:, :, None, None, None]
        answers = [found * share[:, j] for j, found in enumerate(self.features_before_heads(x))]
        fused = F.conv2d(torch.cat(answers, dim=1), self.folded_fusion_weight(x))
        return F.relu(F.relu(fused) + x)

    def features_before_heads(self, x: Tensor) -> list[Tensor]:
        """Return each expert's answer to a map [B, dim, H, W], without its last, linear layer."""
        return [
            op.features_before_head(x) if isinstance(op, _Expert) else op(x) for op in self._ops
        ]

    def run_as_published(self, x: Tensor) -> Tensor:
        """Run every expert whole, with weight 1, and the fusion: the layers as published."""
        out: Tensor = self._out(torch.cat([op(x) for op in self._ops], dim=1))
        return out

    def folded_fusion_weight(self, like: Tensor) -> Tensor:
        """Multiply the experts' last layers into the fusion, [dim, 8 dim, 1, 1].

        `like` is any tensor on the device, for the sake of autocast.
        """
        fusion = _weight_matrix(self._out[0])
        with without_autocast(like):
            parts = [
                part @ op.head_matrix() if isinstance(op, _Expert) else part
                for op, part in zip(self._ops, fusion.chunk(len(EXPERTS), dim=1), strict=True)
            ]
            return torch.cat(parts, dim=1)[:, :, None, None]


class PointwiseLinear(nn.Conv2d):
    """A linear layer whose weights are published as those of a 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map vectors, [B, inputs], to [B, outputs]."""
        return F.linear(x, _weight_matrix(self), self.bias)


class Gate(nn.Module):
    """Weights of the experts, from the mean of the patch embedding.

    Parameters
    ----------
    dim, hidden
        Channels of the map, hidden units.
    layer
        ``nn.Linear`` as in the encoder, or `PointwiseLinear` as in the restorer: one function, two
        published shapes of weights.
    """

    def __init__(
        self, dim: int, hidden: int, *, layer: Callable[[int, int], nn.Module] = nn.Linear
    ) -> None:
        super().__init__()
        self.ca_fc = nn.Sequential(
            layer(dim, hidden), nn.ReLU(), layer(hidden, STAGES * len(EXPERTS))
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
            return self.weigh(global_mean(x))

    def weigh(self, mean: Tensor) -> Tensor:
        """Weigh the experts, [B, 4, 8], by the mean of the patch embedding, [B, dim]."""
        logits: Tensor = self.ca_fc(mean.to(next(self.ca_fc.parameters()).dtype))
        return logits.view(-1, STAGES, len(EXPERTS)).softmax(dim=-1)


class _Preprocess(nn.Module):
    """One pointwise convolution before the first stage; published under the name ``op``."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.op = nn.Sequential(_pointwise_convolution(dim, dim), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.op(x)
        return out


class ExpertStages(nn.Module):
    """The four stages, one after the other."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.preprocess = _Preprocess(dim)
        self._ops = nn.ModuleList(Stage(dim) for _ in range(STAGES))

    @property
    def stages(self) -> list[Stage]:
        """The stages in order."""
        return [cast(Stage, stage) for stage in self._ops]

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Pass a map [B, dim, H, W] through the stages, with gate weights [B, 4, 8]."""
        x = self.preprocess(x)
        for i, stage in enumerate(self._ops):
            x = stage(x, weights[:, i])
        return x


class Mixture(nn.Module):
    """Gate and stages; published as ``layers.0`` and ``layers.1``."""

    def __init__(
        self, dim: int, hidden: int, *, layer: Callable[[int, int], nn.Module] = nn.Linear
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Gate(dim, hidden, layer=layer), ExpertStages(dim)])

    def forward(self, x: Tensor) -> Tensor:
        """Refine a map, [B, dim, H, W], keeping its shape."""
        out: Tensor = self.expert_stages(x, self.gate(x))
        return out

    @property
    def gate(self) -> Gate:
        """The gate."""
        return cast(Gate, self.layers[0])

    @property
    def expert_stages(self) -> ExpertStages:
        """The stages of experts that follow the gate."""
        return cast(ExpertStages, self.layers[1])
