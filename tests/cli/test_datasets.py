"""The commands ``datasets list``, ``check`` and ``simulate``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_analysis.cli.main import main
from rainmer_analysis.images import CATALOGUE, load_image_set, read_image


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["datasets", *arguments])
    captured = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, captured.out, captured.err


@pytest.fixture
def rain(tmp_path: Path) -> Path:
    for name, seed in {"input/a\n🌧.png": 0, "target/a\n🌧.png": 1, "input/b.png": 2}.items():
        path = tmp_path / "rain" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path / "rain"


def test_list_names_every_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(CATALOGUE)
    code, out, _ = _run(capsys, "list", "--json")
    document = json.loads(out)
    assert [each["name"] for each in document["datasets"]] == list(CATALOGUE)
    assert {each["pairs"] for each in document["datasets"]} == {"yes", "no", "halves"}


def test_check_prints_a_table_and_findings(capsys: pytest.CaptureFixture[str], rain: Path) -> None:
    code, out, _ = _run(capsys, "check", f"my rain={rain}")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == [
        *("dataset", "images", "readable", "pairs", "smallest", "largest", "findings")
    ]
    assert lines[1].split() == ["my", "rain", "2", "2", "1", "30x20", "30x20", "1"]
    assert lines[2] == "missing-partner: my rain/input/b.png: there is no clean partner"


def test_check_keeps_a_line_a_line(capsys: pytest.CaptureFixture[str], rain: Path) -> None:
    (rain / "target/a\n🌧.png").unlink()
    _, out, _ = _run(capsys, "check", f"x={rain}")
    assert "missing-partner: x/input/a\\n🌧.png: there is no clean partner" in out.splitlines()


def test_check_shows_twenty_findings_and_json_all(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for index in range(25):
        (tmp_path / f"{index:02}.png").write_bytes(b"")
    _, out, _ = _run(capsys, "check", f"x={tmp_path}", "--headers-only")
    assert out.count("unreadable: ") == 20
    assert out.splitlines()[-1] == "x: 5 more findings; --json has all"
    _, out, _ = _run(capsys, "check", f"x={tmp_path}", "--json")
    assert len(json.loads(out)["findings"]) == 25


def test_check_refuses_in_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = _run(capsys, "check", "Rain200G", "--root", str(tmp_path))
    assert (code, out) == (1, "")
    assert err.startswith("error: unknown source 'Rain200G'")
    code, _, err = _run(capsys, "check", "Rain200H", "--root", str(tmp_path))
    assert code == 1
    assert f"there is no folder {tmp_path}/Rain200H/train/rain/X2" in err
    assert _run(capsys, "check")[0] == 2


def test_simulate_writes_datasets_that_can_be_loaded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = _run(capsys, "simulate", "--out", str(tmp_path / "sim"), "--per-dataset", "1")
    assert code == 0
    images = load_image_set(out.strip())
    assert len(images.rows.datasets) == 9
    assert all(name.startswith("sim-") for name in images.rows.datasets)
    for name in ("path", "target"):
        assert read_image(images.rows.column(name)[0]).shape == (3, 256, 256)
    code, out, err = _run(
        capsys, "simulate", "--out", str(tmp_path / "sim"), "--per-dataset", "1", "--json"
    )
    assert json.loads(out)["made"] == 0
    assert "up to date" in err


def test_calibration_needs_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "simulate", "--calibration", "--per-dataset", "2")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["set", "property", "n"]
    assert "wasserstein" in lines[0]
    code, out, _ = _run(capsys, "simulate", "--calibration", "--per-dataset", "2", "--json")
    assert len(json.loads(out)["calibration"]) == len(lines) - 1


def test_simulate_without_a_purpose_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _run(capsys, "simulate")
    assert code == 2
    assert "name a folder with --out, or ask for --calibration" in err


def test_check_ends_by_accounting_for_every_file(
    capsys: pytest.CaptureFixture[str], rain: Path
) -> None:
    (rain / "target/unused.png").write_bytes(b"")
    (rain / "input/@eaDir").mkdir()
    (rain / "input/@eaDir/a.jpg").write_bytes(b"")
    _, _, err = _run(capsys, "check", f"x={rain}")
    assert err.splitlines()[-1] == (
        "x: 5 files: 2 used, 1 target, 2 passed over (in hidden and system folders: @eaDir 1; "
        "targets without an image: target 1)"
    )
    _, out, err = _run(capsys, "check", f"x={rain}", "--json", "--quiet")
    assert err == ""
    assert json.loads(out)["files"]["x"]["files"] == 5


def test_check_suggests_a_manifest_that_can_be_loaded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in ("rain", "norain", "rainstreak"):
        for number in range(2):
            path = tmp_path / f"RainTrainL/{kind}-{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(np.full((16, 16, 3), 9 * number, np.uint8)).save(path)
    code, out, _ = _run(capsys, "check", "RainTrainL", "--suggest")
    assert code == 0
    Path("m.toml").write_text(out)
    assert load_image_set("m.toml").rows.counts == {"RainTrainL": 2}
    code, out, _ = _run(capsys, "check", "RainTrainL", "--suggest", "--json")
    assert json.loads(out)["dataset"][0]["pair"] == "rain-* -> norain-*"
    assert _run(capsys, "check", "RainTrainL", "x", "--suggest")[0] == 2
    assert _run(capsys, "check", ".", "--suggest")[0] == 0


def test_check_compares_with_a_list(capsys: pytest.CaptureFixture[str], rain: Path) -> None:
    names = rain.parent / "list.txt"
    names.write_text("b.png\nc.png\n")
    _, out, _ = _run(capsys, "check", f"x={rain}", "--list", str(names))
    lines = out.splitlines()
    assert (
        f"{names}: 2 lines, of which 1 name no image that is here; 2 images, of which 1 are not "
        "listed" in lines
    )
    assert "listed but missing: c.png" in lines
    assert "not listed: x/input/a\\n🌧.png" in lines
