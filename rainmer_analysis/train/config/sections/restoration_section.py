"""The section of a training configuration that asks for a restorer beside the encoder."""

from __future__ import annotations

from dataclasses import dataclass

from rainmer_analysis.model.restorer import VARIANTS, RestorerConfig
from rainmer_analysis.train.config.sections.checked_fields import choice_field, number_field

__all__ = ["RestorationConfig"]


@dataclass(frozen=True)
class RestorationConfig:
    """The restorer, for a run that trains it together with Rainmer's encoder.

    Parameters
    ----------
    variant
        A published variant, such as ``Rainmer_SA``; empty: the encoder is trained alone.
    blocks, heads, expansion
        See `RestorerConfig`; the encoder's widths (`ModelConfig.width`) are the restorer's.
    start
        Weights of a restorer to go on from, with their encoder unless `ModelConfig.start` names
        another; empty: random weights.
    crop
        Side of the native-scale squares that are restored, pixels, a multiple of 8.
    prompts
        ``learnt``: restoration teaches the encoder through its prompts (published); ``given``: it
        does not, and the encoder looks at whole images without remembering what a gradient needs.
    similarity
        Weight of 1 - SSIM beside Charbonnier's loss.
    lr
        Highest learning rate of the restorer's own parameters; 0 is the encoder's. It follows the
        same schedule.
    weight_decay, clip
        Of the restorer's own parameters, as in `OptimiserConfig`.
    """

    variant: str = choice_field("", *VARIANTS)
    blocks: tuple[int, ...] = RestorerConfig.blocks
    heads: tuple[int, ...] = RestorerConfig.heads
    expansion: float = number_field(RestorerConfig.expansion, 0.1, 64)
    start: str = ""
    crop: int = number_field(128, 16, 1024)
    prompts: str = choice_field("learnt", "given")
    similarity: float = number_field(0.1, 0.0)
    lr: float = number_field(0.0, 0.0)
    weight_decay: float = number_field(0.0, 0.0)
    clip: float = number_field(0.01, 0.0)
