from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.train.config import (
    config_as_toml,
    parse_train_config,
    read_train_config,
    shipped_train_configs,
)

DATA = {"simulated": ["sim-Rain200H"]}

DERAIN = (
    "sim-Rain200H",
    "sim-Rain800",
    "sim-DDN_1",
    "sim-DDN_5",
    "sim-GT-Rain",
    "sim-GTAV-balance",
)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"optimizer": {}}, "unknown key 'optimizer'.*'optimiser'"),
        ({"run": {"step": 3}}, "unknown key 'run.step'.*'run.steps'"),
        ({"run": {"steps": 0}}, "run.steps .* is 0; it must be a number from 1"),
        ({"run": {"steps": 2.5}}, "run.steps .* whole number"),
        ({"run": {"steps": True}}, "run.steps .* whole number"),
        ({"optimiser": {"lr": "fast"}}, "optimiser.lr .* 'fast'; it must be a number"),
        ({"optimiser": {"lr": float("nan")}}, "optimiser.lr .* must be a number"),
        ({"optimiser": {"lr": -1.0}}, "optimiser.lr .* from 0"),
        ({"run": {"precision": "fp16"}}, "run.precision .* one of float32, bf16"),
        ({"encoder": "resnet"}, "encoder .* one of rainmer, airnet"),
        ({"name": 3}, "name .* text"),
        ({"run": 3}, "run .* a table"),
        ({"data": {"simulated": "sim-Snow"}}, "data.simulated .* list of texts"),
        ({"data": {**DATA, "pairs": {"sim-Rain200H": 1}}}, "data.pairs .* table of texts"),
        ({"data": {}}, "data.simulated is empty, and so is data.sources"),
        ({"data": {**DATA, "pairs": {"sim-Snow": "x"}}}, "'sim-Snow' is none of sim-Rain200H"),
        ({"data": {**DATA, "night": ["n"]}}, "'' is none of sim-Rain200H"),
        ({"objective": {"archive": 2}}, "objective.archive is 2"),
        ({"objective": {"crop": 256}}, "objective.crop is 256"),
        ({"data": {**DATA, "native": 64}}, "data.native is 64"),
        ({"data": {**DATA, "sampling": "balance"}}, "data.sampling .* one of proportional"),
        ({"data": {**DATA, "weights": {"a": 1}}}, "data.sampling is 'proportional'"),
        ({"data": {**DATA, "weights": {"a": "x"}}}, "data.weights .* table of numbers"),
        (
            {"data": {**DATA, "sampling": "weights", "weights": {"a": -1}}},
            "'a' the weight -1; weights are numbers from 0",
        ),
        (
            {"data": {**DATA, "sampling": "weights", "weights": {"a": 1}, "weights_file": "w"}},
            "both data.weights and data.weights_file",
        ),
        ({"encoder": "airnet", "data": {**DATA, "sampling": "balanced"}}, "every batch of AirNet"),
        ({"optimiser": {"schedule": "restarts"}}, "no schedule with restarts"),
        (
            {"optimiser": {"schedule": "restarts", "periods": [1, 2], "floors": [0.1]}},
            "as many lengths",
        ),
        ({"optimiser": {"periods": [1.5]}}, "optimiser.periods .* list of whole numbers"),
        ({"optimiser": {"periods": [1], "floors": [0.1]}}, "has no periods and floors"),
        ({"restorer": {"crop": 64}}, "the section restorer has no variant"),
        ({"objective": {"every": 2}}, "objective.every is 2, but without a restorer"),
        ({"restorer": {"variant": "Rainmer"}}, "restorer.variant .* one of"),
        ({"restorer": {"variant": "Rainmer_SA", "crop": 100}}, "a multiple of 8"),
        ({"restorer": {"variant": "Rainmer_SA", "heads": [5, 2, 4, 8]}}, "5 heads do not divide"),
        ({"restorer": {"variant": "Rainmer_SA", "blocks": [1]}}, "cannot be built"),
        ({"restorer": {"variant": "Rainmer_SA", "crop": 256}}, "data.native is 192"),
        ({"encoder": "airnet", "restorer": {"variant": "Rainmer_SA"}}, "rainmer's encoder alone"),
    ],
)
def test_what_is_wrong_is_said(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        parse_train_config({"data": DATA, **document})


def test_defaults_are_the_published_recipe() -> None:
    config = parse_train_config({"data": DATA})
    objective, optimiser = config.objective, config.optimiser
    assert (objective.momentum, objective.negatives_per_view, objective.archive) == (0.999, 4, 256)
    assert (objective.temperature_chromatic, objective.temperature_degradation) == (1.0, 1.0)
    assert (objective.positives, objective.negatives) == ("published", "published")
    assert (objective.temperature, objective.queue_per_type) == (0.07, 256)
    assert (optimiser.lr, optimiser.beta1, optimiser.beta2) == (3e-4, 0.9, 0.999)
    assert (optimiser.weight_decay, config.run.batch, config.model.width) == (0.01, 4, "full")


@pytest.mark.parametrize("name", sorted(shipped_train_configs()))
def test_shipped_configurations_read_and_write(name: str, tmp_path: Path) -> None:
    config = read_train_config(name)
    file = tmp_path / "copy.toml"
    file.write_text(config_as_toml(config), encoding="utf-8")
    assert read_train_config(file) == config


def test_shipped_configurations_name_their_datasets() -> None:
    for name in ("derain", "airnet-derain", "published", "published-encoder"):
        assert read_train_config(name).data.simulated == DERAIN
    for name in ("allweather", "airnet-allweather"):
        assert read_train_config(name).data.simulated == ("sim-Snow", "sim-Rain", "sim-Raindrop")


@pytest.mark.parametrize("name", ["derain", "allweather"])
def test_both_encoders_see_the_same_images_equally_often(name: str) -> None:
    rainmer, airnet = read_train_config(name), read_train_config(f"airnet-{name}")
    assert rainmer.data == airnet.data
    per_step = airnet.run.batch * len(airnet.data.simulated)
    seen = rainmer.run.batch * rainmer.run.steps
    assert abs(seen - per_step * airnet.run.steps) < per_step  # to the nearest whole step


def test_changes_replace_values() -> None:
    changes = {"optimiser.lr": "1e-2", "run.precision": "bf16", "data.simulated": '["sim-Snow"]'}
    config = read_train_config("tiny", changes=changes)
    assert config.optimiser.lr == 0.01
    assert config.run.precision == "bf16"
    assert config.data.simulated == ("sim-Snow",)
    with pytest.raises(ConfigError, match=r"unknown key 'run\.stps'"):
        read_train_config("tiny", changes={"run.stps": "1"})
    with pytest.raises(ConfigError, match="'name' is no section"):
        read_train_config("tiny", changes={"name.x": "1"})


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"give a TOML file or one of .*derain"):
        read_train_config(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("run = [", encoding="utf-8")
    with pytest.raises(ConfigError, match="no valid TOML"):
        read_train_config(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no configuration can be read"):
        read_train_config(broken)
