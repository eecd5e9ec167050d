"""Nobody waits for libraries that a command does not use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from rainmer_analysis.values import EmbeddingTable, Rows, Space, SphereMap, write

SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")
PROGRAM = """
import json, sys
from rainmer_analysis.cli.main import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit as left:
        assert left.code == 0, arguments
    print(json.dumps([name for name in ("torch", "umap", "numba") if name in sys.modules]))
"""


def _python(program: str, *arguments: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_import_brings_in_nothing_but_the_face() -> None:
    program = (
        "import sys; before = set(sys.modules); import rainmer_analysis; "
        "print(*sorted({n.split('.')[0] for n in set(sys.modules) - before} - "
        "set(sys.stdlib_module_names)))"
    )
    assert _python(program) == ["rainmer_analysis"]


def test_relate_and_plot_do_without_torch(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(8, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"{'AB'[i % 2]}/{i}" for i in range(8)]
    frame = pd.DataFrame({"image_id": names, "dataset": ["A", "B"] * 4, "group": names})
    write(EmbeddingTable(vectors, Rows(frame), SPACE), tmp_path / "table.parquet")
    write(SphereMap(vectors, Rows(frame), SPACE), tmp_path / "map.parquet")
    table, map_, matrix = (str(tmp_path / name) for name in ("table.parquet", "map.parquet", "m"))
    asked = [
        ["relate", table, "--out", f"{matrix}.json", "--quiet"],
        ["plot", "matrix", f"{matrix}.json", "--out", f"{matrix}.png", "--quiet"],
        ["plot", "map", map_, "--out", f"{map_}.png", "--quiet"],
    ]
    loaded = [line for line in _python(PROGRAM, json.dumps(asked)) if line.startswith("[")]
    assert loaded == ["[]"] * 3
