"""Pictures are drawn without a window, whatever MPLBACKEND names."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

DRAW = """
import sys, numpy as np, rainmer_analysis as ra
eye = ra.RelationshipMatrix(np.eye(2), ("a", "b"), "cosine", None, (1, 1), (1, 1))
try:
    print(len(ra.plot_matrix(eye)._repr_png_()) > 1000)
except ra.RainmerAnalysisError as error:
    print(error)
"""


def drawn(backend: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", DRAW],
        env=os.environ | {"MPLBACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


@pytest.mark.parametrize("backend", ["tkagg", "module://nowhere"])
def test_backends_that_cannot_open_a_window_draw(backend: str) -> None:
    assert drawn(backend) == "True"


def test_a_backend_that_matplotlib_refuses_is_a_sentence() -> None:
    told = drawn("nonsense")
    assert told.startswith("MPLBACKEND is 'nonsense', which matplotlib does not accept; unset it")
