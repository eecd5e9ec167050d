"""A small collection with known faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rainmer_analysis.weather import degraded_and_clean
from tests.recipes.audit.pictures import save, save_pair, scene


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three sets: ``train`` with faults, ``eval`` held out, ``loose`` unpaired.

    eval holds scenes 20 and 21, of which train holds 20 under other rain.
    """
    top = tmp_path_factory.mktemp("collection")
    rain = {
        number: degraded_and_clean(scene(number), "sim-DDN_5", seed=number) for number in range(10)
    }
    train = top / "train"
    for number in range(3):
        save_pair(train, f"sound-{number}.png", *rain[number])
    save_pair(train, "identical.png", rain[3][1], rain[3][1])
    save_pair(train, "swapped.png", rain[4][1], rain[4][0])
    save_pair(train, "shifted.png", rain[5][0], np.roll(rain[5][1], (1, 2), axis=(1, 2)))
    save_pair(train, "small.png", rain[6][0], rain[6][1][:, ::2, ::2])
    save_pair(train, "stranger.png", rain[7][0], scene(30))
    save(train / "input" / "alone.png", rain[8][0])
    save_pair(train, "cut.png", *rain[9])
    data = (train / "input" / "cut.png").read_bytes()
    (train / "input" / "cut.png").write_bytes(data[: len(data) // 2])
    (train / "notes.txt").write_text("passed over")
    save_pair(train, "leaking.png", *degraded_and_clean(scene(20), "sim-Rain200H", seed=1))
    for number in (20, 21):
        degraded, clean = degraded_and_clean(scene(number), "sim-DDN_5", seed=99)
        save_pair(top / "eval", f"{number}.png", degraded, clean)
    loose = top / "loose"
    save(loose / "a.png", rain[0][0])
    save(loose / "b.jpg", scene(40), quality=90)
    save(loose / "c.jpg", scene(40), quality=50)
    save(loose / "d.png", scene(41))
    save(loose / "e.png", scene(41)[:, 10:90, 12:120][:, :, ::-1])
    return top


@pytest.fixture(scope="session")
def sources(collection: Path) -> dict[str, Path]:
    return {name: collection / name for name in ("train", "eval", "loose")}
