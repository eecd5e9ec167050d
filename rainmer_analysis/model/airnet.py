"""AirNet's contrastive degradation encoder: one of the two encoders that its MoCo holds.

Li et al., "All-in-one image restoration for unknown corruption", CVPR 2022. Only the encoder
is here; momentum copy and queue belong to training.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.pooling_and_precision import GlobalMean

__all__ = [
    "SLOPE",
    "AirNetConfig",
    "AirNetEncoder",
    "AirNetOutput",
    "AirNetViews",
    "with_folded_batch_norms",
]

SLOPE = 0.1  # of the leaky rectifiers


@dataclass(frozen=True)
class AirNetConfig:
    """Widths of the encoder; the defaults are the published ones.

    Parameters
    ----------
    width
        Channels of the first block; the pooled features have four times as many.
    out
        Length of the contrastive head's vector.
    """

    width: int = 64
    out: int = 256

    def __post_init__(self) -> None:
        for name in ("width", "out"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                msg = f"{name} of AirNet's encoder is {value!r}; give a whole number from 1 up."
                raise ParameterError(msg)


@dataclass(frozen=True)
class AirNetOutput:
    """What one forward pass gives, for B images of H x W pixels; nothing is normalised.

    Parameters
    ----------
    fea
        Pooled features, [B, 4 width]: what the published evaluation returns.
    out
        Contrastive head, [B, out]: what the published loss shapes.
    inter
        Map for the restorer, [B, width, H, W].
    """

    fea: Tensor
    out: Tensor
    inter: Tensor


@dataclass(frozen=True)
class AirNetViews:
    """Pooled features [B, 4 width] and contrastive head [B, out], not normalised."""

    fea: Tensor
    out: Tensor


def _convolution_and_norm(
    inputs: int, outputs: int, *, kernel: int, stride: int
) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


class _SqueezeExciteResidual(nn.Module):
    """Two normed convolutions beside a normed 1 x 1 shortcut, which is always there."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            *_convolution_and_norm(inputs, outputs, kernel=3, stride=stride),
            nn.LeakyReLU(SLOPE),
            *_convolution_and_norm(outputs, outputs, kernel=3, stride=1),
        )
        self.shortcut = nn.Sequential(
            *_convolution_and_norm(inputs, outputs, kernel=1, stride=stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.backbone(x) + self.shortcut(x), SLOPE)


class AirNetEncoder(nn.Module):
    """Map images to degradation features and their contrastive projection.

    At the published width 1,319,936 parameters. Batch normalisation has state: encode in
    ``eval()`` mode, or the images of a batch influence one another.

    Examples
    --------
    >>> import torch
    >>> encoder = AirNetEncoder(AirNetConfig(width=8, out=16)).eval()
    >>> encoder(torch.rand(2, 3, 32, 40)).out.shape
    torch.Size([2, 16])
    """

    def __init__(self, config: AirNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = AirNetConfig() if config is None else config
        width, features = config.width, 4 * config.width
        self.E_pre = _SqueezeExciteResidual(3, width)
        self.E = nn.Sequential(
            _SqueezeExciteResidual(width, 2 * width, stride=2),
            _SqueezeExciteResidual(2 * width, features, stride=2),
            GlobalMean(),
        )
        self.mlp = nn.Sequential(
            nn.Linear(features, features), nn.LeakyReLU(SLOPE), nn.Linear(features, config.out)
        )

    def forward(self, x: Tensor) -> AirNetOutput:
        """Encode images.

        Parameters
        ----------
        x
            Images, [B, 3, H, W], RGB in [0, 1], of any size.

        Returns
        -------
        Features, contrastive head and map.

        Raises
        ------
        ParameterError
            If `x` has another shape.
        """
        if x.ndim != 4 or x.shape[1] != 3:
            msg = (
                f"AirNet's encoder was given a tensor of shape {list(x.shape)}; "
                "give images as [B, 3, H, W], RGB in [0, 1]."
            )
            raise ParameterError(msg)
        inter = self.E_pre(x)
        fea = self.E(inter).flatten(1)
        # The head's own type, not the pooled one: they differ for half-precision weights.
        return AirNetOutput(fea=fea, out=self.mlp(fea.to(self._head_dtype())), inter=inter)

    @property
    def blocks(self) -> list[nn.Module]:
        """The residual blocks, in order."""
        return [self.E_pre, self.E[0], self.E[1]]

    def _head_dtype(self) -> torch.dtype:
        return next(self.mlp.parameters()).dtype


def with_folded_batch_norms(encoder: AirNetEncoder) -> AirNetEncoder:
    """Return a copy for inference whose convolutions contain the batch normalisation after them.

    The copy answers as `encoder` does in evaluation mode, and cannot be trained.
    """
    folded = copy.deepcopy(encoder).eval()
    for layers in [module for module in folded.modules() if isinstance(module, nn.Sequential)]:
        for place, (layer, after) in enumerate(zip(layers, list(layers)[1:], strict=False)):
            if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                layers[place] = fuse_conv_bn_eval(layer, after)
                layers[place + 1] = nn.Identity()
    return folded
