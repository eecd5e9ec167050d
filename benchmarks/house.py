"""How the house stands: files, lines, imports, names and circles.

``python -m benchmarks.house [--package FOLDER]`` prints one line per measure, read from syntax
trees.
"""

from __future__ import annotations

import argparse
import ast
import collections
import statistics
from collections.abc import Mapping
from pathlib import Path

PACKAGE = "rainmer_analysis"
MOST_IMPORTS, MOST_LINES = 5, 300


def parse_modules(root: Path) -> dict[str, ast.Module]:
    """Return the syntax tree of each module below a package's folder, by dotted name."""
    trees = {}
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        trees[name.removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def own_imports(tree: ast.Module) -> set[str]:
    """Return the modules of the package that a module imports from."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            found.add(node.module or "")
    return found


def count_circles(trees: Mapping[str, ast.Module]) -> int:
    """Count the modules that import themselves, over any number of others."""
    graph = {name: own_imports(tree) for name, tree in trees.items()}

    def reaches(start: str) -> bool:
        seen, todo = set(), list(graph[start])
        while todo:
            name = todo.pop()
            if name == start:
                return True
            if name not in seen:
                seen.add(name)
                todo += graph.get(name, ())
        return False

    return sum(map(reaches, graph))


def measure(root: Path) -> dict[str, object]:
    """Return the measures of a package's folder."""
    trees = parse_modules(root)
    files = sorted(root.rglob("*.py"))
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in files}
    imports = sorted(len(own_imports(tree)) for tree in trees.values())
    names = collections.Counter(path.name for path in files if path.name != "__init__.py")
    return {
        "files": len(files),
        "lines": sum(lines.values()),
        "own imports, median": statistics.median(imports),
        "own imports, 95th percentile": imports[int(0.95 * len(imports))],
        f"files with more than {MOST_IMPORTS} own imports": sum(n > MOST_IMPORTS for n in imports),
        "file names used more than once": sum(count > 1 for count in names.values()),
        f"files above {MOST_LINES} lines": [
            path.relative_to(root).as_posix() for path in files if lines[path] > MOST_LINES
        ],
        "modules in import circles": count_circles(trees),
    }


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help="another checkout's package, names alone")
    given = parser.parse_args().package
    root = given or Path(__file__).resolve().parents[1] / PACKAGE
    for name, value in measure(root).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
