"""Every registered encoder against one contract, and the registry's refusals."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import torch

from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.infer import Encoder, encoder_names, load_encoder
from rainmer_analysis.infer.encoders import encoder_registry, encoder_weights, network_encoder
from rainmer_analysis.infer.encoders.built_in import statistics_encoder
from rainmer_analysis.infer.encoders.encoder_contract import checked_encoder
from rainmer_analysis.infer.execution import warn_without_bfloat16
from rainmer_analysis.model.encoder import RainmerEncoder

CASES = ["rainmer", "airnet", "statistics", "untrained:3", "theirs"]
VIEWS = {
    "rainmer": {"chromatic", "degradation"},
    "airnet": {"degradation", "degradation-fea"},
    "statistics": {"chromatic", "degradation"},
    "untrained:3": {"chromatic", "degradation"},
    "theirs": {"colour"},
}


def _make(weights: object, *, device: str, precision: str) -> object:
    class Theirs:
        name = "theirs"
        views = {"colour": 3}  # noqa: RUF012
        preprocessing = "antialias-128"
        sha256 = "f" * 64
        api_version = 1
        made_with = (weights, device, precision)

        def encode(self, images: object) -> dict[str, np.ndarray]:
            pixels = registry_check(images).numpy()
            rows = pixels.mean(axis=(2, 3)) + np.float32(0.1)
            return {"colour": rows / np.linalg.norm(rows, axis=1, keepdims=True)}

    return Theirs()


def registry_check(images: object) -> torch.Tensor:
    """Stand for a check of their own: the one of this package."""
    return network_encoder.as_checked_images(images)  # type: ignore[arg-type]


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a function that registers an entry point under a name."""

    def register(make: Callable[..., object] = _make, name: str = "theirs") -> None:
        monkeypatch.setitem(sys.modules, "their_package", types.SimpleNamespace(make=make))
        point = EntryPoint(name=name, value="their_package:make", group=encoder_registry.GROUP)
        monkeypatch.setattr(
            encoder_registry,
            "entry_points",
            lambda *, group: [point] if group == encoder_registry.GROUP else [],
        )

    return register


@pytest.fixture(params=CASES)
def encoder(
    request: pytest.FixtureRequest, weights: dict[str, Path], theirs: Callable[..., None]
) -> Encoder:
    theirs()
    return load_encoder(request.param, weights.get(request.param), device="cpu")


@pytest.fixture
def images() -> np.ndarray:
    pixels = np.random.default_rng(5).random((3, 3, 24, 17), dtype=np.float32)
    pixels[1] *= 0.2
    pixels[2, 0] *= 0.1
    return pixels


def test_the_cases_are_all_there_are(theirs: Callable[..., None]) -> None:
    theirs()
    assert [name.partition(":")[0] for name in encoder_names()] == [
        name.partition(":")[0] for name in CASES
    ]
    assert [*encoder_registry.BUILT_IN, "theirs"] == [name.partition(":")[0] for name in CASES]


def test_promises(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)
    assert set(encoder.views) == VIEWS[encoder.name]
    assert encoder.api_version == 1
    assert encoder.preprocessing in ("bilinear-128", "antialias-128")
    assert len(encoder.sha256) == 64
    assert int(encoder.sha256, 16) >= 0


def test_unit_rows_of_the_stated_shape(encoder: Encoder, images: np.ndarray) -> None:
    before = images.copy()
    found = encoder.encode(images)
    assert np.array_equal(images, before)
    assert set(found) == set(encoder.views)
    for view, rows in found.items():
        assert rows.dtype == np.float32
        assert rows.shape == (3, encoder.views[view])
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert np.abs(rows[0] - rows[1]).max() > 1e-4


def test_the_same_alone_in_a_batch_and_as_a_tensor(encoder: Encoder, images: np.ndarray) -> None:
    together = encoder.encode(images)
    alone = [encoder.encode(image[None]) for image in images]
    backwards = encoder.encode(torch.from_numpy(images.copy()).flip(0))
    for view, rows in together.items():
        np.testing.assert_allclose(np.concatenate([each[view] for each in alone]), rows, atol=1e-5)
        np.testing.assert_allclose(backwards[view][::-1], rows, atol=1e-5)


