"""The floors, the borders of third parties and the absence of circles, read from syntax trees."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import rainmer_analysis as ra
from tests.conftest import LAY_OUT_WITH_UMAP_LEARN, LONGEST

ROOT = Path(ra.__file__).parent
FLOORS = {
    "errors": 1,
    "values": 2,
    "distributed": 2,
    "kernels": 3,
    "model": 3,
    "images": 3,
    "weather": 3,
    "numerics": 3,
    "auditing": 4,
    "probing": 4,
    "infer": 4,
    "train": 4,
    "sphere": 4,
    "scores": 4,
    "draw": 4,
    "pages": 4,
    "recipes": 5,
    "cli": 6,
}
BORDERS = {
    "torch": {"distributed", "kernels", "model", "infer", "train"},
    "matplotlib": {"draw"},
    "seaborn": {"draw"},
    "umap": {"sphere"},
    "sklearn": {"numerics", "sphere", "scores", "weather"},
    "click": {"cli"},
    "plotly": {"pages"},
    "jinja2": {"pages"},
}
FORBIDDEN = {"pandas": {"model"}, "pickle": set(FLOORS), "joblib": set(FLOORS)}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem == "errors")


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def imports(tree: ast.AST) -> list[tuple[str, ast.AST]]:
    found: list[tuple[str, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.append((node.module or "", node))
    return found


def own(tree: ast.AST) -> set[str]:
    return {name for name, _ in imports(tree) if name.split(".")[0] == "rainmer_analysis"}


def module(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_every_room_has_a_floor() -> None:
    assert {room(path) for path in FILES} <= set(FLOORS)


def test_imports_fall_down(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        here = room(path)
        for name in own(tree):
            there = name.split(".")[1] if "." in name else "face"
            inside = there == here
            if not inside and (there == "face" or FLOORS[there] >= FLOORS[here]):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, wrong


@pytest.mark.parametrize("package", sorted(BORDERS | FORBIDDEN))
def test_third_parties_stay_behind_their_borders(
    trees: dict[Path, ast.Module], package: str
) -> None:
    allowed = BORDERS.get(package, set(FLOORS) - FORBIDDEN.get(package, set()))
    wrong = [
        str(path.relative_to(ROOT))
        for path, tree in trees.items()
        if any(name.split(".")[0] == package for name, _ in imports(tree))
        and room(path) not in allowed
    ]
    assert not wrong


def test_only_commands_import_inside_functions(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            inner = imports(node)
            if inner and room(path) != "cli":
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not wrong


def test_there_are_no_circles(trees: dict[Path, ast.Module]) -> None:
    graph = {module(path): own(tree) for path, tree in trees.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in sorted(graph.get(name, ())):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_rooms_are_not_crowded() -> None:
    rooms = {path.parent for path in FILES} - {ROOT}
    crowded = {str(r): len(list(r.glob("*.py"))) - 1 for r in rooms}
    assert {name: n for name, n in crowded.items() if n > 12} == {}


def test_nineteen_of_twenty_files_take_from_at_most_five_others(
    trees: dict[Path, ast.Module],
) -> None:
    modules = {module(path) for path in FILES}
    counts = []
    for path, tree in trees.items():
        taken = set()
        for node in ast.walk(tree) if path.name != "__init__.py" else ():
            if isinstance(node, ast.Import):
                taken |= {alias.name for alias in node.names} & modules
            if isinstance(node, ast.ImportFrom) and (node.module or "") in modules:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                taken |= {name if name in modules else node.module for name in inner}
        counts += [len(taken)] if path.name != "__init__.py" else []
    assert sorted(counts)[int(0.95 * len(counts))] <= 5


def test_the_face_is_sorted_and_resolves() -> None:
    assert ra.__all__ == sorted(ra.__all__)
    for name in ra.__all__:
        assert getattr(ra, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ra.nothing  # noqa: B018


def test_files_of_tests_that_are_ordered_by_name_are_there() -> None:
    tests = Path(__file__).parent
    assert [n for n in (*LONGEST, *LAY_OUT_WITH_UMAP_LEARN) if not (tests / n).is_file()] == []


def test_no_path_of_any_machine_is_written_down() -> None:
    tops = ["work", "home", "root", "Users", "tmp"]
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert not any(f'"/{top}/' in text or f" /{top}/" in text for top in tops), path


def test_notebooks_are_executed_and_hold_no_path_or_warning() -> None:
    found = sorted((ROOT.parent / "notebooks").glob("*.ipynb"))
    assert found
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert "site-packages" not in text, path
        assert '"name": "stderr"' not in text, path
        assert '"execution_count": 1' in text, path
