"""A coverage-guided fuzz run of the readers of manifests, matrices, documents and weights' headers.

::

    python -m pip install --target build/fuzz atheris
    PYTHONPATH=build/fuzz python -m benchmarks.faults.fuzz [--seconds 600]

Whatever bytes come, a reader gives a value or an error of this package; anything else ends the run
with the bytes that did it. Atheris is in no list of requirements: it is installed for this run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["rainmer_analysis.values", "rainmer_analysis.images"]):
    from rainmer_analysis.errors import RainmerAnalysisError
    from rainmer_analysis.images.datasets.read_manifests import read_manifest
    from rainmer_analysis.values.disk import finish_interrupted_commit
    from rainmer_analysis.values.matrix_files import matrix_from_csv, matrix_from_json
    from rainmer_analysis.values.parquet.format.part_files import part_files_of
from rainmer_analysis.model.checkpoint_safety import checked_safetensors_header

_SEEDS = (
    b"0" + b'[[dataset]]\nname = "a"\nimages = ["x.png"]\n',
    b'1{"kind": "matrix", "version": 1, "datasets": ["a"], "values": [[1.0]], "counts": [1]}',
    b"2,a,b\na,1,0.5\nb,0.5,1\n",
    b'3{"kind": "commit", "staged": "s", "put": [], "remove": []}',
    b'4{"kind": "parts", "version": 1, "parts": {"a.parquet": "0"}}',
    b"5\x02\0\0\0\0\0\0\0{}",
)


def main() -> None:
    """Fuzz for some seconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--out", default=".", help="folder for bytes that end the run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        place = Path(name)
        corpus = place / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(_SEEDS):
            (corpus / str(number)).write_bytes(seed)
        readers = _readers(place)

        def strike(data: bytes) -> None:
            if not data:
                return
            path, reader = readers[data[0] % len(readers)]
            path.write_bytes(data[1:])
            with suppress(RainmerAnalysisError):
                reader()

        limits = [f"-max_total_time={given.seconds}", "-max_len=4096", "-print_final_stats=1"]
        limits.append(f"-artifact_prefix={given.out}/")
        atheris.Setup([sys.argv[0], *limits, str(corpus)], strike)
        atheris.Fuzz()


def _readers(place: Path) -> list[tuple[Path, Callable[[], object]]]:
    (place / "parts").mkdir()
    (place / "parts" / "a.parquet").write_bytes(b"")
    manifest, matrix, table = place / "m.toml", place / "m.json", place / "m.csv"
    header = place / "w.safetensors"
    return [
        (manifest, lambda: read_manifest(manifest)),
        (matrix, lambda: matrix_from_json(matrix)),
        (table, lambda: matrix_from_csv(table)),
        (place / ".commit.json", lambda: finish_interrupted_commit(place)),
        (place / "parts" / "_parts.json", lambda: part_files_of(place / "parts")),
        (header, lambda: checked_safetensors_header(header, header.read_bytes())),
    ]


if __name__ == "__main__":
    main()
