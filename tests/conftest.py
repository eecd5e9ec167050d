"""Fixtures shared by all tests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.forked import ForkedPythons
from tests.oracles.build import build

# How long a busy machine takes says nothing about the code.
settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")

SHARED = Path(__file__).resolve().parents[2] / "shared"
# Where the published code's own outputs are at hand, they are compared with too.
ORACLES = ("plain", "published") if (SHARED / "oracle").is_dir() else ("plain",)

# What takes longest, the longest first: begun last, one of these would leave other workers idle.
LONGEST = (
    "recipes/paper/test_reproduce.py",
    "recipes/test_restorer_training.py",
    "infer/test_arithmetic.py",
    "train/compiled/test_compiled_encoder.py",  # compiles the loops before two ranks need them
    "benchmarks/test_faults.py",
    "train/loop/test_waiting.py",
    "infer/test_restore.py",
    "infer/test_extract.py",
    "benchmarks/test_gpu.py",
    "recipes/test_calibration.py",
    "recipes/audit/test_real_sets.py",
    "infer/distributed/test_over_ranks.py",
    "pages/test_browser.py",
    "documentation/test_commands.py",
)
# umap-learn compiles for 12 s in each process that lays out with it, so one worker does all of it
LAY_OUT_WITH_UMAP_LEARN = (
    "recipes/paper/test_reproduce.py",
    "sphere/test_project_table.py",
    "sphere/umap_s2/test_fuzzy_graph.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share files out in the order of their tests; files that share what is dear go together."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Sharing(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            together = file.removeprefix("tests/") in LAY_OUT_WITH_UMAP_LEARN
            return "umap-learn" if together else file

    config.option.loadscopereorder = False
    return Sharing(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first where several processes share the tests."""
    if hasattr(config, "workerinput"):
        places = {f"tests/{name}": place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


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


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedPythons]:
    """Return what starts processes that have imported torch and the package."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    found = ForkedPythons(tmp_path_factory.mktemp("forked"))
    yield found
    found.close()


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
