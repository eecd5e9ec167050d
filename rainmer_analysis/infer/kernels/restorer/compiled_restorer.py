"""A restorer on a CPU: the same function of an image as `Restorer`, in compiled loops.

Everything here is derived from a `Restorer`, which stays the one definition of the network; its
weights are laid out anew, and what is linear is multiplied together beforehand. Work is divided
into bands of rows that do not depend on the number of threads, nor do the results.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rainmer_analysis.infer.kernels.restorer.attention_and_prompts import (
    PreparedPrompts,
    add_attention_and_prompts,
)
from rainmer_analysis.infer.kernels.restorer.band_threads import (
    BandThreads,
    Workers,
    WorkspaceCache,
)
from rainmer_analysis.infer.kernels.restorer.banded_channel_attention import BandedChannelAttention
from rainmer_analysis.infer.kernels.restorer.banded_expert_stages import BandedExpertStages
from rainmer_analysis.infer.kernels.restorer.banded_feed_forward import BandedFeedForward
from rainmer_analysis.infer.kernels.restorer.hcw_map import HcwMap
from rainmer_analysis.infer.kernels.restorer.map_layers import (
    convolve_and_pixel_shuffle,
    convolve_and_pixel_unshuffle,
    convolve_map_1x1,
    convolve_map_3x3,
    fuse_local_knowledge,
)
from rainmer_analysis.infer.kernels.restorer.packed_layers import (
    PackedConvolution,
    to_flat_float32,
    weight_matrix,
)
from rainmer_analysis.kernels.hcw_maps import Array
from rainmer_analysis.model.encoder import SLOPE
from rainmer_analysis.model.folded_encoder import mean_3x3_neighbourhood
from rainmer_analysis.model.restorer import Restorer

__all__ = ["CompiledRestorer"]


class _Block:
    """A block: its attention, its answer, its feed-forward."""

    def __init__(self, block: Any) -> None:
        self._attention = BandedChannelAttention(block.norm1, block.attn)
        self._feed_forward = BandedFeedForward(block.norm2, block.ffn)
        self._residual = hasattr(block, "chr_promptAttn")
        prompted = block if self._residual else block.attn
        self._prompted = prompted if hasattr(prompted, "chr_promptAttn") else None

    def prepare_prompts(self, vectors: tuple[Tensor, ...]) -> PreparedPrompts:
        """Lay out the prompts of an image."""
        return PreparedPrompts(self._prompted, self._attention.channels, vectors)

    def __call__(
        self, maps: tuple[HcwMap, HcwMap, HcwMap], prompts: PreparedPrompts, workers: Workers
    ) -> None:
        """Refine the first of three maps into the second; the third takes the values."""
        x, y, values = maps
        factors = self._attention(x, values, *workers)
        add_attention_and_prompts(
            x, values, factors, prompts, residual=self._residual, workers=workers
        )
        self._feed_forward(x, y, *workers)


class _Mixture:
    """A mixture of experts, from its first product on."""

    def __init__(self, module: Any) -> None:
        self.gate = module.gate
        self.first_product = next(module.expert_stages.preprocess.parameters()).detach().flatten(1)
        self.stages = BandedExpertStages(module.expert_stages.stages)

    def gate_weights(self, mean: Tensor) -> Tensor:
        """Weigh the experts by the mean of the patch embedding, [dim]: [4, 8]."""
        found: Tensor = self.gate.weigh(mean[None].float())[0]
        return found


class _EmbeddedMixture:
    """A mixture with the 3 x 3 convolution of the image before it."""

    def __init__(self, conv: nn.Conv2d, module: Any) -> None:
        self._mixture = _Mixture(module)
        self._embedding = conv.weight.detach().double().flatten(1)
        bias = torch.zeros(len(conv.weight)) if conv.bias is None else conv.bias.detach()
        self._bias = bias.double()
        point = self._mixture.first_product.double()
        weight = torch.einsum("oc,cihw->oihw", point, conv.weight.detach().double())
        self._entry = PackedConvolution(weight, point @ self._bias)

    def __call__(
        self, image: HcwMap, maps: tuple[HcwMap, HcwMap], windows: Tensor, workers: Workers
    ) -> HcwMap:
        """Refine an image, its neighbourhoods of mean [3, 3, 3]; see `BandedExpertStages`."""
        gate = self._mixture.gate_weights(self._embedding @ windows.double().flatten() + self._bias)
        convolve_map_3x3(self._entry, image, maps[0], slope=0.0, workers=workers)
        return self._mixture.stages(maps, gate, *workers)


class _LocalFusion:
    """The fusion of local knowledge."""

    def __init__(self, module: Any) -> None:
        first, _, second = module.location_map
        self._first = PackedConvolution(first.weight, first.bias)
        # of the second only the mean over its outputs is taken
        mean = second.weight.detach().double().mean(0, keepdim=True)
        self._second = PackedConvolution(mean, second.bias.detach().double().mean()[None])
        self._channel_map = module.channel_map

    def __call__(
        self, location: HcwMap, features: HcwMap, between: HcwMap, workers: Workers
    ) -> None:
        """Fuse local knowledge into a map, in place."""
        convolve_map_3x3(self._first, location, between, slope=SLOPE, workers=workers)
        where = HcwMap.zeros(1, features.size)
        convolve_map_3x3(self._second, between, where, workers=workers)
        mean = torch.from_numpy(_mean_over_pixels(features)).float()
        shares = to_flat_float32(self._channel_map(mean[None, :, None, None]))
        fuse_local_knowledge(where, location, features, shares, workers=workers)


def _mean_over_pixels(features: HcwMap) -> npt.NDArray[np.float64]:
    rows = features.pixels.sum(axis=2, dtype=np.float64).sum(axis=1)
    found: npt.NDArray[np.float64] = rows / (features.size[0] * features.size[1])
    return found


class CompiledRestorer:
    """A restorer whose inner loops are compiled.

    Parameters
    ----------
    restorer
        The network, without biases in its blocks; it is read, not changed.

    Examples
    --------
    >>> from rainmer_analysis.model.restorer import RestorerConfig
    >>> config = RestorerConfig(dim=8, base_dim=8, blocks=(1, 1, 1, 1))
    >>> fast = CompiledRestorer(Restorer(config))
    >>> fast(np.zeros((3, 16, 24), np.float32), fast.prepare_prompts(()), BandThreads(1)).shape
    (3, 16, 24)
    """

    def __init__(self, restorer: Restorer) -> None:
        self.config = restorer.config
        self._cache, self._size = WorkspaceCache(), (0, 0)
        with torch.inference_mode():
            self._pack_layers(restorer)

    def _pack_layers(self, net: Restorer) -> None:
        encoder = net.disentangle.encoder_q
        self._local = _EmbeddedMixture(encoder.conv.proj, encoder.MoEs)
        self._first = _EmbeddedMixture(net.patch_embed.proj, net.encoder_level0)
        self._fusion = _LocalFusion(net.cross_fuse)
        downs = (net.encoder_level1, net.encoder_level2, net.encoder_level3, net.latent)
        ups = (net.decoder_level3, net.decoder_level2, net.decoder_level1)
        self._down_blocks = [[_Block(block) for block in level] for level in downs]
        self._up_blocks = [[_Block(block) for block in level] for level in ups]
        resamplers: Any = (net.down1_2, net.down2_3, net.down3_4, net.up4_3, net.up3_2, net.up2_1)
        layers = [PackedConvolution(each.body[0].weight) for each in resamplers]
        self._downs, self._ups = layers[:3], layers[3:]
        reducers = (net.reduce_chan_level3, net.reduce_chan_level2)
        self._reducers = [to_flat_float32(weight_matrix(each)) for each in reducers]
        self._refinement = _Mixture(net.refinement)
        self._refining = to_flat_float32(self._refinement.first_product)
        self._output = PackedConvolution(net.output.weight)

    def prepare_prompts(self, vectors: tuple[Tensor, ...]) -> list[list[PreparedPrompts]]:
        """Lay out the prompts of an image, [1, base_dim] each, chromatic first, for its tiles."""
        with torch.inference_mode():
            return [
                [block.prepare_prompts(vectors) for block in level] for level in self._up_blocks
            ]

    def __call__(
        self, image: Array, prompts: list[list[PreparedPrompts]], threads: BandThreads
    ) -> Array:
        """Restore a tile, float32 [3, H, W] with sides that 8 divides; not clamped.

        The rows of each map are shared out among the threads.
        """
        size = image.shape[1], image.shape[2]
        if size != self._size:
            self._cache, self._size = WorkspaceCache(), size
        workers = threads, self._cache
        with torch.inference_mode():
            source = HcwMap.zeros(3, size)
            source.pixels[:] = image
            windows = mean_3x3_neighbourhood(torch.from_numpy(image).double()[None])[0]
            top = self._embed_and_fuse_local_knowledge(source, windows, workers)
            joined, x = self._encode_levels(top, workers)
            x = self._decode_levels(x, joined, prompts, workers)
            found = self._refine_and_project(x, workers)
        found += image
        return found

    def _embed_and_fuse_local_knowledge(
        self, source: HcwMap, windows: Tensor, workers: Workers
    ) -> HcwMap:
        width = self.config.level_widths[0]
        maps = [HcwMap.zeros(width, source.size) for _ in range(2)]
        x = self._first(source, (maps[0], maps[1]), windows, workers)
        if self.config.variant_traits.local_at_inference:
            between = maps[0] if maps[1] is x else maps[1]
            others = HcwMap.zeros(width, source.size), between
            location = self._local(source, others, windows, workers)
            free = others[0] if location is others[1] else others[1]
            self._fusion(location, x, free, workers)
        return x

    def _run_blocks(
        self,
        blocks: list[_Block],
        x: HcwMap,
        out: HcwMap | None,
        prompts: list[PreparedPrompts] | None,
        workers: Workers,
    ) -> HcwMap:
        """Pass a map, which is written over, through blocks; the last one writes to `out`."""
        spare, values = (HcwMap.zeros(x.channels[1], x.size) for _ in range(2))
        for number, block in enumerate(blocks):
            target = spare if out is None or number < len(blocks) - 1 else out
            block(
                (x, target, values),
                prompts[number] if prompts else block.prepare_prompts(()),
                workers,
            )
            x, spare = target, x
        return x

    def _encode_levels(self, x: HcwMap, workers: Workers) -> tuple[list[HcwMap], HcwMap]:
        """Go down to the latent level; what is skipped is put behind room for what comes up."""
        joined: list[HcwMap] = []
        for number, blocks in enumerate(self._down_blocks):
            width = x.channels[1]
            if number == len(self._down_blocks) - 1:
                return joined, self._run_blocks(blocks, x, None, None, workers)
            both = HcwMap.zeros(2 * width, x.size)
            skip = self._run_blocks(blocks, x, both.channel_slice(width, width), None, workers)
            joined.append(both)
            height, columns = x.size
            x = HcwMap.zeros(2 * width, (height // 2, columns // 2))
            convolve_and_pixel_unshuffle(self._downs[number], skip, x, workers=workers)
        raise AssertionError

    def _decode_levels(
        self,
        x: HcwMap,
        joined: list[HcwMap],
        prompts: list[list[PreparedPrompts]],
        workers: Workers,
    ) -> HcwMap:
        for number, blocks in enumerate(self._up_blocks):
            both = joined.pop()
            convolve_and_pixel_shuffle(
                self._ups[number], x, both.channel_slice(0, both.channels[1] // 2), workers=workers
            )
            x = both
            if number < len(self._reducers):
                x = HcwMap.zeros(both.channels[1] // 2, both.size)
                convolve_map_1x1(self._reducers[number], both, x, workers=workers)
            x = self._run_blocks(blocks, x, None, prompts[number], workers)
        return x

    def _refine_and_project(self, x: HcwMap, workers: Workers) -> Array:
        gate = self._refinement.gate_weights(torch.from_numpy(_mean_over_pixels(x)))
        maps = [HcwMap.zeros(x.channels[1], x.size) for _ in range(2)]
        convolve_map_1x1(self._refining, x, maps[0], rectify=True, workers=workers)
        x = self._refinement.stages((maps[0], maps[1]), gate, *workers)
        found = HcwMap.zeros(3, x.size)
        convolve_map_3x3(self._output, x, found, workers=workers)
        return np.ascontiguousarray(found.pixels)
