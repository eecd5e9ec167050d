"""Lets the tests of this folder import the maker of image files beside them, and hear notes."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _notes_reach_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what a command that ran earlier in this process did to the package's logger."""
    monkeypatch.setattr(logging.getLogger("rainmer_analysis"), "propagate", True)
