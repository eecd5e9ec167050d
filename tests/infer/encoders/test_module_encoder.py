"""Modules of others as encoders, by themselves and through an installed package."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from rainmer_analysis.cli.main import main
from rainmer_analysis.errors import ParameterError, WeightsError
from rainmer_analysis.infer.encoders import (
    Encoder,
    ModuleEncoder,
    encoder_names,
    load_encoder,
    timm_encoder,
    timm_models,
)
from rainmer_analysis.infer.encoders.encoder_registry import GROUP
from rainmer_analysis.values import EmbeddingTable, read

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(__file__).with_name("example_package")


class Tokens(nn.Module):
    """Give [n, 4, 6] of a first token and three others."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        means = images.mean((2, 3)).repeat(1, 2)
        return torch.stack([means, means * 2, means * 3, means * 4], 1)


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(8, 4, 3)
    )


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((5, 3, 20, 28), dtype=np.float32)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the example package on the path, as its installation would."""
    monkeypatch.syspath_prepend(str(PACKAGE))
    monkeypatch.delitem(sys.modules, "toy_encoders", raising=False)


def test_the_features_are_those_of_the_layer(images: np.ndarray) -> None:
    module = network().eval()
    encoder = ModuleEncoder("mine", module, layer="2", mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    pixels = torch.from_numpy(images)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    with torch.no_grad():
        expected = module[:3]((pixels - mean[:, None, None]) / std[:, None, None]).mean((2, 3))
    expected = nn.functional.normalize(expected).numpy()
    assert isinstance(encoder, Encoder)
    assert encoder.views == {"features": 8}
    assert encoder.encode(images)["features"] == pytest.approx(expected, abs=1e-6)


def test_vectors_do_not_depend_on_the_batch(images: np.ndarray) -> None:
    encoder = ModuleEncoder("mine", network().train(), layer="4")
    whole = encoder.encode(images)["features"]
    alone = [encoder.encode(images[i : i + 1])["features"] for i in range(len(images))]
    assert np.array_equal(whole, np.concatenate(alone))
    assert encoder.encode(images[:0])["features"].shape == (0, 4)
    assert np.abs(np.linalg.norm(whole, axis=1) - 1).max() < 1e-6


def test_the_module_of_the_caller_is_left_alone(images: np.ndarray) -> None:
    module = network().train()
    encoder = ModuleEncoder("mine", module)
    before = encoder.encode(images)["features"]
    assert module.training
    with torch.no_grad():
        module[0].weight.zero_()
    assert np.array_equal(encoder.encode(images)["features"], before)
    assert not module[4]._forward_hooks


@pytest.mark.parametrize(
    ("pooling", "factor"), [("mean", 2.5), ("first-token", 1.0), ("flatten", None)]
)
def test_tokens_are_pooled(images: np.ndarray, pooling: str, factor: float | None) -> None:
    encoder = ModuleEncoder("mine", Tokens(), pooling=pooling)
    raw = encoder._pooled_features(torch.from_numpy(images)).numpy()
    means = np.tile(images.mean((2, 3)), 2)
    expected = np.hstack([means * k for k in (1, 2, 3, 4)]) if factor is None else factor * means
    assert raw == pytest.approx(expected, rel=1e-5)


def test_channels_may_come_last(images: np.ndarray) -> None:
    class ChannelsLast(nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return pixels.permute(0, 2, 3, 1)

    encoder = ModuleEncoder("mine", ChannelsLast(), pooling="mean-channels-last")
    raw = encoder._pooled_features(torch.from_numpy(images)).numpy()
    assert raw == pytest.approx(images.mean((2, 3)), rel=1e-5)


def test_a_fixed_size_is_met(images: np.ndarray) -> None:
    seen = []
    module = network()
    module.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2:]))
    encoder = ModuleEncoder("mine", module, size=32)
    encoder.encode(images)
    assert len(seen) == 1 + len(images)  # a probe for the dimension, then image by image
    assert {tuple(shape) for shape in seen} == {(32, 32)}


def test_all_that_shapes_vectors_is_in_the_identity() -> None:
    other = network()
    with torch.no_grad():
        other[1].running_mean[0] = 0.5  # a buffer
    strided = network()
    strided[0].stride = (2, 2)
    found = [
        ModuleEncoder("mine", network(), layer="2"),
        ModuleEncoder("mine", network(1), layer="2"),
        ModuleEncoder("mine", other, layer="2"),
        ModuleEncoder("mine", strided, layer="2"),
        ModuleEncoder("mine", network(), layer="0"),
        ModuleEncoder("mine", network(), layer="2", pooling="flatten"),
        ModuleEncoder("mine", network(), layer="2", size=64),
        ModuleEncoder("mine", network(), layer="2", mean=(0.5, 0.5, 0.5)),
        ModuleEncoder("mine", network(), layer="2", identity="snow"),
    ]
    assert len({each.sha256 for each in found}) == len(found)
    assert ModuleEncoder("mine", network(), layer="2").sha256 == found[0].sha256


class Pair(nn.Module):
    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return images, images


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (network(), {"layer": "9"}, r"no layer '9'; its outermost are 0, 1, 2, 3, 4"),
        (network(), {"pooling": "max"}, "unknown pooling 'max'; allowed are mean, mean-channels"),
        (network(), {"preprocessing": "none"}, "unknown resize rule 'none'; allowed are"),
        (network(), {"std": (1, 1, 0)}, "three positive standard deviations"),
        (network(), {"mean": (0.5,)}, "three finite means"),
        (Pair(), {}, "gives a tuple where a tensor"),
    ],
)
def test_refusals(module: nn.Module, options: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        ModuleEncoder("mine", module, **options)  # type: ignore[arg-type]


def test_a_vector_without_direction_is_refused(images: np.ndarray) -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
    with torch.no_grad():
        module[0].weight.zero_()
        module[0].bias.zero_()
    with pytest.raises(ParameterError, match="has no direction; take another layer"):
        ModuleEncoder("mine", module).encode(images)


@pytest.mark.usefixtures("package")
def test_an_installed_package_is_used_by_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {"toy-tiny", "toy-resnet"} <= set(encoder_names())
    rng = np.random.default_rng(0)
    for name in ("heavy", "night"):
        (tmp_path / name).mkdir()
        for index in range(3):
            pixels = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{index}.png")
    sources = [f"{name}={tmp_path / name}" for name in ("heavy", "night")]
    shas = []
    for weights in ("0", "1"):
        out = tmp_path / f"tables-{weights}"
        asked = ["extract", *sources, "--encoder", "toy-tiny", "--weights", weights]
        with pytest.raises(SystemExit) as ended:
            main([*asked, "--out", str(out), "--json", "--quiet"])
        assert ended.value.code == 0
        told = json.loads(capsys.readouterr().out)["tables"]["features"]
        assert (told["space"], told["dimensions"]) == ("toy-tiny/features", 16)
        table = read(out / "toy-tiny-features.parquet")
        assert isinstance(table, EmbeddingTable)
        assert table.made["encoder"]["configuration"]["layer"] == "1"
        shas.append(table.space.weights_sha256)
    assert shas[0] != shas[1]


def test_without_timm_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ParameterError, match=r"pip install 'rainmer-analysis\[timm\]'"):
        timm_encoder("mine", "resnet10t")


def _timm() -> object:
    """Return timm, or skip: it needs a torchvision that fits the installed torch."""
    try:
        return timm_models._import_timm()
    except ParameterError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("package")
def test_a_model_of_timm_is_an_encoder(tmp_path: Path, images: np.ndarray) -> None:
    timm = _timm()
    torch.manual_seed(0)
    model = timm.create_model("resnet10t", pretrained=False)  # type: ignore[attr-defined]
    torch.save(model.state_dict(), tmp_path / "model.pth")
    encoder = load_encoder("toy-resnet", tmp_path / "model.pth", device="cpu")
    told = encoder.configuration  # type: ignore[attr-defined]
    assert told["mean"] == pytest.approx((0.485, 0.456, 0.406))
    found = encoder.encode(images)["features"]
    model.eval()
    pixels = nn.functional.interpolate(
        torch.from_numpy(images), (told["size"],) * 2, mode="bilinear", antialias=True
    )
    mean, std = (torch.tensor(told[key])[:, None, None] for key in ("mean", "std"))
    with torch.no_grad():
        features = model.forward_head(
            model.forward_features((pixels - mean) / std), pre_logits=True
        )
    assert found == pytest.approx(nn.functional.normalize(features).numpy(), abs=1e-5)
    torch.save({"conv1.0.weight": torch.zeros(1)}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match="does not fit the model"):
        timm_encoder("mine", "resnet10t", tmp_path / "odd.pth")
    with pytest.raises(ParameterError, match="cannot make the model 'no_such_model'"):
        timm_encoder("mine", "no_such_model", tmp_path / "model.pth")


def test_the_commands_of_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "reference" / "encoders.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(python|bash|toml)\n(.*?)```", text, re.DOTALL)[:3])
    assert tomllib.loads(blocks["toml"])["project"]["entry-points"][GROUP]["mine"] == (
        "my_package.encoder:make"
    )
    package = tmp_path / "site" / "my_package"
    info = tmp_path / "site" / "my_package-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").touch()
    (package / "encoder.py").write_text(blocks["python"], encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nmine = my_package.encoder:make\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("heavy", "night"):
        Path("photos", name).mkdir(parents=True)
        for index in range(2):
            pixels = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(f"photos/{name}/{index}.png")
    lines = blocks["bash"].splitlines()
    assert len(lines) == 2
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line)[1:])
        assert ended.value.code == 0, capsys.readouterr().err
