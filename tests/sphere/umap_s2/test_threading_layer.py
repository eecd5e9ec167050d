"""Maps from several threads, in forked children, and under every threading layer of numba."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numba
import numpy as np
import pytest

from rainmer_analysis.errors import ParameterError, ProcessError
from rainmer_analysis.sphere import SphereUMAP
from rainmer_analysis.sphere.umap_s2 import threading_layer
from rainmer_analysis.sphere.umap_s2.threading_layer import (
    allow_parallel_loops,
    callable_from_any_thread,
)

# What follows `spawn` or `fork`: four threads lay the same rows out, then a forked child does.
WORK = """
import json, os, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from rainmer_analysis.errors import RainmerAnalysisError
from rainmer_analysis.sphere import SphereUMAP

def lay_out(seed):
    rows = np.random.default_rng(seed).normal(size=(80, 6))
    return SphereUMAP(n_neighbors=8, n_epochs=20).fit_transform(rows)

alone = [lay_out(seed) for seed in range(4)]
with ThreadPoolExecutor(4) as pool:
    together = list(pool.map(lay_out, range(4)))
equal = all((a == b).all() for a, b in zip(alone, together))
read, write = os.pipe()
if not os.fork():
    try:
        told = "equal" if (lay_out(0) == alone[0]).all() else "different"
    except RainmerAnalysisError as error:
        told = str(error)
    os.write(write, told.encode())
    os._exit(0)
os.wait()
os.close(write)
print(json.dumps([equal, os.read(read, 9999).decode()]))
"""
LAYERS = ["workqueue", "omp"] if sys.platform == "linux" else ["workqueue"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("layer", LAYERS)
def test_threads_and_forked_children(layer: str) -> None:
    told = os.environ | {"NUMBA_THREADING_LAYER": layer, "NUMBA_NUM_THREADS": "2"}
    found = subprocess.run(
        [sys.executable, "-c", WORK], env=told, capture_output=True, text=True, check=True
    )
    equal, child = json.loads(found.stdout)
    assert equal
    if layer == "omp":
        assert "was forked from one that had laid out maps" in child
        assert '"spawn"' in child
    else:
        assert child == "equal"


def test_a_layer_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise ValueError("No threading layer could be loaded.")

    monkeypatch.setattr(threading_layer, "_threading_layer_name", lambda: "")
    monkeypatch.setattr(numba, "get_num_threads", refuse)
    with pytest.raises(ParameterError, match="unset NUMBA_THREADING_LAYER"), allow_parallel_loops():
        pass


def test_an_orphan_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading_layer._PROCESS, "orphaned", True)
    with pytest.raises(ProcessError, match="spawn"):
        callable_from_any_thread(lambda: 1)()


@pytest.mark.parametrize(("layer", "most"), [("workqueue", 1), ("", 1), ("omp", 2), ("tbb", 2)])
def test_layers_that_are_not_thread_safe_take_one_thread_at_a_time(
    monkeypatch: pytest.MonkeyPatch, layer: str, most: int
) -> None:
    monkeypatch.setattr(threading_layer, "_threading_layer_name", lambda: layer)
    inside, seen = [], []
    both = threading.Barrier(2)

    def work() -> None:
        with allow_parallel_loops():
            inside.append(1)
            with suppress(threading.BrokenBarrierError):
                both.wait(0.2)
            seen.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(seen) == most


def test_a_lock_that_was_held_at_the_fork_is_free_in_the_child() -> None:
    process = threading_layer._ThreadingState()
    held = process.lock
    with held:
        process.after_fork()
    assert process.lock is not held
    assert importlib.import_module(threading_layer.__name__) is threading_layer


LAYOUT = """
import sys
import numpy as np
from rainmer_analysis.sphere import SphereUMAP
rows = np.random.default_rng(0).normal(size=(24, 6))
np.save(sys.argv[1], SphereUMAP(n_neighbors=5, n_epochs=12).fit_transform(rows))
"""


def test_uncompiled_layouts_are_slower_and_the_same(tmp_path: Path) -> None:
    place = tmp_path / "uncompiled.npy"
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", LAYOUT, str(place)]
    subprocess.run(command, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True)
    rows = np.random.default_rng(0).normal(size=(24, 6))
    assert not numba.config.DISABLE_JIT  # or two uncompiled layouts would be compared
    here = SphereUMAP(n_neighbors=5, n_epochs=12).fit_transform(rows)
    # compiled sums may be added in another order
    np.testing.assert_allclose(here, np.load(place), rtol=0, atol=1e-3)
