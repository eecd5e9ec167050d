"""Training by the recipe `crossed`, from clean scenes to weights."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.errors import ConfigError
from rainmer_analysis.model.checkpoint import build_encoder, load_weights
from rainmer_analysis.recipes.training import TrainingRun, train_network
from rainmer_analysis.recipes.training.make_or_open_crossed_pool import make_or_open_crossed_pool
from rainmer_analysis.train import TrainConfig, open_crossed_pool, read_train_config
from tests.forked import ForkedPythons

SMALL = {
    "crossed.draws": '{ "sim-Rain200H" = 1, "sim-GTAV-balance" = 1, "clear" = 1, "camera" = 1 }',
    "crossed.blocks": "2",
    "crossed.scenes": "2",
    "crossed.batch_draws": "3",
    "crossed.batch_scenes": "2",
    "data.night_recipe": '"sim-GTAV-balance"',
    "data.held_out": "0.4",
    "run.steps": "3",
    "run.checkpoint_every": "1",
    "run.validate_every": "3",
    "run.log_every": "1",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pools")


@pytest.fixture
def run(cache: Path, tmp_path: Path) -> Callable[..., TrainingRun]:
    def start(folder: str = "run", **changes: str) -> TrainingRun:
        resume = changes.pop("resume", "") == "yes"
        return train_network(
            "encoder",
            "tiny",
            tmp_path / folder,
            changes=SMALL | {key.replace("__", "."): value for key, value in changes.items()},
            cache=cache,
            workers=0,
            resume=resume,
        )

    return start


@pytest.fixture
def real(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for folder in ("day", "night"):
        for number in range(5):
            path = tmp_path / "real" / folder / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 200, (64, 80, 3)).astype(np.uint8)).save(path)
    return tmp_path / "real"


def _config(**changes: str) -> TrainConfig:
    replaced = {key.replace("__", "."): value for key, value in changes.items()}
    return read_train_config("tiny", changes=SMALL | replaced)


def test_a_run_leaves_weights_log_and_card(run: Callable[..., TrainingRun], tmp_path: Path) -> None:
    result = run()
    folder = tmp_path / "run"
    weights = load_weights(folder / "weights.safetensors")
    build_encoder(weights)  # every key of the network is there, and no other
    card = (folder / "card.md").read_text(encoding="utf-8")
    assert weights.sha256 == result.weights_sha256
    assert weights.sha256 in card
    assert "| sim-GTAV-balance | 6 |" in card
    with (folder / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["held_out_degradation"]) > 0
    assert read_train_config(folder / "config.toml").crossed == _config().crossed


def test_an_interrupted_run_continues_to_the_same_weights(
    run: Callable[..., TrainingRun],
) -> None:
    whole = run("whole")
    first = run("parts", run__max_minutes="1e-6")
    assert not first.outcome.finished
    assert run("parts", resume="yes").weights_sha256 == whole.weights_sha256


def test_photographs_are_scenes_and_nights_have_their_own(real: Path, tmp_path: Path) -> None:
    config = _config(
        data__real=f'"{real.as_posix()}"',
        data__photographs='["day"]',
        data__night='["night"]',
        crossed__photographs="1.0",
        crossed__night_photographs="1.0",
        crossed__jpeg="0.0",
    )
    pool = make_or_open_crossed_pool(config, tmp_path / "pools", workers=0)
    assert {scene.partition("/")[0] for scene in pool.scene_of_each_row} == {"day"}
    place = pool.draws[0].index("clear")
    # A draw without weather shows the scene as it is, and changes nothing of it.
    assert np.abs(pool.descriptors[:, place, :, :6]).max() < 1e-6
    assert np.abs(pool.descriptors[:, pool.draws[0].index("sim-Rain200H"), :, 0]).min() > 0.01


# The workers are copies of this process, which has imported what they need.
_BY_WORKERS = """
import json, multiprocessing, sys
from pathlib import Path
from rainmer_analysis.recipes.training.make_or_open_crossed_pool import make_or_open_crossed_pool
from rainmer_analysis.train import read_train_config

copies = multiprocessing.get_context("fork")
multiprocessing.get_context = lambda method: copies
config = read_train_config("tiny", changes=json.loads(sys.argv[1]))
make_or_open_crossed_pool(config, Path(sys.argv[2]), workers=2)
"""


def test_a_pool_is_made_once_whatever_the_workers(forked: ForkedPythons, tmp_path: Path) -> None:
    first = make_or_open_crossed_pool(_config(), tmp_path / "a", workers=0)
    ended = forked.run("-c", _BY_WORKERS, json.dumps(SMALL), str(tmp_path / "b"))
    assert ended.code == 0, ended.err
    (place,) = (tmp_path / "b").iterdir()
    second = open_crossed_pool(place)
    assert first.digest == second.digest
    assert np.array_equal(first.images, second.images)
    make_or_open_crossed_pool(_config(), tmp_path / "a", workers=0)
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_unknown_draws_are_refused(tmp_path: Path) -> None:
    config = _config(crossed__draws='{ "sim-Fog" = 3 }')
    with pytest.raises(ConfigError, match="'sim-Fog'"):
        make_or_open_crossed_pool(config, tmp_path, workers=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crossed__batch_draws": "9"}, "a batch takes 9 draws"),
        ({"crossed__draws": '{ "clear" = 0, "camera" = 4 }'}, "'clear' 0 draws"),
        ({"crossed__draws": "{}"}, "names no draws"),
        ({"encoder": '"airnet"'}, "rainmer's encoder alone"),
        ({"data__sources": '["a=b"]'}, "clean scenes"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _config(**changes)
