"""Faults of our own files and of strangers': flipped bits, missing parts, weights."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from benchmarks.faults.harness import Row, make_images
from rainmer_analysis.auditing import Fingerprints, fingerprints, read_fingerprints
from rainmer_analysis.errors import FileFormatError, RainmerAnalysisError, WeightsError
from rainmer_analysis.model.airnet import AirNetConfig, AirNetEncoder
from rainmer_analysis.model.checkpoint import Checkpoint, load_weights, save_weights
from rainmer_analysis.recipes.audit import Audit, read_audit
from rainmer_analysis.scores import SCORES, read_sketch, relate, sketch, write_sketch
from rainmer_analysis.train.data import Pool, Sample, build_pool, open_pool
from rainmer_analysis.train.loop import load_checkpoint, save_checkpoint
from rainmer_analysis.values import (
    PROPERTIES,
    EmbeddingTable,
    PropertyTable,
    RelationshipMatrix,
    Rows,
    Space,
    SphereMap,
    TableStream,
    read,
    write,
    write_json,
)

_SIGNS = fingerprints._CHOSEN
_STORED = Path(__file__).parents[2] / "tests" / "values" / "stored"
_SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")


def table_of(
    count: int, *, dim: int = 32, datasets: int = 3, equal: bool = False
) -> EmbeddingTable:
    """Return a table of random unit vectors."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((1 if equal else count, dim)).repeat(count if equal else 1, 0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"{number % datasets}/{number}.png" for number in range(count)]
    frame = pd.DataFrame({"image_id": names, "group": names, "path": names})
    frame["dataset"] = [f"set {number % datasets}" for number in range(count)]
    return EmbeddingTable(vectors.astype(np.float32), Rows(frame), _SPACE, {"seed": 1})


