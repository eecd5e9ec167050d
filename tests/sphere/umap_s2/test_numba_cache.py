from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

import numba
import pytest

from rainmer_analysis.sphere.umap_s2.numba_cache import import_with_numba_cache

SOURCE = """
from rainmer_analysis.sphere.umap_s2.numba_cache import njit_cached

@njit_cached()
def twice(number):
    return 2 * number
"""


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module beside which no machine code can be kept, even by root."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "doubling.py").write_text(SOURCE)
    (folder / "__pycache__").write_text("a file stands where the folder would be")
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    return folder


def load(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("doubling", folder / "doubling.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_machine_code_goes_to_the_user_where_the_package_is_closed(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert load(closed).twice(21) == 42
    assert list((tmp_path / "cache").rglob("doubling.twice*.nbi"))


def test_works_where_no_machine_code_can_be_kept(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "no_folder"
    nowhere.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setenv("HOME", str(nowhere))
    module = load(closed)
    assert module.twice(21) == 42
    assert module.twice.stats.cache_path is None


def test_machine_code_lies_beside_the_source_where_it_can(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (closed / "__pycache__").unlink()
    assert load(closed).twice(21) == 42
    assert list((closed / "__pycache__").glob("doubling.twice*.nbi"))


def test_packages_that_insist_on_a_folder_get_a_temporary_one(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "no_folder"
    nowhere.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setenv("HOME", str(nowhere))
    (closed / "insisting.py").write_text(
        "import numba\n\n\n@numba.njit(cache=True)\ndef twice(number):\n    return 2 * number\n"
    )
    monkeypatch.syspath_prepend(str(closed))
    with pytest.raises(RuntimeError, match="cannot cache function"):
        importlib.import_module("insisting")
    module = import_with_numba_cache("insisting")
    assert module.twice(21) == 42
    assert list(Path(numba.config.CACHE_DIR).rglob("insisting.twice*.nbi"))


def test_other_faults_of_an_import_are_not_hidden(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (closed / "broken.py").write_text("raise RuntimeError('something else')")
    monkeypatch.syspath_prepend(str(closed))
    with pytest.raises(RuntimeError, match="something else"):
        import_with_numba_cache("broken")
