"""What a caller has set does not move exact vectors, and kernels only save time."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from rainmer_analysis.errors import ParameterError
from rainmer_analysis.infer import load_encoder
from rainmer_analysis.infer.encoders.encoder_contract import encoder_spaces
from rainmer_analysis.infer.execution.network_arithmetic import arithmetic_context, arithmetic_name
from rainmer_analysis.kernels.kernel_switch import kernels_wanted
from tests.forked import ForkedPythons

IMAGES = np.random.default_rng(0).random((2, 3, 24, 40)).astype(np.float32)
CPU = torch.device("cpu")

ENCODE = """
import sys, numpy as np
from rainmer_analysis.infer import load_encoder
images = np.random.default_rng(0).random((2, 3, 24, 40)).astype(np.float32)
found = {}
for name in sys.argv[2:]:
    for view, rows in load_encoder(name, device="cpu").encode(images).items():
        found[f"{name}/{view}"] = rows
np.savez(sys.argv[1], **found)
"""


@contextmanager
def autocast() -> Iterator[None]:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield


@contextmanager
def medium_products() -> Iterator[None]:
    torch.set_float32_matmul_precision("medium")
    try:
        yield
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


@contextmanager
def rounded_convolutions() -> Iterator[None]:
    before = torch.backends.mkldnn.conv.fp32_precision
    torch.backends.mkldnn.conv.fp32_precision = "bf16"
    try:
        yield
        assert torch.backends.mkldnn.conv.fp32_precision == "bf16"
    finally:
        torch.backends.mkldnn.conv.fp32_precision = before


@contextmanager
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    try:
        yield
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def another_device() -> Iterator[None]:
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    "setting", [autocast, medium_products, rounded_convolutions, doubles, another_device]
)
@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_exact_vectors_do_not_move_with_a_callers_settings(
    monkeypatch: pytest.MonkeyPatch, setting, kernels: str
) -> None:
    monkeypatch.setenv("RAINMER_KERNELS", kernels)
    encoder = load_encoder("untrained:0", device="cpu")
    expected = encoder.encode(IMAGES)
    with setting():
        found = encoder.encode(IMAGES), load_encoder("untrained:0", device="cpu").encode(IMAGES)
    for view, rows in expected.items():
        for each in found:
            np.testing.assert_array_equal(each[view], rows)


def test_settings_of_the_process_come_back_after_threads() -> None:
    def compute(number: int) -> str:
        with arithmetic_context(CPU, "exact"):
            torch.ones(4, 4) @ torch.ones(4, 4)
            return torch.backends.mkldnn.matmul.fp32_precision

    with rounded_convolutions(), medium_products(), ThreadPoolExecutor(4) as pool:
        assert set(pool.map(compute, range(50))) == {"ieee"}
        assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"


def demand_vectors_of_here(place: Path, names: list[str]) -> None:
    with np.load(place) as found:
        for name in names:
            for view, rows in load_encoder(name, device="cpu").encode(IMAGES).items():
                np.testing.assert_allclose(found[f"{name}/{view}"], rows, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "setting",
    [{"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}],
    ids=lambda setting: ",".join(setting),
)
def test_other_processors_give_the_same_vectors(tmp_path: Path, setting: dict[str, str]) -> None:
    place = tmp_path / "vectors.npz"
    told = os.environ | setting  # numba keeps what it compiles by processor, as for this one
    # what has to be compiled takes its time, and both networks share their kernels
    names = ["untrained:0"] if "NUMBA_CPU_NAME" in setting else ["untrained:0", "airnet"]
    subprocess.run([sys.executable, "-c", ENCODE, str(place), *names], env=told, check=True)
    demand_vectors_of_here(place, names)


def test_torch_gives_the_same_vectors(forked: ForkedPythons, tmp_path: Path) -> None:
    place, names = tmp_path / "vectors.npz", ["untrained:0", "airnet"]
    told = {"RAINMER_KERNELS": "torch"}
    assert forked.run("-c", ENCODE, str(place), *names, environment=told).code == 0
    demand_vectors_of_here(place, names)


def test_hosts_that_llvm_cannot_name(forked: ForkedPythons) -> None:
    code = (
        "import importlib\n"
        "from llvmlite import binding\n"
        "from numba import config\n"
        "config.CPU_NAME = config.CPU_FEATURES = None\n"  # so that the host is asked
        "config.ENABLE_AVX = True\n"
        "asked = []\n"
        "def unknown():\n    asked.append(1)\n    raise RuntimeError('LLVM cannot tell')\n"
        "binding.get_host_cpu_features = unknown\n"
        "from rainmer_analysis.kernels import simd_vectors\n"
        "simd_vectors.BFLOAT16 = None\n"
        "importlib.reload(simd_vectors)\n"
        "print(bool(asked), simd_vectors.BFLOAT16, simd_vectors.WIDE)\n"
    )
    ended = forked.run("-c", code)
    assert (ended.code, ended.out) == (0, "True False False\n")


def test_the_variable_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, wanted in (("", True), ("numba", True), ("torch", False)):
        monkeypatch.setenv("RAINMER_KERNELS", text)
        assert kernels_wanted() is wanted
    monkeypatch.setenv("RAINMER_KERNELS", "cuda")
    with pytest.raises(ParameterError, match="RAINMER_KERNELS is 'cuda'; set it to numba or torch"):
        load_encoder("untrained:0", device="cpu")


def test_fast_spaces_name_their_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    def space(precision: str) -> str:
        encoder = load_encoder("untrained:0", device="cpu", precision=precision)
        assert encoder.precision == precision  # type: ignore[attr-defined]
        return encoder_spaces(encoder, rule="none")["chromatic"].precision

    assert space("exact") == "exact"
    assert space("fast") in ("fast-bf16", "fast-float32")
    monkeypatch.setenv("RAINMER_KERNELS", "torch")
    assert (space("exact"), space("fast")) == ("exact", "fast-torch")
    assert arithmetic_name(torch.device("cuda", 1), "fast") == "fast-cuda"
    assert arithmetic_name(torch.device("cuda"), "exact") == "exact"


@pytest.mark.parametrize("name", ["untrained:0", "airnet", "statistics"])
def test_encoders_can_be_pickled_and_copied(name: str) -> None:
    encoder = load_encoder(name, device="cpu")
    for twin in (pickle.loads(pickle.dumps(encoder)), copy.deepcopy(encoder)):
        assert (twin.name, twin.sha256) == (encoder.name, encoder.sha256)
        for view, rows in encoder.encode(IMAGES).items():
            np.testing.assert_array_equal(twin.encode(IMAGES)[view], rows)
