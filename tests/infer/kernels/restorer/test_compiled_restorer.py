"""The compiled restorer against the network in float64, part by part and whole."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rainmer_analysis.infer.kernels.restorer import BandThreads, CompiledRestorer
from rainmer_analysis.infer.kernels.restorer.band_threads import WorkspaceCache
from rainmer_analysis.infer.kernels.restorer.banded_feed_forward import BandedFeedForward
from rainmer_analysis.infer.kernels.restorer.hcw_map import HcwMap
from rainmer_analysis.infer.kernels.restorer.nested_top_k_softmax import nested_top_k_softmax
from rainmer_analysis.model.restorer import Restorer, RestorerConfig
from rainmer_analysis.model.restorer.config import VARIANTS
from rainmer_analysis.model.restorer.modules import basic_layers as network_layers
from rainmer_analysis.model.restorer.modules.channel_attention import (
    kept_channels_by_rate,
    sparse_attention,
)
from rainmer_analysis.model.restorer.modules.channel_selection import (
    RecordedSelection,
    SelectionRecorder,
    topk_as_torch,
    topk_lowest_index,
)

ONE = BandThreads(1)
NARROW = RestorerConfig(
    dim=4, base_dim=6, gate_hidden=5, se_hidden=2, blocks=(1, 1, 1, 1), heads=(1, 2, 2, 4)
)


def shaken(module: nn.Module, by: float = 0.1) -> nn.Module:
    """Move all weights away from their initial values."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += by * torch.randn_like(parameter)
    return module.eval()


