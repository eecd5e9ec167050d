"""What is no file of tensors is refused before torch is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.values import refuse_existing_non_weights

_PAGE = "<!doctype html><html>404</html>"


def test_a_page_is_refused_without_torch(tmp_path: Path) -> None:
    page = tmp_path / "w.pth"
    page.write_text(_PAGE, encoding="utf-8")
    (tmp_path / "images").mkdir()
    asked = ["extract", str(tmp_path / "images"), "--weights", str(page), "--out", str(tmp_path)]
    program = (
        "import sys\nfrom rainmer_analysis.cli.main import main\n"
        f"try: main({asked!r})\nfinally: print('torch' in sys.modules)\n"
    )
    search = os.pathsep.join(str(Path(each).resolve()) for each in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "False\n"), done.stderr
    assert f"{page} is neither a safetensors file nor a torch checkpoint" in done.stderr


def test_files_are_looked_at_and_names_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "derain").mkdir()  # a folder of the shipped weights' name changes nothing
    (tmp_path / "w.pth").write_text(_PAGE, encoding="utf-8")
    (tmp_path / "good.pth").write_bytes(b"PK\3\4" + bytes(20))
    for value in (None, "derain", "allweather", "nowhere.pth", "good.pth"):
        refuse_existing_non_weights(value)
    refuse_existing_non_weights("w.pth", encoder="another package's")
    for encoder in ("rainmer", "airnet"):
        with pytest.raises(WeightsError, match=r"w\.pth is neither"):
            refuse_existing_non_weights("w.pth", encoder=encoder)
