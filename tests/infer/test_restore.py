"""Restorers on arrays: shapes, prompts, clamping, tiles, files and refusals."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.images import resize
from rainmer_analysis.images.image_and_pair_measures import psnr_y
from rainmer_analysis.infer import ImageRestorer, load_restorer, restore
from rainmer_analysis.infer.kernels.restorer import BandThreads
from rainmer_analysis.infer.restorer_backends import TorchBackend
from rainmer_analysis.model.checkpoint import save_weights
from rainmer_analysis.model.restorer import Restorer, RestorerConfig
from rainmer_analysis.model.restorer.restorer_checkpoint import (
    build_restorer,
    load_restorer_checkpoint,
)
from rainmer_analysis.weather import simulate

NARROW = RestorerConfig(
    "Rainmer_SA_detgalpha",
    dim=4,
    base_dim=6,
    gate_hidden=5,
    se_hidden=2,
    blocks=(1, 1, 1, 1),
    heads=(1, 2, 2, 4),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small restorer whose weights are all away from their initial values."""
    torch.manual_seed(0)
    module = Restorer(NARROW).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    return save_weights(module, path, kind="restorer")


@pytest.fixture(scope="module")
def small(weights: Path) -> ImageRestorer:
    return load_restorer(weights, device="cpu")


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def test_folded_stages_restore_as_the_network_does(weights: Path, small: ImageRestorer) -> None:
    network = build_restorer(load_restorer_checkpoint(weights)).eval().double()
    pixels, prompts = images(2, 3, 24, 40), images(2, 3, 128, 128, seed=1)
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels).double(), torch.from_numpy(prompts).double())
    found = small.restore(pixels, prompts, clamp=False)
    np.testing.assert_allclose(found, expected.numpy(), atol=2e-5)
    assert not any(t.requires_grad for t in small._module.state_dict(keep_vars=True).values())


def test_both_forms_restore_the_same(
    weights: Path, small: ImageRestorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAINMER_KERNELS", "torch")
    other = load_restorer(weights, device="cpu", threads=1)
    assert type(other._backend) is not type(small._backend)
    for sides in ((1, 70), (61, 1), (3, 70), (61, 33), (75, 131)):
        given = images(2, 3, *sides)
        for tile in (512, 48):
            found = small.restore(given, clamp=False, tile=tile, overlap=16)
            expected = other.restore(given, clamp=False, tile=tile, overlap=16)
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_threads_change_nothing(weights: Path) -> None:
    given = images(5, 3, 40, 72)
    one, three = (load_restorer(weights, device="cpu", threads=count) for count in (1, 3))
    assert (one.threads, three.threads) == (1, 3)
    assert np.array_equal(one.restore(given), three.restore(given))
    with pytest.raises(ParameterError, match="0 threads were asked for; give a number from 1"):
        load_restorer(weights, device="cpu", threads=0)


def test_strips_are_what_restore_gives(small: ImageRestorer) -> None:
    image = images(3, 131, 75)
    parts = list(small.restore_strips(image, tile=48, overlap=16))
    assert len(parts) > 2
    assert [rows.start for rows, _ in parts[1:]] == [rows.stop for rows, _ in parts[:-1]]
    whole = np.concatenate([strip for _, strip in parts], axis=1)
    assert np.array_equal(whole, small.restore(image[None], tile=48, overlap=16)[0])


def test_a_restorer_can_be_pickled(small: ImageRestorer) -> None:
    given = images(1, 3, 16, 24)
    again = pickle.loads(pickle.dumps(small))
    assert (again.sha256, again.variant, again.threads) == (
        small.sha256,
        small.variant,
        small.threads,
    )
    assert np.array_equal(again.restore(given), small.restore(given))


def test_biases_in_blocks_are_left_to_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = Restorer(replace(NARROW, bias=True)).eval()
    path = save_weights(module, tmp_path / "biased.safetensors", kind="restorer")
    given = images(1, 3, 16, 24)
    with torch.no_grad():
        expected = module(torch.from_numpy(given), torch.from_numpy(resize(given[0])[None]))
    found = load_restorer(path, device="cpu").restore(given, clamp=False)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "sides", [(8, 8), (1, 1), (3, 70), (9, 17), (40, 52), (61, 33), (64, 64), (75, 131)]
)
def test_any_size_comes_back(small: ImageRestorer, sides: tuple[int, int]) -> None:
    given = images(2, 3, *sides)
    before = given.copy()
    found = small.restore(given, tile=64, overlap=16)
    assert found.shape == given.shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert 0 <= found.min() <= found.max() <= 1
    assert np.abs(found - given).max() > 1e-3
    assert np.array_equal(given, before)


