"""Fixtures shared by all tests."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.oracles.build import build

# How long a busy machine takes says nothing about the code.
settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")

SHARED = Path(__file__).resolve().parents[2] / "shared"
# Where the published code's own outputs are at hand, they are compared with too.
ORACLES = ("plain", "published") if (SHARED / "oracle").is_dir() else ("plain",)


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    """Undo what commands that tests ran before did to the package's log."""
    logger = logging.getLogger("rainmer_analysis")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder beside the checkout that holds real images and measurements of them."""
    if not (SHARED / "README.md").is_file():
        pytest.skip("the folder 'shared' with real images is not beside the checkout")
    return SHARED


@pytest.fixture(scope="session", params=ORACLES)
def oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of state dicts and of what they must give; see tests/oracles."""
    if request.param == "published":
        return SHARED / "oracle"
    return build(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def published(oracle: Path) -> bool:
    """Return whether the oracle is the published code, at its full width."""
    return oracle.parent == SHARED
