from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rainmer_analysis as ra
from rainmer_analysis.errors import OutputExistsError, ParameterError, SourceError
from rainmer_analysis.infer import StatisticsEncoder
from rainmer_analysis.probing import Design
from rainmer_analysis.recipes.probe import RealSets
from rainmer_analysis.recipes.probe.control_summary import nested_percentiles

TINY = Design("train", scenes=3, draws=2, side=16)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the images that the statistics encode."""
    counts: list[int] = []
    encode = StatisticsEncoder.encode

    def counting(self: StatisticsEncoder, images: np.ndarray) -> dict[str, np.ndarray]:
        counts.append(len(images))
        return encode(self, images)

    monkeypatch.setattr(StatisticsEncoder, "encode", counting)
    return counts


def manifest(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = []
    for name, level in {"night": 20, "heavy": 200, "light": 150, "clear": 120}.items():
        (folder / name).mkdir(parents=True)
        for number in range(4):
            pixels = rng.integers(0, 50, (24, 24, 3)) + level
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
        lines.append(f'[[dataset]]\nname = "{name}"\nimages = "{name}"\n')
    path = folder / "real.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_document_has_the_promised_shape(cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "probe.json"
    found = ra.probe("statistics", design=TINY, controls=0, out=out, cache=cache, device="cpu")
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document == found.document
    assert document["kind"] == "probe"
    assert list(document["variance"]) == ["scene", "weather", "level", "interaction"]
    assert sum(document["variance"].values()) == pytest.approx(1)
    assert document["space"]["view"] == "chromatic"
    assert [each["space"]["view"] for each in document["spaces"]] == ["chromatic", "degradation"]
    ladder = document["ladders"]["exposure"]
    assert ladder["low"] <= ladder["rho"] <= ladder["high"]
    assert document["dimension"] > 1
    assert set(document["controls"]) == {"statistics"}  # airnet has no such view
    assert set(document["spaces"][1]["controls"]) == {"statistics", "airnet"}
    assert document["controls"]["statistics"]["variance"] == document["variance"]
    assert document["real"] is None


def test_an_identical_request_is_up_to_date_and_another_is_refused(
    cache: Path, tmp_path: Path, encoded: list[int]
) -> None:
    out = tmp_path / "probe.json"
    options = {"controls": 0, "out": out, "cache": cache, "device": "cpu"}
    first = ra.probe("statistics", design=TINY, **options)
    again = ra.probe("statistics", design=TINY, **options)
    assert (first.up_to_date, again.up_to_date) == (False, True)
    assert again.document == first.document
    other = Design("train", scenes=3, draws=2, side=16, seed=1)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        ra.probe("statistics", design=other, **options)
    assert ra.probe("statistics", design=other, overwrite=True, **options).up_to_date is False


def test_numbers_are_taken_once_and_damage_is_mended(
    tmp_path: Path, encoded: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    options = {"design": TINY, "controls": 0, "cache": tmp_path, "device": "cpu"}
    first = ra.probe("statistics", **options)
    assert sum(encoded) == len(TINY)  # the control of the same name is the same encoder
    ra.probe("statistics", **options)
    assert sum(encoded) == len(TINY)
    (file,) = tmp_path.glob("simulated-statistics-*.json")
    file.write_text("{", encoding="utf-8")
    assert ra.probe("statistics", **options).document == first.document
    assert "damaged" in caplog.text
    assert sum(encoded) == 2 * len(TINY)


def test_real_sets_are_asked_with_their_roles(cache: Path, tmp_path: Path) -> None:
    found = ra.probe(
        "statistics",
        design=TINY,
        controls=0,
        real=manifest(tmp_path),
        cache=cache,
        device="cpu",
    )
    real = found.document["real"]
    assert set(real["facts"]) == {"night apart", "heavy rain apart", "light rain between"}
    assert real["images"] == 16
    assert 0 <= real["accuracy"] <= 1
    assert real["chance"] == pytest.approx(3 / 15)
    # beside itself an encoder is above by nothing, in every resample
    assert real["above"]["statistics"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "airnet" in found.spaces[1]["real"]["above"]


def test_missing_roles_are_noted(
    cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sets = RealSets(manifest(tmp_path), night="dusk", heavy="downpour")
    with caplog.at_level(logging.INFO):
        found = ra.probe(
            "statistics", design=TINY, controls=0, real=sets, cache=cache, device="cpu"
        )
    assert found.document["real"]["facts"] == {}
    assert "'night apart' is not asked: there is no dataset dusk" in caplog.text
    assert "'light rain between' is not asked: there is no dataset downpour" in caplog.text


def test_one_real_set_is_refused(tmp_path: Path) -> None:
    manifest(tmp_path)
    with pytest.raises(SourceError, match="at least two"):
        ra.probe("statistics", design=TINY, controls=0, real=f"night={tmp_path / 'night'}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"encoder": []}, "no encoder was named"),
        ({"encoder": ["statistics", "statistics"]}, "came twice"),
        ({"encoder": ["rainmer", "airnet"], "weights": ["a", "b", "c"]}, "2 encoders came with 3"),
        ({"controls": -1}, "give 0 or more"),
        ({"out": "probe.csv"}, "ends in .json"),
    ],
)
def test_impossible_requests_are_refused(options: dict[str, object], said: str) -> None:
    given = {"encoder": "statistics", "design": TINY, **options}
    with pytest.raises(ParameterError, match=said):
        ra.probe(**given)  # type: ignore[arg-type]


def test_percentiles_go_into_nested_numbers() -> None:
    found = nested_percentiles([{"a": k, "b": {"c": [k, 2 * k]}, "d": None} for k in range(21)])
    assert found["p50"] == {"a": 10, "b": {"c": [10, 20]}, "d": None}
    assert found["p5"]["a"] == 1
    assert found["p95"]["b"]["c"] == [19, 38]
