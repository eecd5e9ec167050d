"""Pictures are drawn without a window, whatever MPLBACKEND names."""

from __future__ import annotations

import pytest

from tests.forked import ForkedPythons

DRAW = """
import sys
assert "matplotlib" not in sys.modules  # which reads the variable when it is imported
import numpy as np, rainmer_analysis as ra
eye = ra.RelationshipMatrix(np.eye(2), ("a", "b"), "cosine", None, (1, 1), (1, 1))
try:
    print(len(ra.plot_matrix(eye)._repr_png_()) > 1000)
except ra.RainmerAnalysisError as error:
    print(error)
"""


def drawn(forked: ForkedPythons, backend: str) -> str:
    found = forked.run("-c", DRAW, environment={"MPLBACKEND": backend})
    assert found.code == 0, found.err
    return found.out.strip()


@pytest.mark.parametrize("backend", ["tkagg", "module://nowhere"])
def test_backends_that_cannot_open_a_window_draw(forked: ForkedPythons, backend: str) -> None:
    assert drawn(forked, backend) == "True"


def test_a_backend_that_matplotlib_refuses_is_a_sentence(forked: ForkedPythons) -> None:
    told = drawn(forked, "nonsense")
    assert told.startswith("MPLBACKEND is 'nonsense', which matplotlib does not accept; unset it")