def test_odd_sizes_no_image_and_read_only_arrays(encoder: Encoder, images: np.ndarray) -> None:
    smallest = images[:, :, :8, :9].copy()
    smallest.flags.writeable = False
    for view, rows in encoder.encode(smallest).items():
        assert rows.shape == (3, encoder.views[view])
    for view, rows in encoder.encode(images[:0]).items():
        assert rows.shape == (0, encoder.views[view])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: x.astype(np.float64), "type float64"),
        (lambda x: (x * 255).astype(np.uint8), "type uint8"),
        (lambda x: torch.from_numpy(x).half(), "type torch.float16"),
        (lambda x: x[0], "shape \\[3, 24, 17\\]"),
        (lambda x: x.transpose(0, 2, 3, 1), "shape \\[3, 24, 17, 3\\]"),
        (lambda x: x[:, :, :7], "shape \\[3, 3, 7, 17\\]"),
        (lambda x: x * 255, "values from .* to 25"),
        (lambda x: x - 1, "values from -"),
        (lambda x: np.where(x > 0.5, np.float32(np.nan), x), "nan"),
    ],
)
def test_refused_images(
    encoder: Encoder, images: np.ndarray, spoil: Callable[[np.ndarray], object], words: str
) -> None:
    with pytest.raises(ParameterError, match=words) as refused:
        encoder.encode(spoil(images))  # type: ignore[arg-type]
    assert "give float32 RGB" in str(refused.value)


def test_their_factory_gets_what_was_asked_for(theirs: Callable[..., None]) -> None:
    theirs()
    encoder = load_encoder("theirs", "some.pth", device="cpu", precision="fast")
    assert encoder.made_with == ("some.pth", "cpu", "fast")  # type: ignore[attr-defined]


def _lacking(weights: object, *, device: str, precision: str) -> object:
    return types.SimpleNamespace(name="theirs", encode=None)


def _newer(weights: object, *, device: str, precision: str) -> object:
    made = _make(weights, device=device, precision=precision)
    made.api_version = 2  # type: ignore[attr-defined]
    return made


def _no_views(weights: object, *, device: str, precision: str) -> object:
    made = _make(weights, device=device, precision=precision)
    made.views = {}  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (_lacking, "theirs", "lacks views, preprocessing, sha256, api_version; an encoder has"),
        (_newer, "theirs", "version 2 of the encoder contract"),
        (_no_views, "theirs", "name at least one"),
        (_make, "other", "calls itself 'theirs'"),
    ],
)
def test_encoders_that_break_the_contract(
    theirs: Callable[..., None], make: Callable[..., object], name: str, words: str
) -> None:
    theirs(make, name)
    with pytest.raises(ParameterError, match=words):
        load_encoder(name)


def test_an_entry_point_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="gone", value="no_such_package:make", group=encoder_registry.GROUP)
    monkeypatch.setattr(encoder_registry, "entry_points", lambda **_: [point])
    with pytest.raises(ParameterError, match="'gone' from no_such_package:make cannot be loaded"):
        load_encoder("gone")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"name": "resnet"}, ParameterError, "unknown encoder 'resnet'; allowed are rainmer, air"),
        ({"name": "rainmer:3"}, ParameterError, "write rainmer alone"),
        ({"name": "statistics:3"}, ParameterError, "write statistics alone"),
        ({"name": "untrained"}, ParameterError, "needs a seed"),
        ({"name": "untrained:-1"}, ParameterError, "needs a seed"),
        ({"name": "untrained:²"}, ParameterError, "needs a seed"),
        ({"name": f"untrained:{2**63}"}, ParameterError, "needs a seed"),
        ({"name": "untrained:1", "weights": "derain"}, WeightsError, "takes no weights"),
        ({"name": "statistics", "weights": "x.pth"}, WeightsError, "takes no weights"),
        ({"name": "rainmer", "weights": "gone.pth"}, WeightsError, "no file of weights 'gone.pth'"),
        ({"name": "statistics", "precision": "half"}, ParameterError, "unknown precision 'half'"),
        ({"name": "untrained:1", "device": "tpu"}, ParameterError, "unknown device 'tpu'"),
        ({"name": "untrained:1", "device": "cuda:x"}, ParameterError, "unknown device 'cuda:x'"),
        ({"name": "untrained:1", "device": "cuda:999"}, ParameterError, "this machine offers"),
    ],
)
def test_refusals(arguments: dict[str, str], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        load_encoder(**arguments)


def test_cuda_is_never_replaced_in_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(ParameterError, match="offers 0 CUDA device"):
        load_encoder("untrained:0", device="cuda")
    with caplog.at_level(logging.INFO, logger="rainmer_analysis"):
        load_encoder("untrained:0", device="auto")
    assert "device: cpu (no CUDA device was found)" in caplog.messages
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert network_encoder.choose_device("auto") == torch.device("cuda")
    assert network_encoder.choose_device("cuda:0") == torch.device("cuda:0")


def test_weights_of_the_other_network(weights: dict[str, Path]) -> None:
    with pytest.raises(WeightsError, match="holds the weights of airnet"):
        load_encoder("rainmer", weights["airnet"])


def test_shipped_weights_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: dict[str, Path]
) -> None:
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(encoder_weights.resources, "files", lambda _: tmp_path)
    with pytest.raises(WeightsError, match="does not carry the shipped weights rainmer-derain"):
        load_encoder("rainmer")
    shipped = tmp_path / "weights" / "rainmer-derain.safetensors"
    shipped.write_bytes(weights["rainmer"].read_bytes())
    by_default = load_encoder("rainmer", device="cpu")
    assert by_default.sha256 == load_encoder("rainmer", "derain", device="cpu").sha256
    assert by_default.sha256 == load_encoder("rainmer", weights["rainmer"], device="cpu").sha256


