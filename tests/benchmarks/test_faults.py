"""The quick part of the table of faults: every kind a few times, in one process with forks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = (
    *("bad_images", "odd_images", "killed", "overwritten", "two_runs", "closed_streams"),
    *("changing", "links_and_devices", "nasty_names", "other_versions", "out_of_memory"),
)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="faults are injected into forks")
def test_injected_faults_do_no_harm() -> None:
    """What flips bits and loads hostile files has tests beside its readers."""
    asked = [sys.executable, "-m", "benchmarks.faults", "--quick", "--only", *ROWS]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f" {row} " not in done.stderr for row in ("0/0",))
