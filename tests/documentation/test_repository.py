"""What a stranger expects of a repository: files that are there, and that agree with each other."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.documentation.pages import PAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize(
    "place", [".github/workflows/ci.yml", "CONTRIBUTING.md", "README.md", ".ci/run"]
)
def test_make_targets_that_are_named_exist(place: str) -> None:
    named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", (ROOT / place).read_text("utf-8")))
    assert named
    assert named <= TARGETS


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {PROJECT['version']}\n" in citation


def test_hooks_have_the_versions_that_are_pinned() -> None:
    """Ruff and mypy run from the environment; only packages that hooks install name versions."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "entry: ruff" in hooks
    assert "entry: mypy" in hooks
    assert re.search(r"^ruff==", pinned, re.MULTILINE)
    assert "rev:" not in hooks


@pytest.mark.parametrize("extra", ["docs", "notebook", "dev"])
def test_what_an_extra_needs_is_pinned(extra: str) -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()
    for requirement in PROJECT["optional-dependencies"][extra]:
        name = re.split(r"[>=\[]", requirement)[0].lower()
        assert name == "rainmer-analysis" or f"\n{name}==" in pins, name


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (here / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_short_and_show_pictures(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    source = "\n".join("".join(cell["source"]) for cell in code)
    assert len(cells) <= 25
    assert not re.search(r"^\s*(def|class|async def) ", source, re.MULTILINE)
    outputs = [output for cell in code for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" for output in outputs)
    assert not re.search(r"(?<![\w.])/(work|home|root|Users)/", json.dumps(outputs))
