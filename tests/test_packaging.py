"""What is imported is declared, and the lowest versions are the same wherever they stand."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Calls that import what their first argument names.
IMPORTERS = ("import_module", "import_with_numba_cache", "importorskip")

APART = ("atheris",)  # a benchmark says how it is installed, in a folder of its own


def named(requirements: list[str]) -> dict[str, str]:
    """Names in lower case, with the lowest version that they allow."""
    found = (re.fullmatch(r"([\w.-]+)>=([\w.]+)", each) for each in requirements)
    return {match[1].lower(): match[2] for match in found if match}


DECLARED = named(PROJECT["dependencies"])
EXTRAS = PROJECT["optional-dependencies"]
IN_PACKAGE = DECLARED | named(EXTRAS["timm"])
FOR_TESTS = IN_PACKAGE | named(EXTRAS["dev"]) | named(EXTRAS["test"])
FOR_NOTEBOOKS = FOR_TESTS | named(EXTRAS["notebook"])
FOR_DOCS = FOR_NOTEBOOKS | named(EXTRAS["docs"])


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in IMPORTERS:
                found.add(str(node.args[0].value))
    return {name.split(".")[0] for name in found}


@pytest.mark.parametrize(
    ("folder", "declared"),
    [
        ("rainmer_analysis", IN_PACKAGE),
        ("tests", FOR_TESTS),
        ("benchmarks", FOR_TESTS),
        ("docs", FOR_DOCS),
        ("notebooks", FOR_NOTEBOOKS),
    ],
)
def test_what_is_imported_is_declared(folder: str, declared: dict[str, str]) -> None:
    own = {"rainmer_analysis", "tests", "benchmarks"}
    # helpers beside tests, and modules that tests write themselves
    own |= {each.stem for each in ROOT.glob("tests/**/*.py")} | {"broken", "insisting"}
    # of what need not be installed the distribution has another name than the module
    known = {"ot": ["POT"], "xdist": ["pytest-xdist"]} | packages_distributions()
    undeclared = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for name in imported(path) - set(sys.stdlib_module_names) - own:
            sources = {each.lower() for each in known.get(name, [name])}
            # what matplotlib brings into its own namespace is its own
            if not sources & set(declared) and name not in ("mpl_toolkits", *APART):
                undeclared[name] = str(path.relative_to(ROOT))
    assert not undeclared


def pinned(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_the_lowest_versions_that_are_tested_are_those_that_are_declared() -> None:
    tested = pinned("constraints-minimum.txt")
    for name, lowest in DECLARED.items():
        exact, asked = tested[name].split("."), lowest.split(".")
        assert exact[: len(asked)] == asked, name
        assert set(exact[len(asked) :]) <= {"0"}, f"{name} {tested[name]} is not the lowest"


def test_the_versions_that_are_released_with_are_allowed() -> None:
    released = pinned("constraints.txt")
    for name, lowest in DECLARED.items():
        exact, asked = (
            tuple(int(part) for part in re.findall(r"\d+", version))
            for version in (released[name], lowest)
        )
        assert exact >= asked, name