def flipped_bits(place: Path, *, quick: bool) -> Row:
    """Flip one bit of each kind of file, again and again."""
    row = Row(
        "flipped bits in our own files",
        "one random bit of a table, map, table of properties, matrix (JSON, CSV), sketch, audit, "
        "list of fingerprints, file of weights, checkpoint of training, array and index of a pool",
    )
    table = table_of(60)
    points = table.vectors[:, :3] / np.linalg.norm(table.vectors[:, :3], axis=1, keepdims=True)
    matrix = RelationshipMatrix(
        np.array([[1.0, 0.25], [0.25, 1.0]]), ("a", "b"), "cosine", _SPACE, (3, 4), (3, 4)
    )
    made = place / "s.sketch"
    write_sketch(sketch(table), made, "r")
    files: dict[Path, Callable[[Path], Any]] = {
        write(table, place / "t.parquet"): read,
        write(SphereMap(points, table.rows, _SPACE), place / "m.parquet"): read,
        write(matrix, place / "m.json"): read,
        write(matrix, place / "m.csv"): read,
        made: read_sketch,
        **_other_files(place, table.rows),
    }
    rng, count = np.random.default_rng(1), 40 if quick else 300
    for path, reader in files.items():
        data = path.read_bytes()
        before = _content(reader(path))
        for _ in range(count):
            place_of_bit = int(rng.integers(len(data) * 8))
            damaged = bytearray(data)
            damaged[place_of_bit // 8] ^= 1 << (place_of_bit % 8)
            path.write_bytes(damaged)
            try:
                good = _content(reader(path)) == before
            except RainmerAnalysisError as error:
                good = str(path.parent) in str(error)
            except Exception as error:
                good = False
                row.broken.append(f"{type(error).__name__}: {error}")
            row.check(good, f"{path.name}: bit {place_of_bit} was read")
        path.write_bytes(data)
    return row


def _other_files(place: Path, rows: Rows) -> dict[Path, Callable[[Path], Any]]:
    """Write what is neither table, map nor matrix, each with its reader."""
    numbers = np.random.default_rng(0).random((len(rows), len(PROPERTIES)))
    properties = write(PropertyTable(numbers, rows, {"seed": 1}), place / "p.parquet")
    audit = write_json(place / "audit.json", Audit({"a": {"images": 2}}, (), (), "r").document())
    bits = np.resize(np.arange(48, dtype=np.uint8), (2, _SIGNS // 8))
    told = Fingerprints("set", ("a", "b"), ("1" * 64, "2" * 64), bits, ("", ""), bits * 0)
    known = write_json(place / "fingerprints.json", told.document())
    weights, run = place / "w.safetensors", place / "run"
    torch.manual_seed(0)
    network = AirNetEncoder(AirNetConfig(width=8, out=16))
    save_weights(network, weights, kind="airnet", metadata={})
    run.mkdir()
    save_checkpoint(run, {"version": 2, "step": 3, "weights": torch.arange(500.0)})
    sizes = {"degraded": 16, "clean": 16, "degraded_native": 8, "clean_native": 8}
    images = {name: np.full((3, side, side), 7, np.uint8) for name, side in sizes.items()}
    build_pool([Sample("a", "s", **images)], place / "pool", count=1, digest="d")
    return {
        properties: read,
        audit: read_audit,
        known: read_fingerprints,
        weights: load_weights,
        run / "checkpoint.pt": lambda path: load_checkpoint(path.parent),
        place / "pool" / "degraded.npy": lambda path: open_pool(path.parent),
        place / "pool" / "pool.json": lambda path: open_pool(path.parent),
    }


def _content(value: Any) -> object:
    if isinstance(value, EmbeddingTable | SphereMap):
        made = value.made if isinstance(value, EmbeddingTable) else value.parameters
        return value.content_sha256, value.rows.frame.to_json(), repr(sorted(dict(made).items()))
    if isinstance(value, PropertyTable):
        return value.values.tobytes(), value.rows.frame.to_json(), repr(sorted(value.made.items()))
    if isinstance(value, Audit | Fingerprints):
        return value.document()
    if isinstance(value, Pool):
        return (
            value.digest,
            value.datasets,
            value.scene_of_each_row,
            *(np.asarray(getattr(value, name)).tobytes() for name in ("degraded", "clean_native")),
        )
    if isinstance(value, Checkpoint | dict):
        state = value if isinstance(value, dict) else value.state
        return [(name, torch.as_tensor(each).numpy().tobytes()) for name, each in state.items()]
    if isinstance(value, RelationshipMatrix):
        return value.values.tobytes(), value.datasets, value.score, value.counts, value.space
    return [(name, sums.total.tobytes(), sums.count) for name, sums in value.datasets.items()]


def bad_parquet(place: Path, *, quick: bool) -> Row:
    """Read damaged tables, in processes of their own so that a signal is seen."""
    row = Row(
        "bad Parquet as input",
        "empty, cut at every 50th byte, bit flips, bytes overwritten, part missing, of other "
        "width, of another encoder's weights",
    )
    path = write(table_of(60), place / "t.parquet")
    data, before = path.read_bytes(), TableStream(path).content_sha256
    rng = np.random.default_rng(2)
    cases = [data[:length] for length in range(0, len(data), 400 if quick else 50)]
    for _ in range(40 if quick else 1000):
        damaged = bytearray(data)
        at = int(rng.integers(len(data)))
        damaged[at] ^= 1 << int(rng.integers(8))
        cases.append(bytes(damaged))
    for _ in range(20 if quick else 200):
        damaged = bytearray(data)
        at = int(rng.integers(len(data) - 16))
        damaged[at : at + 16] = rng.bytes(16)
        cases.append(bytes(damaged))
    for number, good in enumerate(_in_forks(cases, place / "case.parquet", before)):
        row.check(good, f"case {number}")
    folder = place / "parts"
    for number in range(3):
        write(table_of(5 + number, datasets=1), folder / f"part-0000{number}-of-00003.parquet")
    (folder / "part-00001-of-00003.parquet").unlink()
    row.check(_refused(lambda: read(folder), "part-00001-of-00003"), "missing part, read")
    row.check(_refused(lambda: TableStream(folder), "part-00001"), "missing part, streamed")
    write(table_of(6, dim=8), place / "wide" / "b.parquet")
    write(table_of(5), place / "wide" / "a.parquet")
    row.check(_refused(lambda: read(place / "wide"), "dimensions"), "other width, read")
    strange = EmbeddingTable(
        table_of(6).vectors, table_of(6).rows, replace(_SPACE, weights_sha256="cd" * 32)
    )
    write(strange, place / "strange" / "b.parquet")
    write(table_of(5), place / "strange" / "a.parquet")
    row.check(_refused(lambda: read(place / "strange"), "cd" * 3), "other weights, read")
    row.check(_refused(lambda: TableStream(place / "strange"), "cd" * 3), "other weights, streamed")
    streamed = TableStream(place / "wide")
    row.check(_refused(lambda: list(streamed.batches()), "dimensions"), "other width, streamed")
    return row


def _streams(path: Path, before: str) -> bool:
    try:
        return TableStream(path).content_sha256 == before
    except FileFormatError:
        return True


def _refused(work: Callable[[], object], words: str) -> bool:
    try:
        work()
    except RainmerAnalysisError as error:
        return words in str(error)
    return False


def _in_forks(cases: list[bytes], path: Path, before: str) -> Iterator[bool]:
    """Read each case in a fork, many in one: a signal ends the fork, and its case is not good."""
    at = 0
    while at < len(cases):
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                for case in cases[at : at + 100]:
                    path.write_bytes(case)
                    os.write(writer, b"1" if _streams(path, before) else b"0")
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as told:
            found = told.read()
        os.waitpid(process, 0)
        yield from (each == ord("1") for each in found)
        if len(found) < len(cases[at : at + 100]):  # the next one has ended the fork
            yield False
            at += 1
        at += len(found)


def other_versions(place: Path, *, quick: bool) -> Row:
    """Read files of earlier releases, and refuse those of later ones."""
    row = Row(
        "older and newer files",
        "files that an earlier release has written; without checksums; with the version raised",
    )
    for path in sorted(_STORED.iterdir()):
        row.check(_refused(lambda: read(path), "") is False, f"{path.name} of an earlier release")  # noqa: B023
    table = table_of(20)
    path = write(table, place / "t.parquet")
    old = place / "old.parquet"
    pq.write_table(pq.read_table(path), old)
    row.check(_content(read(old)) == _content(read(path)), "old table")
    whole = pq.read_table(path)
    stated = json.loads(whole.schema.metadata[b"rainmer_analysis"]) | {"version": 7}
    newer = whole.replace_schema_metadata({b"rainmer_analysis": json.dumps(stated).encode()})
    pq.write_table(newer, place / "newer.parquet")
    row.check(_refused(lambda: read(place / "newer.parquet"), "format version 7"), "newer table")
    matrix = write(
        RelationshipMatrix(np.eye(2), ("a", "b"), "cosine", _SPACE, (3, 4), (3, 4)),
        place / "m.json",
    )
    document = json.loads(matrix.read_text(encoding="utf-8"))
    del document["checksum"]
    matrix.write_text(json.dumps(document), encoding="utf-8")
    row.check(isinstance(read(matrix), RelationshipMatrix), "old matrix")
    matrix.write_text(json.dumps(document | {"version": 9}), encoding="utf-8")
    row.check(_refused(lambda: read(matrix), "up to 1"), "newer matrix")
    return row


class _Evil:
    """Runs a command where pickles may."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self._canary}'",)


def weights(place: Path, *, quick: bool) -> Row:
    """Load files that are no weights, or not the right ones, or not whole."""
    row = Row(
        "wrong, malformed and malicious weight files",
        "HTML, LFS, cut, renamed key, other architecture, NaN, sparse 60 GB, zip bomb, 100,000 "
        "entries, deep JSON, os.system in pickles (REDUCE, BUILD), tar, TorchScript, FIFO, fp16; "
        "calls that start programs are watched; pages before torch is imported",
    )
    torch.manual_seed(0)
    whole = place / "w.safetensors"
    module = AirNetEncoder(AirNetConfig(width=8, out=16))
    save_weights(module, whole, kind="airnet", metadata={})
    data, canary = whole.read_bytes(), place / "canary"
    state = module.state_dict()
    name = next(iter(state))
    length = int.from_bytes(data[:8], "little")
    at = 8 + length + 40
    many = {f"t{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(100_000)}
    deep = b'{"__metadata__":{"rainmer_analysis":"' + b"[" * 200_000 + b'"}}'
    files: dict[str, bytes | Callable[[Path], object]] = {
        "html": b"<!doctype html><html>not found</html>",
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
        "empty": b"", "cut": data[: len(data) // 2], "cut by one": data[:-1], "header": data[:9],
        "longer": data + b"x" * 64, "huge header": (1 << 62).to_bytes(8, "little") + data[8:],
        "flipped": data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :],
        "many": _safe(json.dumps(many).encode()), "deep": _safe(deep), "list": _safe(b"{}[]"),
        "renamed": lambda path: torch.save({f"x{k}": v for k, v in state.items()}, path),
        "nan": lambda path: torch.save(state | {name: state[name] * float("nan")}, path),
        "lacks": lambda path: torch.save({k: v for k, v in state.items() if k != name}, path),
        "evil": lambda path: torch.save({"state_dict": _Evil(canary)}, path),
        "evil legacy": lambda path: torch.save(
            {"a": _Evil(canary)}, path, _use_new_zipfile_serialization=False
        ),
        "evil pickle": lambda path: path.write_bytes(pickle.dumps(_Evil(canary))),
        "evil state": lambda path: torch.save({"a": _EvilState(canary)}, path),
        "evil tar": lambda path: _tar(path, pickle.dumps(_Evil(canary))),
        "other network": lambda path: torch.save(torch.nn.Linear(3, 2).state_dict(), path),
        "script": _script,
        "bomb": _bomb, "sparse": _sparse, "pipe": os.mkfifo,
    }  # fmt: skip
    for kind, content in files.items():
        path = place / f"{kind}.pth"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content(path)
        start = time.process_time()
        with _programs_started() as started:
            told = _told_of_weights(path)
        took = time.process_time() - start
        good = not told and not canary.exists() and not started
        row.check(good and took < 1, f"{kind}: {told} {started} ({took:.1f} s)")
        path.unlink()
    half = place / "half.pth"
    halved = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    torch.save(halved, half)
    row.check(load_weights(half).kind == "airnet", "fp16 of the right schema")
    _pages_for_weights(row, place, files)
    return row


def _told_of_weights(path: Path) -> str:
    """Return what is wrong with how weights are refused."""
    try:
        load_weights(path)
    except WeightsError as error:
        return "" if str(path) in str(error) else f"no path: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "it was loaded"


@contextlib.contextmanager
def _programs_started() -> Iterator[list[str]]:
    """Return what starts programs meanwhile, by the interpreter's own audit of its calls."""
    _STARTED.clear()
    if not _WATCHED:
        sys.addaudithook(_note_program)  # it cannot be removed again
        _WATCHED.append(True)
    yield _STARTED


_STARTED: list[str] = []
_WATCHED: list[bool] = []


def _note_program(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen")):
        _STARTED.append(event)


def _pages_for_weights(row: Row, place: Path, files: Mapping[str, object]) -> None:
    """Give the command what is no file of tensors; torch is not imported for that."""
    make_images(place / "images", 1)
    for kind in ("html", "lfs", "empty"):
        path = place / f"{kind}.pth"
        path.write_bytes(files[kind])  # type: ignore[arg-type]
        asked = ["extract", f"a={place / 'images'}", "--weights", str(path)]
        program = (
            "import sys\nfrom rainmer_analysis.cli.main import main\n"
            f"try: main({[*asked, '--out', str(place / 'none')]!r})\n"
            "finally: print('torch', 'torch' in sys.modules)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
        told = ended.returncode == 1 and str(path) in ended.stderr
        good = told and "torch False" in ended.stdout and not (place / "none").exists()
        row.check(good, f"{kind}: {ended.returncode} {ended.stdout} {ended.stderr[-300:]}")


class _EvilState:
    """Has a state whose setting would run a command, by pickle's BUILD."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return _EvilState, (self._canary,), {"_canary": _Evil(self._canary)}


def _tar(path: Path, data: bytes) -> None:
    """Write an archive as torch did before its zip files."""
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "tensors", "storages"):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def _safe(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


def _script(path: Path) -> None:
    traced = torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(2))
    torch.jit.save(traced, str(path))


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(_safe(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'))
        file.truncate(60 << 30)


def _bomb(path: Path) -> None:
    """Write zeros that unpack to a thousand times their size, as a checkpoint."""
    torch.save({"a": torch.zeros(1 << 22)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def degenerate(place: Path, *, quick: bool) -> Row:
    """Relate tables that carry little or no information."""
    row = Row(
        "degenerate data",
        "one image, all equal, one against many, two of each, with intervals, by every score; one "
        "against 100,000; a row of NaN; a table without rows",
    )
    tables = {
        "one image": table_of(1, datasets=1), "all equal": table_of(12, equal=True),
        "two of each": table_of(6), "one against many": _one_against(40),
    }  # fmt: skip
    scores = list(SCORES)[:3] if quick else list(SCORES)
    for name, table in tables.items():
        for score in scores:
            try:
                made = relate(table, score=score, resamples=20 if score == "cosine" else 0)
                text = write(made, place / "m.json", overwrite=True).read_text()
                good = not any(word in text for word in ("NaN", "Infinity"))
                json.loads(text, parse_constant=lambda word: 1 / 0)  # noqa: ARG005
                told = ""
            except RainmerAnalysisError as error:
                good, told = len(str(error)) > 20, str(error)
            except Exception as error:
                good, told = False, f"{type(error).__name__}: {error}"
            row.check(good, f"{score} of {name}: {told}")
    many = write(_one_against(1_000 if quick else 100_001), place / "many.parquet")
    text = write(relate(TableStream(many)), place / "many.json").read_text()
    row.check("NaN" not in text and "Infinity" not in text, "one against 100,000")
    for name, change in (("NaN", _with_a_nan), ("no rows", lambda each: each.slice(0, 0))):
        path = place / f"{name}.parquet"
        pq.write_table(
            change(pq.read_table(write(table_of(6), place / f"{name}-whole.parquet"))), path
        )
        row.check(_refused(lambda: relate(read(path)), ""), f"{name} is related")  # type: ignore[arg-type]  # noqa: B023
    return row


def _with_a_nan(table: pa.Table) -> pa.Table:
    """Return a table of which one vector holds NaN, without checksums, as another program may."""
    rows = table.column("embedding").to_pylist()
    rows[2] = [float("nan"), *rows[2][1:]]
    at = table.schema.get_field_index("embedding")
    changed = pa.array(rows, table.schema.field(at).type)
    stated = {
        key: told
        for key, told in table.schema.metadata.items()
        if key != b"rainmer_analysis.checksums"
    }
    return table.set_column(at, table.schema.field(at), changed).replace_schema_metadata(stated)


def _one_against(count: int) -> EmbeddingTable:
    table = table_of(count, datasets=1)
    frame = table.rows.frame
    frame.loc[0, "dataset"] = "alone"
    return EmbeddingTable(table.vectors, Rows(frame), _SPACE)