@torch.inference_mode()
def test_a_whole_image_is_the_networks_own_answer(small: ImageRestorer, weights: Path) -> None:
    """Padded by reflection below and right, prompted by the whole image, cropped."""
    given = images(1, 3, 45, 60)
    module = build_restorer(load_restorer_checkpoint(weights))
    padded = torch.from_numpy(np.pad(given, ((0, 0), (0, 0), (0, 3), (0, 4)), mode="reflect"))
    prompts = torch.from_numpy(resize(given[0])[None])
    expected = module(padded, prompts)[:, :, :45, :60].numpy()
    np.testing.assert_allclose(small.restore(given, clamp=False), expected, atol=1e-6)
    assert not np.allclose(module(padded)[:, :, :45, :60].numpy(), expected, atol=1e-3)


def test_default_prompts_are_the_images_under_the_resize_rule(small: ImageRestorer) -> None:
    given = images(2, 3, 40, 100)
    prompts = np.stack([resize(image) for image in given])
    for tile in (512, 48):
        expected = small.restore(given, tile=tile, overlap=16)
        found = small.restore(given, prompts, tile=tile, overlap=16)
        assert np.array_equal(found, expected)
    others = small.restore(given, images(2, 3, 128, 128, seed=1) ** 4)
    assert np.abs(others - small.restore(given)).max() > 1e-4


def test_clamping_is_the_last_thing_that_happens(small: ImageRestorer) -> None:
    given = np.round(images(1, 3, 40, 100))
    raw = small.restore(given, None, False, tile=48, overlap=16)
    assert raw.min() < 0
    assert raw.max() > 1
    found = small.restore(given, tile=48, overlap=16)
    assert np.array_equal(found, np.clip(raw, 0, 1))


def test_images_of_a_batch_do_not_see_each_other(small: ImageRestorer) -> None:
    given = images(3, 3, 24, 40)
    one_by_one = np.concatenate([small.restore(image[None]) for image in given])
    assert np.array_equal(small.restore(given), one_by_one)


def test_tensors_and_read_only_arrays_are_taken(small: ImageRestorer) -> None:
    given = images(1, 3, 16, 24)
    expected = small.restore(given)
    assert np.array_equal(small.restore(torch.from_numpy(given)), expected)
    given.setflags(write=False)
    assert np.array_equal(small.restore(given), expected)
    assert small.restore(given[:0]).shape == (0, 3, 16, 24)


def test_a_restorer_that_changes_no_pixel_leaves_no_trace_of_tiles(weights: Path) -> None:
    """Without the last convolution the network is the identity, and so must the blend be."""
    checkpoint = load_restorer_checkpoint(weights)
    state = {
        **checkpoint.state,
        "output.weight": torch.zeros_like(checkpoint.state["output.weight"]),
    }
    made = restore._restorer_on_device(
        build_restorer(replace(checkpoint, state=state)), "", ("cpu", "exact", 1)
    )
    given = images(1, 3, 75, 131)
    np.testing.assert_allclose(made.restore(given, tile=48, overlap=16), given, atol=1e-6)


