from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rainmer_analysis.errors import (
    ConfigError,
    OutputExistsError,
    SourceError,
    TrainingError,
    WeightsError,
)
from rainmer_analysis.model.checkpoint import build_encoder, load_weights
from rainmer_analysis.recipes.training import (
    TrainingRun,
    make_or_open_pair_pool,
    train_network,
)
from rainmer_analysis.recipes.training.render_pairs import samples_logging_failures
from rainmer_analysis.recipes.training.run_settings import resolve_dataset_weights
from rainmer_analysis.recipes.training.training_pairs import training_pair_jobs
from rainmer_analysis.train import read_train_config

RunStarter = Callable[..., TrainingRun]

SMALL = {"data.per_dataset": "3", "run.steps": "2", "run.batch": "1", "data.held_out": "0.4"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pools")


@pytest.fixture
def run(cache: Path, tmp_path: Path) -> RunStarter:
    def start(
        kind: str = "encoder", *, changes: dict[str, str] | None = None, **options: bool
    ) -> TrainingRun:
        return train_network(
            kind,
            "tiny",
            tmp_path / "run",
            changes=SMALL | (changes or {}),
            cache=cache,
            workers=0,
            **options,
        )

    return start


def test_a_run_leaves_what_it_promises(run: RunStarter, tmp_path: Path) -> None:
    result = run()
    folder = tmp_path / "run"
    assert {file.name for file in folder.iterdir()} >= {
        "config.toml",
        "log.csv",
        "checkpoint.pt",
        "weights.safetensors",
        "card.md",
    }
    weights = load_weights(folder / "weights.safetensors")
    assert weights.sha256 == result.weights_sha256
    assert weights.metadata["steps"] == "2"
    build_encoder(weights)
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert weights.sha256 in card
    assert "| sim-GTAV-balance | 3 |" in card
    assert "held_out_accuracy_chromatic" in card
    assert read_train_config(folder / "config.toml").run.steps == 2


def test_airnet_runs_too(run: RunStarter, tmp_path: Path) -> None:
    run("airnet", changes={"encoder": "airnet"})
    assert load_weights(tmp_path / "run" / "weights.safetensors").kind == "airnet"


def test_a_standing_run_is_continued_only_on_request(run: RunStarter, tmp_path: Path) -> None:
    changes = {"run.max_minutes": "1e-5"}
    first = run(changes=changes)
    assert not first.outcome.finished
    with pytest.raises(OutputExistsError, match="--resume"):
        run()
    resumed = run(resume=True)
    assert resumed.outcome.finished
    again = run(overwrite=True)
    assert again.weights_sha256 == resumed.weights_sha256


def test_a_refused_configuration_replaces_nothing(run: RunStarter, tmp_path: Path) -> None:
    run(changes={"run.max_minutes": "1e-5"})
    config = tmp_path / "run" / "config.toml"
    before = config.read_bytes()
    with pytest.raises(TrainingError, match="another configuration"):
        run(changes={"optimiser.lr": "0.5"}, resume=True)
    assert config.read_bytes() == before
    run(changes={"run.steps": "1"}, resume=True)
    assert read_train_config(config).run.steps == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"data.simulated": "[]", "data.sources": '["x=nowhere"]'}, SourceError),
        ({"model.start": '"nowhere.safetensors"'}, WeightsError),
        ({"data.sampling": '"weights"', "data.weights_file": '"nowhere.toml"'}, ConfigError),
    ],
    ids=["sources", "start", "weights"],
)
def test_a_run_is_overwritten_only_by_one_that_can_start(
    run: RunStarter, tmp_path: Path, changes: dict[str, str], error: type[Exception]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    old = [folder / name for name in ("config.toml", "weights.safetensors", "checkpoint.pt")]
    for file in old:
        file.write_bytes(b"old")
    with pytest.raises(error, match="nowhere"):
        run(changes=changes, overwrite=True)
    assert [file.read_bytes() for file in old] == [b"old"] * 3


def test_a_run_may_start_from_the_weights_that_it_replaces(run: RunStarter, tmp_path: Path) -> None:
    first = run()
    start = json.dumps(str(tmp_path / "run" / "weights.safetensors"))
    again = run(changes={"model.start": start, "optimiser.lr": "0.0"}, overwrite=True)
    assert again.weights_sha256 == first.weights_sha256


def test_threads_of_the_process_are_given_back(run: RunStarter) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        run(changes={"run.threads": "1", "run.steps": "1"})
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_what_an_overwritten_run_showed_goes_with_it(run: RunStarter, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shown = [folder / "examples" / "step-0000009.png", folder / "examples" / "own.png"]
    shown += [folder / "tensorboard" / "events.out.tfevents.1.host"]
    for file in shown:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"old")
    run(changes={"run.max_minutes": "1e-5"}, overwrite=True)
    assert [file.exists() for file in shown] == [False, True, False]


def test_a_run_starts_from_other_weights(run: RunStarter, tmp_path: Path) -> None:
    first = run()
    start = tmp_path / "first.safetensors"
    start.write_bytes((tmp_path / "run" / "weights.safetensors").read_bytes())
    again = {"model.start": json.dumps(str(start)), "optimiser.lr": "0.0"}
    # Without a learning rate the weights stay those that were given.
    assert run(changes=again, overwrite=True).weights_sha256 == first.weights_sha256
    wider = {"model.start": json.dumps(str(start)), "model.width": '"quarter"'}
    with pytest.raises(ConfigError, match="weights of the same network"):
        run(changes=wider, overwrite=True)


def test_the_command_must_fit_the_configuration(run: RunStarter) -> None:
    with pytest.raises(ConfigError, match="trains 'encoder'"):
        run("airnet")


def test_unknown_recipes_are_refused(run: RunStarter) -> None:
    with pytest.raises(ConfigError, match="'sim-Fog'"):
        run(changes={"data.simulated": '["sim-Fog"]'})


@pytest.fixture
def real(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    root = tmp_path / "real"
    for name in ("day/BSDS500-train/7.png", "night/a.png", "p/input/x.png", "p/target/x.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 200, (140, 150, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(root / name)
    (root / "PAIRS.csv").write_text("input,bsds_id\np/input/x.png,7\n", encoding="utf-8")
    return root


def real_changes(root: Path) -> dict[str, str]:
    return {
        "data.per_dataset": "1",
        "data.real": json.dumps(str(root)),
        "data.photographs": '["day"]',
        "data.night": '["night"]',
        "data.night_recipe": "sim-GTAV-balance",
        "data.night_repeats": "2",
        "data.pairs": '{ "sim-Rain200H" = "p" }',
    }


def test_real_photographs_join(real: Path, cache: Path) -> None:
    config = read_train_config("tiny", changes=real_changes(real))
    pool = make_or_open_pair_pool(config, cache, workers=0)
    assert pool.images_per_dataset == {"sim-Rain200H": 3, "sim-GTAV-balance": 4}
    assert pool.scene_of_each_row.count("bsds-7") == 3
    assert pool.scene_of_each_row.count("night/a.png") == 2
    night = pool.scene_of_each_row.index("night/a.png")
    assert not np.array_equal(pool.degraded[night], pool.degraded[night + 1])
    assert np.array_equal(pool.clean[night], pool.clean[night + 1])


def test_pools_are_kept_and_follow_the_pixels(real: Path, cache: Path) -> None:
    config = read_train_config("tiny", changes=real_changes(real))
    first = make_or_open_pair_pool(config, cache, workers=0)
    assert make_or_open_pair_pool(config, cache, workers=0).digest == first.digest
    Image.new("RGB", (140, 150)).save(real / "night" / "a.png")
    assert make_or_open_pair_pool(config, cache, workers=0).digest != first.digest


def test_images_that_cannot_be_read_are_left_out(
    real: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (real / "night" / "b.png").write_bytes((real / "night" / "a.png").read_bytes()[:5000])
    Image.new("RGB", (140, 150)).save(real / "p" / "input" / "alone.png")
    config = read_train_config("tiny", changes=real_changes(real))
    with caplog.at_level("WARNING"):
        pool = make_or_open_pair_pool(config, cache, workers=0)
    assert pool.images_per_dataset == {"sim-Rain200H": 3, "sim-GTAV-balance": 4}
    assert len(pool.clean_native) == 7
    assert pool.degraded.any(axis=(1, 2, 3)).all()
    for said in ("left out night/b.png/sim-GTAV-balance/0: ", "left out p/input/alone.png: "):
        assert said in caplog.text
    with pytest.raises(SourceError, match="none of the training images"):
        list(samples_logging_failures(["x: broken"]))


def test_absent_photographs_are_said(real: Path, cache: Path) -> None:
    changes = real_changes(real) | {"data.photographs": '["dusk"]'}
    with pytest.raises(SourceError, match="dusk"):
        make_or_open_pair_pool(read_train_config("tiny", changes=changes), cache, workers=0)


@pytest.mark.parametrize(
    "name", ["derain", "allweather", "airnet-derain", "airnet-allweather", "published", "compact"]
)
def test_no_training_scene_is_among_the_checked_ones(name: str, shared: Path) -> None:
    check = shared / "images" / "check"
    # Equal paths below the two folders are equal photographs of the same collection.
    checked = {row[key] for row in rows(check / "groups.csv") for key in ("group", "image")}
    real = json.dumps(str(shared / "images" / "train"))
    trained = {
        job.scene
        for job in training_pair_jobs(read_train_config(name, changes={"data.real": real}))
    }
    for kind in (trained, checked):
        assert any(scene.startswith("bsds-") for scene in kind)
        assert any(scene.startswith("clean_night/") for scene in kind) or "allweather" in name
    assert not trained & checked


def test_pairs_and_photographs_of_one_scene_share_its_name(shared: Path) -> None:
    root = shared / "images" / "train"
    config = read_train_config("derain", changes={"data.real": json.dumps(str(root))})
    scenes = {job.scene for job in training_pair_jobs(config)}
    numbers = {f"bsds-{row['bsds_id']}" for row in rows(root / "PAIRS.csv") if row["bsds_id"]}
    used = {row["bsds_id"] for row in rows(root / "PAIRS.csv") if "Rain200H" in row["dataset"]}
    assert {f"bsds-{number}" for number in used} <= scenes & numbers
    assert not any("Rain200H-train/" in scene for scene in scenes)


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of pairs, one of which cannot be used."""
    rng = np.random.default_rng(1)
    for number in range(6):
        for kind in ("input", "target"):
            file = tmp_path / "own" / kind / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            width = 151 if (number, kind) == (5, "target") else 150
            Image.fromarray(rng.integers(0, 200, (140, width, 3)).astype(np.uint8)).save(file)
    return tmp_path / "own"


def test_own_pairs_are_trained_on(own: Path, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    changes = {"data.simulated": "[]", "data.sources": json.dumps([f"mine={own}"])}
    config = read_train_config("tiny", changes=changes)
    with caplog.at_level("WARNING"):
        pool = make_or_open_pair_pool(config, cache, workers=0)
    assert pool.images_per_dataset == {"mine": 5}
    assert "left out mine/input/5.png: its clean partner has (140, 151) pixels" in caplog.text
    image = np.asarray(Image.open(own / "input" / "2.png")).transpose(2, 0, 1)
    corner = pool.degraded_native[2][:, :4, :4]
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 4, 4))
    assert (windows == corner).all(axis=(3, 4, 5)).any()


def test_pairs_without_partners_are_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "alone").mkdir()
    Image.new("RGB", (140, 140)).save(tmp_path / "alone" / "a.png")
    changes = {"data.simulated": "[]", "data.sources": json.dumps([f"x={tmp_path / 'alone'}"])}
    with pytest.raises(SourceError, match="none of the 1 images"):
        make_or_open_pair_pool(read_train_config("tiny", changes=changes), cache, workers=0)


def test_weights_come_from_a_file_or_from_manifests(own: Path, tmp_path: Path) -> None:
    table = tmp_path / "weights.toml"
    table.write_text('[weights]\n"sim-Rain200H" = 2\n"sim-GTAV-balance" = 1\n', encoding="utf-8")
    changes = {"data.sampling": '"weights"', "data.weights_file": json.dumps(str(table))}
    data = resolve_dataset_weights(read_train_config("tiny", changes=changes)).data
    assert data.weights == {"sim-Rain200H": 2.0, "sim-GTAV-balance": 1.0}
    assert data.weights_file == ""
    manifest = tmp_path / "mine.toml"
    manifest.write_text(
        '[[dataset]]\nname = "mine"\nimages = "own/input"\ntargets = "own/target"\nweight = 0.5\n',
        encoding="utf-8",
    )
    changes |= {"data.sources": json.dumps([str(manifest)])}
    assert (
        resolve_dataset_weights(read_train_config("tiny", changes=changes)).data.weights["mine"]
        == 0.5
    )


@pytest.mark.parametrize("text", ["weights = 3", "[weights]\na = 'x'", "[weights]\na = -1", "["])
def test_files_that_hold_no_weights_are_refused(text: str, tmp_path: Path) -> None:
    table = tmp_path / "weights.toml"
    table.write_text(text, encoding="utf-8")
    changes = {"data.sampling": '"weights"', "data.weights_file": json.dumps(str(table))}
    with pytest.raises(ConfigError, match=r"data\.weights_file"):
        resolve_dataset_weights(read_train_config("tiny", changes=changes))


def test_weights_must_fit_the_datasets(run: RunStarter) -> None:
    changes = {"data.sampling": '"weights"', "data.weights": '{ "sim-Snow" = 1.0 }'}
    with pytest.raises(ConfigError, match="no weight for 'sim-Rain200H'"):
        run(changes=changes)
