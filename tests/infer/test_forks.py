"""Encoders in children that are forked after they were used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WORK = """
import os, sys
import numpy as np
from rainmer_analysis.infer import load_encoder
from rainmer_analysis.numerics import nearest_neighbours

images = np.random.default_rng(0).random((2, 3, 128, 128)).astype(np.float32)
rows = np.random.default_rng(0).normal(size=(3000, 16))
rows /= np.linalg.norm(rows, axis=1, keepdims=True)

def work():
    for name in ("statistics", "untrained:0", "airnet"):
        load_encoder(name, device="cpu").encode(images)
    nearest_neighbours(rows, 5)

work()
child = os.fork()
if not child:
    work()
    os._exit(7)
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_encodes() -> None:
    found = subprocess.run(
        [sys.executable, "-c", WORK],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert found.stdout == "7\n"