def test_tiles_bound_what_the_network_sees(
    small: ImageRestorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []

    def look(self: object, tiles: np.ndarray, prompts: object) -> np.ndarray:
        seen.append(tiles.shape)
        return tiles

    monkeypatch.setattr(type(small._backend), "__call__", look)
    for height, width, calls in ((64, 64, 1), (128, 64, 3), (1000, 500, 21 * 11)):
        seen.clear()
        small.restore(images(1, 3, height, width), tile=64, overlap=16)
        assert len(seen) == calls
        assert max(max(shape[2:]) for shape in seen) <= 64
        assert {shape[0] for shape in seen} == {1}


def test_torch_computes_with_channels_last(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def look(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        seen.append(given[0].is_contiguous(memory_format=torch.channels_last))

    monkeypatch.setenv("RAINMER_KERNELS", "torch")
    made = load_restorer(weights, device="cpu")
    module = made._backend._module  # type: ignore[attr-defined]
    handle = module.patch_embed.register_forward_pre_hook(look)
    made.restore(images(2, 3, 40, 130), tile=64, overlap=16)
    handle.remove()
    assert len(seen) == 6
    assert all(seen)
    assert module.patch_embed.proj.weight.is_contiguous(memory_format=torch.channels_last)


def test_what_is_loaded_says_what_it_is(small: ImageRestorer, weights: Path) -> None:
    assert small.variant == "Rainmer_SA_detgalpha"
    assert small.sha256 == load_restorer_checkpoint(weights).sha256
    assert small.configuration["dim"] == 4
    assert small.configuration["ties"] == "lowest"
    assert load_restorer(weights, device="cpu", ties="published").configuration["ties"] == (
        "published"
    )
    assert not any(each.requires_grad for each in small._module.parameters())
    assert not small._module.training


def test_published_weights_need_their_variant(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = Restorer(RestorerConfig(dim=4, base_dim=6, blocks=(1, 1, 1, 1), heads=(1, 1, 1, 1)))
    torch.save(module.state_dict(), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="Rainmer_SA_wolocf"):
        load_restorer(tmp_path / "net.pth", device="cpu")
    made = load_restorer(tmp_path / "net.pth", "Rainmer_SA_wolocf", "cpu")
    assert made.variant == "Rainmer_SA_wolocf"
    assert made.restore(images(1, 3, 8, 8)).shape == (1, 3, 8, 8)


def test_weights_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no file of weights '.*no\.pth'; give a"):
        load_restorer(tmp_path / "no.pth")
    monkeypatch.setattr(restore, "SHIPPED", "absent")
    with pytest.raises(
        WeightsError, match=r"carries no weights of a restorer; give a file with weights="
    ):
        load_restorer()


def test_other_images_prompts_and_names_are_refused(small: ImageRestorer, weights: Path) -> None:
    good = images(2, 3, 8, 8)
    for bad in (good[0], good[:, :2], good.astype(float), good + 1, good * np.nan, good[..., :0]):
        with pytest.raises(ParameterError, match=r"a restorer was given images .*; give float32"):
            small.restore(bad)
    with pytest.raises(ParameterError, match=r"2 images were given prompts of shape \[1, 3, 128"):
        small.restore(good, images(1, 3, 128, 128))
    with pytest.raises(ParameterError, match=r"prompts of shape \[2, 3, 130, 128\]; give \[2, 3,"):
        small.restore(good, images(2, 3, 130, 128))
    with pytest.raises(ParameterError, match="prompt of a restorer was given images of shape"):
        small.restore(good, images(2, 3, 64, 64))
    with pytest.raises(ParameterError, match="tiles of 100 pixels"):
        small.restore(good, tile=100)
    with pytest.raises(ParameterError, match="ties of a restorer is 'first'"):
        load_restorer(weights, ties="first")


def test_published_outputs_through_the_door(oracle: Path, published: bool) -> None:
    if published and not torch.__version__.startswith("2.13."):
        pytest.skip("torch.topk may pick other winners among equals than torch 2.13 does")
    folder = oracle
    made = load_restorer(folder / "tiny_Rainmer_SA_detgalpha.pth", device="cpu", ties="published")
    with np.load(folder / "tiny_Rainmer_SA_detgalpha_io.npz") as io:
        found = made.restore(io["in_odd"], io["q_odd"], clamp=False)
        assert np.abs(found - io["out_odd"]).max() < 1e-6


def test_fast_is_exact_on_a_cpu_and_says_so(
    weights: Path, small: ImageRestorer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="rainmer_analysis"):
        made = load_restorer(weights, device="cpu", precision="fast")
    assert "restoring in float32: on a CPU bfloat16 is not faster" in caplog.messages
    assert made.precision == "exact"
    given = images(1, 3, 16, 24)
    assert np.array_equal(made.restore(given), small.restore(given))
    with pytest.raises(ParameterError, match="unknown precision 'half'; allowed are exact and fas"):
        load_restorer(weights, device="cpu", precision="half")


def test_bfloat16_costs_no_quality() -> None:
    """The form of a CUDA device, in bfloat16 that the CPU emulates: 0.02 dB of the exact one."""
    pair = simulate("sim-Rain200H", 3, size=(96, 96))
    module = build_restorer(load_restorer_checkpoint(restore._restorer_weights_path(None)))
    ratios = []
    for precision in ("exact", "fast"):
        form = TorchBackend(module, torch.device("cpu"), BandThreads(1), precision=precision)
        known = form.encode_prompts(resize(pair.rainy)[None])
        found = form(pair.rainy[None], known)[0].clip(0, 1)
        ratios.append(psnr_y(found, pair.clean))
    assert ratios[0] > psnr_y(pair.rainy, pair.clean) + 1
    assert ratios[0] != ratios[1]
    assert ratios[1] == pytest.approx(ratios[0], abs=0.02)
