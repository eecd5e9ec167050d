"""Files that claim more than they hold, hold more than weights do, or are no files."""

from __future__ import annotations

import ast
import json
import os
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rainmer_analysis.errors import WeightsError
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.model.checkpoint import load_weights, save_weights
from rainmer_analysis.model.checkpoint_safety import refuse_unsafe_unpickler


def _safe(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


def _refused(path: Path, words: str) -> None:
    start = time.process_time()
    with pytest.raises(WeightsError, match=words) as told:
        load_weights(path)
    assert str(path) in str(told.value)
    assert time.process_time() - start < 1


def test_a_sparse_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with path.open("wb") as file:
        file.write(_safe(b"{}"))
        file.truncate(60 << 30)
    _refused(path, r"has 64,424,509,440 bytes, weights have at most")


def test_many_entries_and_deep_metadata_are_refused(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    many = {f"t{number}": entry for number in range(100_000)}
    (tmp_path / "many").write_bytes(_safe(json.dumps(many).encode()))
    _refused(tmp_path / "many", "names 100,000 tensors")
    deep = b'{"__metadata__":{"rainmer_analysis":"' + b"[" * 100_000 + b'"}}'
    for name, header in (("deep", deep), ("list", b"[]"), ("nest", b'{"a":' + b"[" * 100_000)):
        (tmp_path / name).write_bytes(_safe(header))
        _refused(tmp_path / name, "damaged or truncated|is neither a safetensors")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"a": torch.zeros(1 << 20)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    _refused(path, "claims .* bytes in a file of")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "zero.pth").symlink_to("/dev/zero")
    for name in ("pipe.pth", "zero.pth"):
        _refused(tmp_path / name, "is no regular file")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_weights_are_refused_or_the_same(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "w.safetensors"
    if not path.exists():
        torch.manual_seed(0)
        module = AirNetEncoder(AirNetConfig(width=8, out=16))
        save_weights(module, path, kind="airnet", metadata={})
    whole = bytearray(path.read_bytes())
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    head = int.from_bytes(whole[:8], "little") + 8
    if data.draw(st.booleans()):
        at %= head
    wanted = load_weights(path).sha256
    whole[at] ^= 1 << bit
    damaged = tmp_path / "d.safetensors"
    damaged.write_bytes(whole)
    try:
        found = load_weights(damaged)
    except WeightsError:
        return
    assert found.sha256 == wanted


def test_pickles_are_refused_where_torch_is_known_to_be_unsafe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = AirNetEncoder(AirNetConfig(width=4, out=8))
    torch.save(module.state_dict(), tmp_path / "w.pth")
    save_weights(module, tmp_path / "w.safetensors", kind="airnet", metadata={})
    for version in ("2.5.1", "2.9.1+cpu"):
        monkeypatch.setattr(torch, "__version__", version)
        _refused(tmp_path / "w.pth", "known not to read safely")
        assert load_weights(tmp_path / "w.safetensors").kind == "airnet"
    monkeypatch.setattr(torch, "__version__", "2.10.0a0+git1")
    assert load_weights(tmp_path / "w.pth").kind == "airnet"


def test_no_torch_that_is_known_to_be_unsafe_is_installed() -> None:
    root = Path(__file__).resolve().parents[2]
    wanted = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    (lowest,) = [
        each.partition(">=")[2]
        for each in wanted["project"]["dependencies"]
        if each.startswith("torch>=")
    ]
    refuse_unsafe_unpickler(root, lowest)


def test_nothing_weaker_than_the_restricted_unpickler_is_ever_called() -> None:
    root = Path(__file__).resolve().parents[2] / "rainmer_analysis"
    called = 0
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load"):
                options = {each.arg: ast.unparse(each.value) for each in node.keywords}
                called += 1
                if ast.unparse(node.func) == "torch.load":
                    assert options["weights_only"] == "True", path
                else:
                    assert options.get("allow_pickle", "False") == "False", path
            elif isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("eval", "exec", "os.system"), path
    assert called >= 3
