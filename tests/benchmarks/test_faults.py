"""The quick part of the table of faults: every kind a few times, in one process with forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults.record import COUNTS, PAGE, table

ROOT = Path(__file__).resolve().parents[2]
ROWS = (
    *("bad_images", "odd_images", "killed_at_random", "overwritten", "two_runs", "closed_streams"),
    *("changing", "links_and_devices", "nasty_names", "other_versions", "out_of_memory"),
)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="faults are injected into forks")
def test_injected_faults_do_no_harm() -> None:
    """What flips bits and loads hostile files has tests beside its readers."""
    asked = [sys.executable, "-m", "benchmarks.faults", "--quick", "--only", *ROWS]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "0/0" not in done.stderr


def test_the_page_shows_what_was_counted() -> None:
    rows = json.loads(COUNTS.read_text(encoding="utf-8"))
    assert table(rows) in PAGE.read_text(encoding="utf-8")
    assert all(row["tried"] == row["held"] > 0 for row in rows.values())
