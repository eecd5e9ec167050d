"""`train rainmer` from end to end: it learns, is killed, goes on, and its weights restore."""

from __future__ import annotations

import csv
import json
import random
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from rainmer_analysis.errors import ConfigError, TrainingError
from rainmer_analysis.infer import load_restorer
from rainmer_analysis.model import (
    build_encoder,
    load_restorer_checkpoint,
    load_weights,
    save_weights,
)
from rainmer_analysis.recipes.training import TrainingRun, train_network
from tests.forked import ForkedPythons

CONFIG = "tiny-restorer"
# the command line of a run; the log and when it is killed: so many rows later, and so many seconds
KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
from rainmer_analysis.cli.main import main

log, least, late = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])

def kill():
    while not log.exists() or log.read_text("utf-8").count("\\n") <= least:
        time.sleep(0.02)
    time.sleep(late)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill, daemon=True).start()
main(sys.argv[4:])
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def whole(place: Path) -> TrainingRun:
    return train_network("rainmer", CONFIG, place / "whole", cache=place / "pools", workers=0)


def rows(folder: Path) -> list[dict[str, str]]:
    """Rows of a log without the column of speeds."""
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "images_per_second"}
            for row in csv.DictReader(file)
        ]


@pytest.mark.slow
def test_the_loss_falls_on_simulated_pairs(whole: TrainingRun) -> None:
    log = rows(whole.folder)
    assert next(iter(log[0])) == "step"
    assert [int(row["step"]) for row in log] == list(range(2, 21, 2))
    # Batches differ in how hard they are, so what is compared is the gain over the input, and the
    # loss of the held-out crops, which are always the same.
    gain = [float(row["gain"]) for row in log]
    assert np.mean(gain[-4:]) > np.mean(gain[:4]) + 1.0
    held_out = [float(row["held_out_loss"]) for row in log if row["held_out_loss"]]
    assert len(held_out) == 2
    assert held_out[-1] < held_out[0]


@pytest.mark.slow
def test_the_weights_restore_and_extract(whole: TrainingRun) -> None:
    file = whole.folder / "weights.safetensors"
    restorer = load_restorer(file)
    assert restorer.sha256 == whole.weights_sha256
    assert restorer.variant == "Rainmer_SA"
    images = np.random.default_rng(0).random((1, 3, 40, 52), dtype=np.float32)
    assert restorer.restore(images).shape == images.shape
    assert load_weights(file).kind == "rainmer"
    card = (whole.folder / "card.md").read_text(encoding="utf-8")
    assert "Rainmer_SA, width tiny, blocks 1/1/1/1" in card
    assert f"of step {whole.outcome.best_step}, the best on held-out scenes" in card
    assert len(list((whole.folder / "examples").glob("*.png"))) == 2


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_been(
    whole: TrainingRun, forked: ForkedPythons, place: Path
) -> None:
    folder = place / "killed"
    command = ["train", "rainmer", "--config", CONFIG, "--workers", "0"]
    command += ["--out", str(folder), "--cache", str(place / "pools")]
    chance = random.SystemRandom()
    moment = str(chance.randint(2, 7)), str(0.3 * chance.random())
    ended = forked.run("-c", KILLED, str(folder / "log.csv"), *moment, *command)
    assert ended.code == -signal.SIGKILL, "the run ended before it could be killed"
    resumed = train_network(
        "rainmer", CONFIG, folder, cache=place / "pools", workers=0, resume=True
    )
    assert rows(folder) == rows(whole.folder)
    assert resumed.weights_sha256 == whole.weights_sha256


@pytest.mark.slow
def test_a_run_goes_on_from_a_restorer_with_another_encoder(
    whole: TrainingRun, place: Path
) -> None:
    before = load_restorer_checkpoint(whole.folder / "weights.safetensors")
    encoder = build_encoder(load_weights(whole.folder / "weights.safetensors"))
    with torch.no_grad():
        next(encoder.parameters()).add_(1)
    save_weights(encoder, place / "other.safetensors", kind="rainmer")
    changes = {
        "restorer.start": json.dumps(str(whole.folder / "weights.safetensors")),
        "optimiser.lr": "0.0",  # so that the weights stay those that were given
        "run.steps": "1",
    }

    def states(name: str, more: dict[str, str]) -> dict[str, torch.Tensor]:
        run = train_network(
            "rainmer",
            CONFIG,
            place / name,
            cache=place / "pools",
            workers=0,
            changes=changes | more,
        )
        card = (run.folder / "card.md").read_text(encoding="utf-8")
        assert f"| Restorer started from (SHA-256) | {before.sha256} |" in card
        return load_restorer_checkpoint(run.folder / "weights.safetensors").state

    own = states("own", {})
    moved = {name for name, tensor in before.state.items() if not torch.equal(tensor, own[name])}
    assert all(".encoder_k." in name for name in moved)  # the momentum copy alone
    other = states("other", {"model.start": json.dumps(str(place / "other.safetensors"))})
    changed = {name for name, tensor in own.items() if not torch.equal(tensor, other[name])}
    first = next(name for name, _ in encoder.named_parameters())
    assert changed >= {f"disentangle.encoder_{each}.{first}" for each in "qk"}
    assert all(name.startswith("disentangle.") for name in changed)


@pytest.mark.slow
def test_a_restorer_of_other_widths_is_no_start(whole: TrainingRun, place: Path) -> None:
    start = json.dumps(str(whole.folder / "weights.safetensors"))
    with pytest.raises(ConfigError, match=r"restorer\.start names weights of .*same network"):
        train_network(
            "rainmer", CONFIG, place / "wider", cache=place / "pools", workers=0,
            changes={"restorer.start": start, "restorer.blocks": "[1, 1, 1, 2]"},
        )  # fmt: skip


@pytest.mark.slow
def test_a_run_is_resumed_with_the_weights_it_started_from(whole: TrainingRun, place: Path) -> None:
    def run(start: Path, *, resume: bool) -> TrainingRun:
        return train_network(
            "rainmer", CONFIG, place / "started", cache=place / "pools", workers=0, resume=resume,
            changes={"restorer.start": json.dumps(str(start)), "run.steps": "1"},
        )  # fmt: skip

    started = run(whole.folder / "weights.safetensors", resume=False)
    same = shutil.copyfile(whole.folder / "weights.safetensors", place / "same.safetensors")
    assert run(same, resume=True).weights_sha256 == started.weights_sha256
    other = shutil.copyfile(started.folder / "weights.safetensors", place / "others.safetensors")
    assert started.weights_sha256 != whole.weights_sha256
    with pytest.raises(TrainingError, match="belongs to another configuration"):
        run(other, resume=True)
