"""The restorer: a U-shaped transformer of channel attention, steered by what the encoder knows.

Published as Rainmer_SA and its variants; supplement, sections A and B, and the published code.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.model.encoder import RainmerEncoder
from rainmer_analysis.model.experts import Mixture, PointwiseLinear
from rainmer_analysis.model.restorer.config import RestorerConfig
from rainmer_analysis.model.restorer.modules import (
    ChannelAttention,
    LocalFusion,
    PatchEmbed,
    Prompts,
    Selection,
    TransformerBlock,
    build_downsample,
    build_prompted_block,
    build_upsample,
)

__all__ = ["MULTIPLE", "Disentangle", "Restorer"]

MULTIPLE = 8


class Disentangle(nn.Module):
    """The encoder and its momentum copy, under their published names.

    The copy follows the encoder in training, by the trainer's hand; it never has a gradient.
    """

    def __init__(self, config: RestorerConfig) -> None:
        super().__init__()
        self.encoder_q = RainmerEncoder(config.encoder_config)
        self.encoder_k = copy.deepcopy(self.encoder_q).requires_grad_(False)


def _build_encoder_level(config: RestorerConfig, level: int) -> nn.ModuleList:
    width, heads = config.level_widths[level], config.heads[level]
    return nn.ModuleList(
        TransformerBlock(width, heads, config=config) for _ in range(config.blocks[level])
    )


def _build_decoder_level(config: RestorerConfig, level: int) -> nn.ModuleList:
    # The last decoder level keeps upsampled and skipped channels side by side.
    width, heads = config.level_widths[max(level, 1)], config.heads[level]
    return nn.ModuleList(
        build_prompted_block(width, heads, config=config) for _ in range(config.blocks[level])
    )


def _run_blocks(blocks: Iterable[nn.Module], x: Tensor, *more: tuple[Tensor, ...]) -> Tensor:
    for block in blocks:
        x = block(x, *more)
    return x


class Restorer(nn.Module):
    """Map degraded images to restored ones.

    At the published widths 36,766,880 parameters, 941,536 of which are the momentum copy's and
    not trained. Keys as published. A state dict does not tell all variants apart: the
    configuration does.

    Parameters
    ----------
    config
        Widths and variant.

    Examples
    --------
    >>> import torch
    >>> config = RestorerConfig(dim=8, base_dim=8, blocks=(1, 1, 1, 1))
    >>> restorer = Restorer(config).eval()
    >>> restorer(torch.rand(1, 3, 16, 24), torch.rand(1, 3, 128, 128)).shape
    torch.Size([1, 3, 16, 24])
    """

    def __init__(self, config: RestorerConfig | None = None) -> None:
        super().__init__()
        self.config = config = RestorerConfig() if config is None else config
        first, second, third, last = config.level_widths
        self.disentangle = Disentangle(config)
        self.patch_embed = PatchEmbed(first)
        self.encoder_level0 = Mixture(first, config.gate_hidden, layer=PointwiseLinear)
        self.cross_fuse = LocalFusion(first)
        self.encoder_level1 = _build_encoder_level(config, 0)
        self.down1_2 = build_downsample(first)
        self.encoder_level2 = _build_encoder_level(config, 1)
        self.down2_3 = build_downsample(second)
        self.encoder_level3 = _build_encoder_level(config, 2)
        self.down3_4 = build_downsample(third)
        self.latent = _build_encoder_level(config, 3)
        self.up4_3 = build_upsample(last)
        self.reduce_chan_level3 = nn.Conv2d(last, third, 1, bias=False)
        self.decoder_level3 = _build_decoder_level(config, 2)
        self.up3_2 = build_upsample(third)
        self.reduce_chan_level2 = nn.Conv2d(third, second, 1, bias=False)
        self.decoder_level2 = _build_decoder_level(config, 1)
        self.up2_1 = build_upsample(second)
        self.decoder_level1 = _build_decoder_level(config, 0)
        self.refinement = Mixture(second, config.gate_hidden, layer=PointwiseLinear)
        self.output = nn.Conv2d(second, 3, 3, padding=1, bias=False)

    def use_selection(self, select: Selection) -> None:
        """Replace the rule that ranks attentions, in every block."""
        for module in self.modules():
            if isinstance(module, ChannelAttention):
                module.select = select

    def encode_prompts(self, prompt_images: Tensor) -> Prompts:
        """Encode whole degraded images, brought to 128 x 128, [B, 3, 128, 128], as prompts."""
        return Prompts.from_encoder_output(self.disentangle.encoder_q(prompt_images))

    def forward(
        self,
        images: Tensor,
        prompts: Prompts | Mapping[str, Tensor] | Tensor | None = None,
        *,
        local_fusion: bool | None = None,
    ) -> Tensor:
        """Restore images.

        Parameters
        ----------
        images
            [B, 3, H, W], RGB in [0, 1], H and W multiples of 8.
        prompts
            Vectors, as `Prompts` or by the names ``chromatic`` and ``degradation``; or whole
            degraded images brought to 128 x 128, [B or 1, 3, 128, 128], to be encoded; None
            for a pass without prompts. Vectors of knowledge that the configuration leaves out
            are ignored.
        local_fusion
            Whether local knowledge is fused; None for what is published: always in training
            mode, in eval mode unless the variant skips it.

        Returns
        -------
        Restored images, of the shape of `images`, not clamped.

        Raises
        ------
        ParameterError
            If images or prompts have another shape, or if a prompt is missing.
        """
        _check_image_shape(images)
        vectors = self.prompt_vectors(prompts, batch=len(images))
        if local_fusion is None:
            local_fusion = self.training or self.config.variant_traits.local_at_inference
        x = self.encoder_level0(self.patch_embed(images))
        if local_fusion:
            x = self.cross_fuse(self.disentangle.encoder_q.local_features(images), x)
        skips, x = self._encode_levels(x)
        x = self._decode_levels(x, skips, vectors)
        out: Tensor = self.output(self.refinement(x)) + images
        return out

    def _encode_levels(self, x: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], Tensor]:
        first = _run_blocks(self.encoder_level1, x)
        second = _run_blocks(self.encoder_level2, self.down1_2(first))
        third = _run_blocks(self.encoder_level3, self.down2_3(second))
        return (first, second, third), _run_blocks(self.latent, self.down3_4(third))

    def _decode_levels(
        self, x: Tensor, skips: tuple[Tensor, Tensor, Tensor], vectors: tuple[Tensor, ...]
    ) -> Tensor:
        first, second, third = skips
        x = self.reduce_chan_level3(torch.cat([self.up4_3(x), third], dim=1))
        x = _run_blocks(self.decoder_level3, x, vectors)
        x = self.reduce_chan_level2(torch.cat([self.up3_2(x), second], dim=1))
        x = _run_blocks(self.decoder_level2, x, vectors)
        return _run_blocks(self.decoder_level1, torch.cat([self.up2_1(x), first], dim=1), vectors)

    def prompt_vectors(
        self, prompts: Prompts | Mapping[str, Tensor] | Tensor | None, *, batch: int
    ) -> tuple[Tensor, ...]:
        """Return the vectors that the configuration asks for, chromatic first; see `forward`."""
        known = self.config.knowledge
        if prompts is None or not known:
            return ()
        if isinstance(prompts, Tensor):
            prompts = self.encode_prompts(prompts)
        if not isinstance(prompts, Prompts):
            prompts = Prompts(prompts.get("chromatic"), prompts.get("degradation"))
        wanted = (
            *(("chromatic",) if "chromatic" in known else ()),
            *(("degradation",) if {"degradation", "detail"} & set(known) else ()),
        )
        vectors = tuple(_checked_prompt_vector(name, getattr(prompts, name)) for name in wanted)
        for name, vector in zip(wanted, vectors, strict=True):
            if vector.shape[1:] != (self.config.base_dim,) or len(vector) not in (1, batch):
                msg = (
                    f"the {name} prompt has shape {list(vector.shape)}; give vectors "
                    f"[{batch} or 1, {self.config.base_dim}] or images [{batch} or 1, 3, 128, 128]"
                )
                raise ParameterError(msg)
        return vectors


def _checked_prompt_vector(name: str, vector: Tensor | None) -> Tensor:
    if vector is None:
        msg = (
            f"the restorer was given prompts without {name} knowledge, which its configuration "
            "asks for; give it, or no prompts at all"
        )
        raise ParameterError(msg)
    return vector


def _check_image_shape(images: Tensor) -> None:
    if images.ndim != 4 or images.shape[1] != 3:
        msg = (
            f"the restorer was given a tensor of shape {list(images.shape)}; "
            "give images as [B, 3, H, W], RGB in [0, 1]"
        )
        raise ParameterError(msg)
    height, width = images.shape[2:]
    if height % MULTIPLE or width % MULTIPLE or not height or not width:
        msg = (
            f"the restorer was given images of {width} x {height} pixels; give sides that are "
            f"multiples of {MULTIPLE}, padded and cropped back afterwards"
        )
        raise ParameterError(msg)
