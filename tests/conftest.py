"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder beside the checkout that holds oracles and real images."""
    if not (SHARED / "README.md").is_file():
        pytest.skip("the folder 'shared' with oracles and real images is not beside the checkout")
    return SHARED
