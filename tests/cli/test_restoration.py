"""The commands ``derain`` and ``evaluate``, from files to numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rainmer_analysis.cli.main import main
from rainmer_analysis.images.psnr_ssim_protocols import PROTOCOLS
from rainmer_analysis.model.checkpoint import save_weights
from rainmer_analysis.model.restorer import Restorer, RestorerConfig


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    captured = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, captured.out, captured.err


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    config = RestorerConfig(
        "Rainmer_SA_wolocf", dim=4, base_dim=6, blocks=(1, 1, 1, 1), heads=(1, 1, 2, 2)
    )
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    return str(save_weights(Restorer(config), path, kind="restorer"))


@pytest.fixture
def rain(tmp_path: Path) -> Path:
    folder = tmp_path / "rain"
    (folder / "sub").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("a.png", "sub/b c.jpg"):
        Image.fromarray(rng.integers(0, 256, (21, 30, 3), dtype=np.uint8)).save(folder / name)
    (folder / "empty.png").write_bytes(b"")
    return folder


def test_from_rain_to_numbers(
    capsys: pytest.CaptureFixture[str], rain: Path, weights: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = ("derain", str(rain), "--out", str(out), "--weights", weights, "--device", "cpu")
    code, stdout, stderr = _run(capsys, *asked)
    assert code == 0
    assert stdout.splitlines() == [
        f"{out}: written, 2 images by Rainmer_SA_wolocf",
        f"left out: 1 (listed in {out}/skipped.csv)",
    ]
    assert "left out empty.png: an empty file" in stderr
    assert stderr.splitlines()[-1] == f"{rain}: 3 files: 2 used, 1 left out"
    code, stdout, _ = _run(capsys, *asked, "--json")
    document = json.loads(stdout)
    assert code == 0
    assert document["files"]["used"] == 2
    assert document["state"] == "up to date"
    assert document["written"] == []
    assert document["up_to_date"] == [str(out / "a.png"), str(out / "sub" / "b c.png")]
    assert document["skipped"] == [{"image": "empty.png", "reason": "an empty file"}]
    code, stdout, stderr = _run(capsys, *asked, "--tile", "256")
    assert (code, stdout) == (1, "")
    assert "a.png already exists and holds something else" in stderr
    assert _run(capsys, *asked, "--tile", "256", "--overwrite")[0] == 0

    table = tmp_path / "scores.csv"
    compared = ("evaluate", str(out), str(rain), "--out", str(table))
    code, stdout, stderr = _run(capsys, *compared)
    assert code == 0
    lines = stdout.splitlines()
    assert lines[0] == "mean of 2 images"
    assert lines[2].split()[:4] == ["protocol", "PSNR", "(dB)", "SSIM"]
    rows = [line.split() for line in lines if line.startswith(tuple(PROTOCOLS))]
    assert [row[0] for row in rows] == list(PROTOCOLS)
    assert lines[-2:] == ["left out: 1", "  empty.png: no result of that name"]
    assert max(map(len, lines)) <= 96
    assert f"{table}: written" in stderr
    assert stderr.splitlines()[-2:] == [
        f"{out}: 3 files: 2 used, 1 passed over (other files: .csv 1)",
        f"{rain}: 3 files: 2 used, 1 left out",
    ]
    code, stdout, _ = _run(capsys, *compared, "--json")
    document = json.loads(stdout)
    assert document["state"] == "up to date"
    assert document["count"] == 2
    assert float(rows[0][1]) == pytest.approx(document["means"]["psnr"], abs=1e-4)
    assert [float(row[2]) for row in rows] == [
        pytest.approx(document["protocols"][row[0]]["ssim"], abs=1e-4) for row in rows
    ]
    assert len(table.read_text().splitlines()) == 4


def test_a_perfect_result_has_no_number_in_json(
    capsys: pytest.CaptureFixture[str], rain: Path
) -> None:
    image = str(rain / "a.png")
    code, stdout, _ = _run(capsys, "evaluate", image, image)
    assert code == 0
    assert stdout.splitlines()[3].split()[:3] == ["matlab-y", "inf", "1.0000"]
    stdout = _run(capsys, "evaluate", image, image, "--crop-border", "2")[1]
    assert stdout.startswith("mean of 1 image, 2 pixels left out at every side")
    document = json.loads(_run(capsys, "evaluate", image, image, "--json")[1])
    assert document["means"] == {
        "psnr": None,
        "ssim": 1.0,
        "rainmer_psnr": None,
        "rainmer_ssim": 1.0,
    }
    assert document["out"] is None


def test_refusals(
    capsys: pytest.CaptureFixture[str], rain: Path, weights: str, tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    asked = ("derain", str(rain), "--out", out, "--device", "cpu", "--weights")
    code, stdout, stderr = _run(capsys, *asked, str(tmp_path / "no.pth"))
    assert (code, stdout) == (1, "")
    assert "error: there is no file of weights" in stderr
    code, _, stderr = _run(capsys, *asked, weights, "--variant", "Rainmer")
    assert code == 1
    assert "variant of a restorer is 'Rainmer'; give one of Rainmer_SA" in stderr
    code, _, stderr = _run(
        capsys, "derain", str(rain), "--out", str(rain / "out"), "--weights", weights
    )
    assert code == 1
    assert "among the images of" in stderr
    assert _run(capsys, "derain", str(rain))[0] == 2
    assert _run(capsys, *asked, weights, "--ties", "first")[0] == 2
    code, _, stderr = _run(capsys, "evaluate", str(rain), str(rain / "a.png"))
    assert code == 1
    assert "only one of" in stderr