def restorer(config: RestorerConfig) -> Restorer:
    torch.manual_seed(0)
    return shaken(Restorer(config))  # type: ignore[return-value]


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def both(
    module: Restorer, size: tuple[int, int], threads: BandThreads = ONE, *, prompts: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """What the compiled form and the network in float64 make of an image."""
    image, whole = drawn(1, 3, *size), drawn(1, 3, 128, 128, seed=2)
    vectors = module.prompt_vectors(module.encode_prompts(whole), batch=1) if prompts else ()
    planar = CompiledRestorer(module)
    found = planar(image[0].numpy(), planar.prepare_prompts(vectors), threads)
    expected = module.double()(image.double(), whole.double() if prompts else None)[0].numpy()
    module.float()
    return found, expected


@torch.no_grad()
def in_float32(module: Restorer, size: tuple[int, int]) -> np.ndarray:
    """What PyTorch's operators make of the same image in float32."""
    found: np.ndarray = module(drawn(1, 3, *size), drawn(1, 3, 128, 128, seed=2))[0].numpy()
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_variants(variant: str) -> None:
    module = restorer(replace(NARROW, variant=variant))
    found, expected = both(module, (24, 40))
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(expected - drawn(1, 3, 24, 40)[0].numpy()).max() > 0.05
    if VARIANTS[variant].atoms:
        assert np.abs(both(module, (24, 40), prompts=False)[1] - expected).max() > 1e-4


@pytest.mark.parametrize(
    "size", [(8, 16), (8, 136), (56, 16), (16, 24), (40, 72), (104, 24), (16, 808)]
)
def test_sizes_and_threads(size: tuple[int, int]) -> None:
    """Blocks that end with the image or within it, some of several, and results bit for bit."""
    module = restorer(NARROW)
    found, expected = both(module, size)
    assert np.abs(found - expected).max() < 1e-5
    assert np.array_equal(both(module, size, BandThreads(3))[0], found)


@pytest.mark.parametrize(
    "config",
    [
        replace(NARROW, norm="BiasFree", expansion=2.0),
        replace(NARROW, dim=6, heads=(2, 3, 4, 6), blocks=(2, 1, 2, 3), expansion=1.0),
        replace(NARROW, dim=12, base_dim=32, heads=(1, 2, 4, 8)),
    ],
    ids=["free of bias", "deeper", "shipped widths"],
)
def test_other_shapes_of_the_network(config: RestorerConfig) -> None:
    module = restorer(config)
    own = in_float32(module, (24, 16))
    found, expected = both(module, (24, 16))
    error, own_error = (np.abs(each - expected).max() for each in (found, own))
    # random weights of the shipped widths make numbers far beyond those of an image, and PyTorch's
    # own float32 is 9.5e-6 from float64 there; these loops, 1.16e-5
    assert error < max(1e-5, 1.5 * own_error)


class Compared(RecordedSelection):
    """Recorded selections, noting where the rule would have kept other places."""

    def __init__(self, rule: Ranking) -> None:
        super().__init__(rule.places)
        self.own = Ranking()

    def __call__(self, attention: torch.Tensor, k: int) -> torch.Tensor:
        self.own(attention, k)
        return super().__call__(attention, k)


class Ranking:
    """The rule of the lowest index, noting by how much the last one kept was larger."""

    def __init__(self) -> None:
        self.places: list[torch.Tensor] = []
        self.margins: list[torch.Tensor] = []

    def __call__(self, attention: torch.Tensor, k: int) -> torch.Tensor:
        ranked = attention.sort(dim=-1, descending=True, stable=True)
        self.margins.append(ranked.values[..., k - 1] - ranked.values[..., k])
        self.places.append(ranked.indices[..., :k])
        return self.places[-1]


@torch.no_grad()
def test_all_blocks_of_the_published_depth() -> None:
    """Only near-ties are chosen otherwise than in float64, and all else is rounding."""
    module = restorer(replace(NARROW, dim=8, heads=(1, 2, 4, 8), blocks=(4, 6, 6, 8)))
    image, planar, none = drawn(1, 3, 24, 40), CompiledRestorer(module), ()
    truth = Ranking()
    module.use_selection(truth)
    expected = module.double()(image.double())[0].numpy()
    module.float()
    errors = []
    for run in (
        lambda: module(image)[0].numpy(),
        lambda: planar(image[0].numpy(), planar.prepare_prompts(none), ONE),
    ):
        compared = Compared(truth)
        module.use_selection(compared)
        errors.append(np.abs(run() - expected).max())
        assert len(compared) == 0
        for left, right, margin in zip(
            truth.places, compared.own.places, truth.margins, strict=True
        ):
            others = (left.sort(-1).values != right.sort(-1).values).any(-1)
            assert (margin[others] < 1e-6).all()
    # weights moved so far make float32 err at the fifth digit: PyTorch 8.6e-6, the loops 1.45e-5
    assert errors[1] < max(1e-5, 2 * errors[0])


@torch.no_grad()
def test_images_of_other_sizes_leave_nothing_behind() -> None:
    module = restorer(NARROW)
    planar = CompiledRestorer(module)
    none = planar.prepare_prompts(())
    images = [drawn(3, *size).numpy() for size in ((40, 56), (8, 16), (24, 56))]
    first = [planar(image, none, ONE) for image in images]
    planar(np.full((3, 24, 56), 1e6, np.float32), none, ONE)
    for image, known in zip(images, first, strict=True):
        assert np.array_equal(planar(image, none, ONE), known)


@pytest.mark.parametrize("size", [(16, 24), (8, 8)])
@torch.no_grad()
def test_recorded_selections_are_replayed(size: tuple[int, int]) -> None:
    """With another rule than the lowest index, PyTorch selects; the rest stays compiled.

    In a map of one pixel all cosines are 1 or -1, and rounding alone ranks them: there too.
    """
    module, image = restorer(NARROW), drawn(1, 3, *size)
    recorder = SelectionRecorder(topk_as_torch)
    module.use_selection(recorder)
    expected = module(image)[0].numpy()
    places = list(recorder.places)
    replay = RecordedSelection(places)
    module.use_selection(replay)
    planar = CompiledRestorer(module)
    found = planar(image[0].numpy(), planar.prepare_prompts(()), ONE)
    assert len(replay) == 0
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("columns", [2, 12, 25, 48])
def test_nested_selections(columns: int) -> None:
    """Against the network's own, with ties in the logits and among what was left out."""
    rng = np.random.default_rng(columns)
    logits = np.round(rng.normal(size=(2, columns, columns)), 1).astype(np.float32)
    shares = rng.random(4).astype(np.float32)
    found = nested_top_k_softmax(logits, shares, kept_channels_by_rate(columns))
    expected = sparse_attention(
        torch.from_numpy(logits)[None].double(),
        torch.from_numpy(shares).double(),
        select=topk_lowest_index,
    )[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_selections_whose_weights_vanish() -> None:
    """A chosen number may become an exact zero, and ties with what was left out."""
    logits = np.array([[[0.0, -200.0, -300.0, -400.0, 500.0, 1.0]] * 6], np.float32)
    shares = np.full(4, 0.25, np.float32)
    expected = sparse_attention(
        torch.from_numpy(logits)[None], torch.from_numpy(shares), select=topk_lowest_index
    )
    found = nested_top_k_softmax(logits, shares, kept_channels_by_rate(6))
    np.testing.assert_allclose(found, expected[0], atol=1e-6)


@pytest.mark.parametrize(("channels", "expansion"), [(4, 2.66), (5, 2.0), (12, 2.66)])
@torch.no_grad()
def test_the_feed_forward_alone(channels: int, expansion: float) -> None:
    """With an odd number of hidden channels one pair reads both scales."""
    torch.manual_seed(1)
    config = RestorerConfig(expansion=expansion)
    norm = shaken(network_layers.Norm(channels, kind="WithBias"), 0.5)
    ffn = shaken(network_layers.FeedForward(channels, config=config), 0.3)
    given = torch.randn(1, channels, 35, 37)
    maps = [HcwMap.zeros(channels, (35, 37)) for _ in range(2)]
    maps[0].pixels[:] = given[0].numpy()
    BandedFeedForward(norm, ffn)(*maps, ONE, WorkspaceCache())
    expected = given.double() + ffn.double()(norm.double()(given.double()))
    np.testing.assert_allclose(maps[1].pixels, expected[0], atol=2e-5)
    outside = maps[1].array.copy()
    outside[7:42, :, :37] = 0
    assert not outside.any()


def test_threads_are_counted_and_pickled() -> None:
    assert BandThreads().count >= 1
    seen: list[int] = []
    made = pickle.loads(pickle.dumps(BandThreads(2)))
    made.for_each(seen.append, range(5))
    assert sorted(seen) == [0, 1, 2, 3, 4]
    assert made.count == 2
