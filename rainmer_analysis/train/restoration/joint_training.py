"""A restorer and its encoder, trained together: what a micro-batch holds, and its loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rainmer_analysis.model import Prompts, Restorer, autocast_context
from rainmer_analysis.train.compiled import encode_with_gradients, to_channels_last
from rainmer_analysis.train.config import TrainConfig
from rainmer_analysis.train.contrast import ContrastBatch, contrast_loss, view_cosines
from rainmer_analysis.train.restoration.pixel_losses import pixel_loss
from rainmer_analysis.train.restoration.restoration_crops import Pairs

__all__ = ["JointTraining", "RestorationBatch"]


@dataclass(frozen=True)
class RestorationBatch:
    """What one micro-batch gives to do.

    Parameters
    ----------
    pairs
        Crops to restore, and the whole images that prompts are taken from.
    views
        Views to compare, or None where this micro-batch compares none.
    """

    pairs: Pairs
    views: ContrastBatch | None


class JointTraining(nn.Module):
    """A restorer, its encoder's momentum copy in it, and the loss of a micro-batch.

    Parameters
    ----------
    restorer
        With its encoders.
    config
        Weights of the losses, precision.
    """

    def __init__(self, restorer: Restorer, config: TrainConfig) -> None:
        super().__init__()
        self.restorer = restorer
        self._config = config
        self._learnt = config.restorer.prompts == "learnt"

    @classmethod
    def from_config(cls, config: TrainConfig) -> JointTraining:
        """Make the networks of a configuration, with weights of its seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            restorer = Restorer(config.restorer_config)
        return cls(restorer, config)

    def forward(self, task: RestorationBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a micro-batch, with gradient, and named numbers for the log."""
        pairs, views = task.pairs, task.views
        encoders = self.restorer.disentangle
        with autocast_context(self._config.run.precision, pairs.degraded.device):
            with torch.set_grad_enabled(self._learnt and torch.is_grad_enabled()):
                whole = encode_with_gradients(encoders.encoder_q, pairs.whole)
            restored = self.restorer(
                to_channels_last(pairs.degraded), Prompts.from_encoder_output(whole)
            )
            cosines = None
            if views is not None:
                # Queries that are the whole images were encoded for the prompts already.
                shared = self._learnt and views.query.shape == pairs.whole.shape
                output = whole if shared else encode_with_gradients(encoders.encoder_q, views.query)
                cosines = view_cosines(output, encoders.encoder_k, views.views)
        restored = restored.float()
        loss = pixel_loss(restored, pairs.clean, weight=self._config.restorer.similarity)
        numbers = {"pixels": loss.detach(), **_psnr_and_gain(restored.detach(), pairs)}
        if cosines is not None:
            contrast, more = contrast_loss(cosines, self._config.objective)
            loss, numbers = loss + contrast, numbers | more
        return loss, {"loss": loss.detach(), **numbers}


def _psnr_and_gain(restored: Tensor, pairs: Pairs) -> dict[str, Tensor]:
    """Return the mean PSNR in dB over RGB, and by how much it exceeds the degraded image's."""
    after, before = (_psnr_db(images, pairs.clean) for images in (restored, pairs.degraded))
    return {"psnr": after.mean(), "gain": (after - before).mean()}


def _psnr_db(images: Tensor, targets: Tensor) -> Tensor:
    error = (images.clamp(0, 1) - targets).square().mean(dim=(1, 2, 3))
    # Crops without any degradation would have an infinite one.
    return -10 * error.clamp_min(1e-6).log10()