def test_untrained_is_the_default_initialisation_and_leaves_the_random_state() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        expected = RainmerEncoder().eval()
    state = torch.get_rng_state()
    encoder = load_encoder("untrained:11", device="cpu")
    assert torch.equal(torch.get_rng_state(), state)
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        z = expected(image).chromatic_z.numpy()
    np.testing.assert_allclose(encoder.encode(image)["chromatic"], z, atol=1e-6)
    assert encoder.sha256 != load_encoder("untrained:12", device="cpu").sha256
    assert encoder.sha256 == load_encoder("untrained:11", device="cpu").sha256


def test_fast_is_near_exact_and_says_so(weights: dict[str, Path], images: np.ndarray) -> None:
    exact = load_encoder("rainmer", weights["rainmer"], device="cpu")
    fast = load_encoder("rainmer", weights["rainmer"], device="cpu", precision="fast")
    assert (exact.precision, fast.precision) == ("exact", "fast")  # type: ignore[attr-defined]
    for view, rows in exact.encode(images).items():
        rough = fast.encode(images)[view]
        assert rough.dtype == np.float32
        difference = np.abs(rough - rows).max()
        assert 0 < difference < 0.05


@pytest.mark.parametrize("able", [False, True])
def test_a_processor_without_bfloat16_is_named(
    able: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(warn_without_bfloat16.__globals__, "BFLOAT16", able)
    load_encoder("untrained:1", device="cpu", precision="fast")
    load_encoder("untrained:1", device="cpu")
    assert ["no instructions for bfloat16" in text for text in caplog.messages] == [True] * (
        not able
    )


@pytest.mark.parametrize("size", ["64", "128", "odd"])
@pytest.mark.parametrize(
    ("name", "file", "answers"),
    [
        (
            "rainmer",
            "rainmer_encoder",
            {"chromatic": "z_chromatic", "degradation": "z_degradation"},
        ),
        ("airnet", "airnet_cbde", {"degradation": "out", "degradation-fea": "fea"}),
    ],
)
def test_published_outputs(
    oracle: Path, size: str, name: str, file: str, answers: dict[str, str]
) -> None:
    recorded = np.load(oracle / f"{file}_io.npz")
    encoder = load_encoder(name, oracle / f"{file}.pth", device="cpu")
    found = encoder.encode(recorded[f"in_{size}"])
    for view, answer in answers.items():
        expected = recorded[f"{answer}_{size}"].reshape(2, -1)
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(found[view], expected, atol=1e-5)


def test_statistics_constants(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="do not fit its 50 descriptors"):
        statistics_encoder.StatisticsEncoder({"chromatic": {"mean": [0.0], "sd": [1.0]}})
    monkeypatch.setattr(statistics_encoder.resources, "files", lambda _: tmp_path)
    with pytest.raises(WeightsError, match="missing from this installation"):
        load_encoder("statistics")


def test_check_encoder_gives_the_object_back(weights: dict[str, Path]) -> None:
    encoder = load_encoder("airnet", weights["airnet"], device="cpu")
    assert checked_encoder(encoder, "it") is encoder


def test_a_batch_is_shared_out_among_threads(
    weights: dict[str, Path], images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder("rainmer", weights["rainmer"], device="cpu")
    seen: list[tuple[int, int]] = []
    answers = encoder._answers  # type: ignore[attr-defined]

    def look(given: torch.Tensor) -> dict[str, torch.Tensor]:
        seen.append((len(given), torch.get_num_threads()))
        return answers(given)  # type: ignore[no-any-return]

    object.__setattr__(encoder, "_answers", look)
    expected, before = encoder.encode(images, threads=1), torch.get_num_threads()
    found = encoder.encode(images, threads=2)
    assert seen == [(1, 1)] * (2 * len(images))
    assert torch.get_num_threads() == before
    for view, rows in expected.items():
        np.testing.assert_allclose(found[view], rows, atol=1e-6)
    with pytest.raises(ParameterError, match="0 threads were asked for; give a number from 1 up"):
        encoder.encode(images, threads=0)
