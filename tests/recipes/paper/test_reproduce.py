"""The whole story on a handful of images: made once, continued, and never written over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rainmer_analysis.errors import OutputExistsError
from rainmer_analysis.infer.encoders import network_encoder
from rainmer_analysis.recipes.paper import cached_maps_and_matrices, paper_figures
from rainmer_analysis.recipes.paper.claims.supplement_claims import CLAIMS
from rainmer_analysis.recipes.paper.claims.untrained_controls import (
    find_matching_controls,
    read_controls,
    run_controls,
)
from rainmer_analysis.recipes.paper.corpora_and_requests import (
    FigureRequest,
    write_unless_other_request,
)
from rainmer_analysis.recipes.paper.reproduce import Reproduction, reproduce
from rainmer_analysis.values import RelationshipMatrix, SphereMap, read

IMAGES = 3


@pytest.fixture(scope="module", autouse=True)
def _fewer_draws() -> Iterator[None]:
    """How many resamples an interval takes is said by other tests."""
    with pytest.MonkeyPatch.context() as fewer:
        for name in ("_RESAMPLES", "_PERMUTATIONS"):
            assert getattr(cached_maps_and_matrices, name) == 1000
            fewer.setattr(cached_maps_and_matrices, name, 100)
        yield


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


@pytest.fixture(scope="module")
def made(out: Path) -> Reproduction:
    return reproduce(out, per_dataset=IMAGES, device="cpu")


def _stamps(out: Path) -> dict[str, int]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in files}


def test_every_promised_file_is_there(made: Reproduction, out: Path) -> None:
    assert {path.name for path in made.pictures} == {
        f"figure{number}.{suffix}" for number in (1, 2, 3) for suffix in ("pdf", "svg", "png")
    }
    assert {path.name for path in made.companions} == {
        f"figure{number}-uncertainty.{suffix}"
        for number in (2, 3)
        for suffix in ("pdf", "svg", "png")
    }
    for name in ("figure1", "figure2", "figure3", "figure2-uncertainty", "figure3-uncertainty"):
        assert (out / f"{name}.provenance.json").is_file()
    for name, matrix in made.matrices.items():
        found = read(out / "matrices" / f"{name}.json")
        assert isinstance(found, RelationshipMatrix)
        assert found.counts == matrix.counts == (IMAGES,) * len(matrix.datasets)
        assert isinstance(read(out / "maps" / f"{name}.parquet"), SphereMap)
        with_intervals = read(out / "matrices" / f"{name}-intervals.json")
        assert isinstance(with_intervals, RelationshipMatrix)
        assert np.abs(with_intervals.values - matrix.values).max() < 1e-12
        assert with_intervals.low is not None
        assert with_intervals.q is not None
        assert with_intervals.ceilings is not None
    assert len(made.matrices) == len(made.uncertain) == 5


def test_claims_are_told_with_their_values(made: Reproduction, out: Path) -> None:
    document = json.loads((out / "claims.json").read_text(encoding="utf-8"))
    assert [claim["claim"] for claim in document["claims"]] == [claim.name for claim in CLAIMS]
    for claim in document["claims"]:
        others = {"airnet"} if claim["view"] == "degradation" else set()  # its only view
        assert set(claim["values"]) >= {"rainmer", "statistics", *others}
        assert claim["verdict"] == claim["holds"][claim["about"]]
    assert "simulated" in document["note"]
    numbers = json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    assert set(numbers["matrices"]) == set(made.matrices)


def test_a_second_run_leaves_tables_maps_and_pictures_as_they_are(
    made: Reproduction, out: Path
) -> None:
    before = _stamps(out)
    again = reproduce(out, per_dataset=IMAGES, device="cpu")
    changed = {name for name, stamp in _stamps(out).items() if before.get(name) != stamp}
    assert changed <= {"claims.json", "numbers.json"}
    assert [dict(claim) for claim in again.claims] == [dict(claim) for claim in made.claims]


def test_another_request_is_refused_until_it_may_overwrite(made: Reproduction, out: Path) -> None:
    before = _stamps(out)
    with pytest.raises(OutputExistsError, match="allow --overwrite"):
        reproduce(out, per_dataset=IMAGES, seed=43, device="cpu")
    assert {name: stamp for name, stamp in _stamps(out).items() if "figure1" not in name} == {
        name: stamp for name, stamp in before.items() if "figure1" not in name
    }


def test_fast_and_by_the_own_layout_on_request(
    made: Reproduction, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_figures, "_SUFFIXES", (".png",))
    (tmp_path / "simulated").symlink_to(out / "simulated")
    request = {"per_dataset": IMAGES, "device": "cpu", "precision": "fast", "engine": "sphere"}
    found = reproduce(tmp_path, **request)
    for matrix in found.matrices.values():
        assert matrix.space is not None
        assert matrix.space.precision.startswith("fast-")
    for path in (tmp_path / "maps").rglob("*.parquet"):
        assert read(path).parameters["engine"] == "sphere"
    assert found.agreement is None or not found.agreement.comparable


def test_foreign_claims_are_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "claims.json"
    for foreign in ("{}", "[]", "notes"):
        path.write_text(foreign, encoding="utf-8")
        with pytest.raises(OutputExistsError, match=r"claims\.json already exists"):
            write_unless_other_request(
                FigureRequest(tmp_path), "claims.json", {"request": {"seed": 1}}
            )
    write_unless_other_request(
        FigureRequest(tmp_path, overwrite=True), "claims.json", {"request": {"seed": 1}}
    )
    write_unless_other_request(
        FigureRequest(tmp_path), "claims.json", {"request": {"seed": 1}, "date": "later"}
    )
    assert "later" in path.read_text(encoding="utf-8")


def test_controls_are_continued(
    made: Reproduction, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = FigureRequest(out, per_dataset=IMAGES, device="cpu")
    path = run_controls(request, per_dataset=2, seeds=(0,))
    document = read_controls(path)
    assert document is not None
    assert set(document["claims"]) == {claim.name for claim in CLAIMS}
    for claim in document["claims"].values():
        assert len(claim["values"]) == 1
        assert claim["p5"] <= claim["p50"] <= claim["p95"]
    path.unlink()

    def refuse(self: Any, images: Any) -> Any:
        raise AssertionError("these images were encoded before")

    monkeypatch.setattr(network_encoder.NetworkEncoder, "encode", refuse)
    run_controls(request, per_dataset=2, seeds=(0,))
    again = read_controls(path)
    assert again is not None
    assert again["claims"] == document["claims"]
    stamp = path.stat().st_mtime_ns
    run_controls(request, per_dataset=2, seeds=(0,))
    assert path.stat().st_mtime_ns == stamp
    with pytest.raises(OutputExistsError):
        run_controls(request, per_dataset=2, seeds=(0, 1))


def test_controls_of_other_images_stand_beside_no_value(tmp_path: Path) -> None:
    released = tmp_path / "reference"
    released.mkdir()
    (released / "numbers.json").write_text('{"request": {"seed": 42}}', encoding="utf-8")
    document = {"kind": "controls", "claims": {}, "data": "simulated, 20 images each"}
    (released / "controls.json").write_text(json.dumps(document), encoding="utf-8")
    out = tmp_path / "figures"
    assert find_matching_controls(FigureRequest(out), released) == document
    assert find_matching_controls(FigureRequest(out, seed=43), released) is None
    assert find_matching_controls(FigureRequest(out, root=str(tmp_path)), released) is None
    assert find_matching_controls(FigureRequest(out), None) is None
    out.mkdir()
    (out / "controls.json").write_text(json.dumps(document | {"request": "x"}), encoding="utf-8")
    assert find_matching_controls(FigureRequest(out, root=str(tmp_path)), released) is None


def test_a_runs_own_controls_are_known_again(made: Reproduction, out: Path) -> None:
    request = FigureRequest(out, per_dataset=IMAGES, device="cpu")
    path = run_controls(request, per_dataset=2, seeds=(0,), progress=None)
    assert find_matching_controls(request, None) == read_controls(path)
    assert find_matching_controls(replace(request, seed=7), None) is None
