"""Changes planted in pictures and in their inputs, and how many of them ``verify`` finds.

``python -m benchmarks.pictures [--count 50] [--first 0] [--out FILE.json]`` draws so many pictures
of seeded tables (maps, matrices, intervals and figure 3 as PNG, PDF and SVG), verifies each
untouched, plants one change in each, and prints how many changes were found and how many untouched
pictures were held to be wrong.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import rainmer_analysis.values.pictures.pdf_record as pdf_record
import rainmer_analysis.values.pictures.png_record as png_record
import rainmer_analysis.values.pictures.svg_record as svg_record
from rainmer_analysis.draw import maps_and_matrices_figure, plot_intervals, plot_map, plot_matrix
from rainmer_analysis.recipes.verify import verify
from rainmer_analysis.scores import relate
from rainmer_analysis.values import (
    EmbeddingTable,
    RelationshipMatrix,
    Rows,
    Space,
    SphereMap,
    picture_sha256,
    read,
    with_checksum,
    write,
)

VIEWS = ("chromatic", "degradation")
DATASETS = ("day", "night", "snow")
SUFFIXES = (".png", ".pdf", ".svg")
KINDS = ("map", "matrix", "intervals", "figure3")
_FORMATS: dict[str, Any] = {".png": png_record, ".pdf": pdf_record, ".svg": svg_record}
_IMAGES = 24


def make_inputs(folder: Path, seed: int, *, weights: str = "ab" * 32, layout: int = 42) -> None:
    """Write a table, a map and a matrix of two spaces."""
    rng = np.random.default_rng(seed)
    names = np.repeat(DATASETS, _IMAGES)
    ids = [f"{name}/{index:03}.png" for index, name in enumerate(names)]
    shas = [f"{rng.integers(1 << 62):064x}" for _ in ids]
    rows = Rows(pd.DataFrame({"image_id": ids, "dataset": names, "group": ids, "sha256": shas}))
    for view in VIEWS:
        middles = np.repeat(rng.normal(size=(len(DATASETS), 16)), _IMAGES, axis=0)
        vectors = _unit(middles + rng.normal(size=middles.shape))
        table = EmbeddingTable(
            vectors.astype(np.float32),
            rows,
            Space("rainmer", view, weights, "bilinear-128", "exact"),
        )
        write_results(table, folder, layout=layout)


def write_results(table: EmbeddingTable, folder: Path, *, layout: int) -> None:
    """Write a table, and a map and a matrix of it with this seed."""
    turn = np.random.default_rng(layout).normal(size=(table.dim, 3))
    options = {"engine": "linear", "seed": layout, "table": table.content_sha256}
    points = _unit(table.vectors @ turn).astype(np.float32)
    name = table.space.stem
    write(table, folder / f"table-{name}.parquet", overwrite=True)
    made = SphereMap(points, table.rows, table.space, options, {"trustworthiness": 0.9})
    write(made, folder / f"map-{name}.parquet", overwrite=True)
    write(relate(table, resamples=40, seed=layout), folder / f"m-{name}.json", overwrite=True)


def draw_picture(folder: Path, kind: str, suffix: str) -> Path:
    """Draw a picture of the inputs in a folder."""
    maps = [_read(folder / f"map-rainmer-{view}.parquet", SphereMap) for view in VIEWS]
    matrices = [_read(folder / f"m-rainmer-{view}.json", RelationshipMatrix) for view in VIEWS]
    drawing = {
        "map": lambda: plot_map(maps),
        "matrix": lambda: plot_matrix(matrices),
        "intervals": lambda: plot_intervals(matrices, title="pairs"),
        "figure3": lambda: maps_and_matrices_figure(maps, matrices, number=3, title="All in one"),
    }[kind]()
    return drawing.save(folder / f"{kind}{suffix}", overwrite=True)


def plant_digit(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Change one digit of the numbers in the record."""
    text, drawn = _parts(picture)
    digits = [i for i in range(text.index('"numbers"'), len(text) - 90) if text[i].isdigit()]
    place = int(rng.choice(digits))
    other = str((int(text[place]) + 1 + int(rng.integers(9))) % 10)
    _put(picture, text[:place] + other + text[place + 1 :], drawn)


def plant_restamped(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Change a number of the record, and make its digest anew."""
    text, drawn = _parts(picture)
    document = json.loads(text)
    numbers = document["numbers"]
    if "matrices" in numbers:
        row, column = (int(i) for i in rng.integers(len(DATASETS), size=2))
        numbers["matrices"][0]["values"][row][column] += 0.01
        numbers["matrices"][0]["symmetric"] = False
    else:
        numbers["maps"][0]["points_sha256"] = f"{rng.integers(1 << 62):064x}"
    _put(picture, json.dumps(with_checksum(document)), drawn)


def plant_swap(picture: Path, folder: Path, rng: np.random.Generator) -> None:
    """Put another drawing into the record's place."""
    text, _ = _parts(picture)
    _put(picture, text, _other_drawing(picture, folder, rng))


def plant_swap_restamped(picture: Path, folder: Path, rng: np.random.Generator) -> None:
    """Put another drawing there and make the record's digests anew."""
    text, _ = _parts(picture)
    other = _other_drawing(picture, folder, rng)
    document = json.loads(text) | {"picture_sha256": picture_sha256(other)}
    _put(picture, json.dumps(with_checksum(document)), other)


def plant_pixel(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Change one pixel, one digit or one byte of the drawing."""
    text, drawn = _parts(picture)
    changed = bytearray(drawn)
    if picture.suffix == ".svg":
        places = [i for i in range(drawn.index(b"</text>") - 8, len(drawn)) if 48 <= drawn[i] < 57]
        place = int(rng.choice(places))
        changed[place] += 1
    elif picture.suffix == ".pdf":
        place = int(rng.integers(200, len(drawn) - 2048))
        changed[place] ^= 1
    else:
        changed = bytearray(_with_other_pixel(drawn, rng))
    _put(picture, text, bytes(changed))


def plant_vector(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Change one vector of every table."""
    for path in folder.glob("table-*.parquet"):
        table = _read(path, EmbeddingTable)
        vectors = table.vectors.copy()
        vectors[int(rng.integers(len(table)))] = _unit(rng.normal(size=(1, table.dim)))
        write(EmbeddingTable(vectors, table.rows, table.space), path, overwrite=True)


def plant_label(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Move one image of every table and map to another dataset."""
    place = int(rng.integers(_IMAGES))
    for path in sorted(folder.glob("*.parquet")):
        value = read(path)
        frame = value.rows.frame
        frame.loc[place, "dataset"] = DATASETS[1]
        if isinstance(value, EmbeddingTable):
            changed: Any = EmbeddingTable(value.vectors, Rows(frame), value.space)
        else:
            changed = SphereMap(
                value.points, Rows(frame), value.space, value.parameters, value.fidelity
            )
        write(changed, path, overwrite=True)


def plant_result(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Change one score of every matrix file and one coordinate of every map file."""
    for path in folder.glob("m-*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        place = int(rng.integers(len(DATASETS)))
        document["values"][place][place] -= 0.01
        path.write_text(json.dumps(with_checksum(document)), encoding="utf-8")
    for path in folder.glob("map-*.parquet"):
        value = _read(path, SphereMap)
        points = value.points.copy()
        points[int(rng.integers(len(value)))] = _unit(rng.normal(size=(1, 3)))
        made = SphereMap(points, value.rows, value.space, value.parameters, value.fidelity)
        write(made, path, overwrite=True)


def plant_weights(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Give every table other weights and make everything of it anew."""
    for path in sorted(folder.glob("table-*.parquet")):
        table = _read(path, EmbeddingTable)
        space = Space("rainmer", table.space.view, f"{rng.integers(1 << 62):064x}", *_HOW)
        write_results(EmbeddingTable(table.vectors, table.rows, space), folder, layout=42)


def plant_seed(picture: Path, folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001
    """Make maps and matrices of the same tables with another seed."""
    for path in sorted(folder.glob("table-*.parquet")):
        write_results(_read(path, EmbeddingTable), folder, layout=int(rng.integers(1000)))


_HOW = ("bilinear-128", "exact")
PLANTS: dict[str, tuple[Callable[[Path, Path, np.random.Generator], None], ...]] = {
    "numbers": (plant_digit, plant_restamped),
    "picture swapped": (plant_swap, plant_swap_restamped, plant_pixel),
    "inputs": (plant_vector, plant_label, plant_result),
    "weights": (plant_weights,),
    "seed": (plant_seed,),
}


def run(count: int, folder: Path, *, first: int = 0) -> dict[str, Any]:
    """Draw, verify, plant and verify again, `count` times from case `first` on."""
    listed = [(kind, plant) for kind, plants in PLANTS.items() for plant in plants]
    found: collections.Counter[str] = collections.Counter()
    planted: collections.Counter[str] = collections.Counter()
    wrong, missed, seconds = [], [], []
    for number in range(first, first + count):
        kind, plant = listed[number % len(listed)]
        # ten plants, four kinds of pictures and three formats meet in turn
        what = KINDS[(number + number // len(listed)) % len(KINDS)]
        suffix = SUFFIXES[(number // 2) % len(SUFFIXES)]
        place = folder / f"case-{number:02}"
        make_inputs(place, seed=number)
        picture = draw_picture(place, what, suffix)
        start = process_time()
        if not verify(picture, place).agrees:
            wrong.append(f"{what}{suffix}")
        seconds.append(process_time() - start)
        plant(picture, place, np.random.default_rng(number))
        planted[kind] += 1
        if verify(picture, place).agrees:
            missed.append(f"{plant.__name__} in {what}{suffix}")
        else:
            found[kind] += 1
        shutil.rmtree(place)
    return {
        "planted": dict(planted),
        "found": dict(found),
        "missed": missed,
        "untouched": count,
        "held to be wrong": wrong,
        "median seconds of processor time": round(float(np.median(seconds)), 2),
    }


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(given.count, Path(folder), first=given.first)
    print(f"found {sum(result['found'].values())} of {sum(result['planted'].values())} changes:")
    for kind, number in result["planted"].items():
        print(f"  {kind:16} {result['found'].get(kind, 0)} of {number}")
    wrong = len(result["held to be wrong"])
    print(f"held to be wrong: {wrong} of {result['untouched']} untouched pictures")
    print(f"processor time of one: {result['median seconds of processor time']} s")
    for each in (*result["missed"], *result["held to be wrong"]):
        print(f"  wrong answer: {each}")
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _read(path: Path, kind: Any) -> Any:
    value = read(path)
    assert isinstance(value, kind)
    return value


def _parts(picture: Path) -> tuple[str, bytes]:
    text, drawn = _FORMATS[picture.suffix].split_record(picture.read_bytes())
    assert text is not None
    return text.decode(), drawn


def _put(picture: Path, text: str, drawn: bytes) -> None:
    picture.write_bytes(_FORMATS[picture.suffix].insert_record(drawn, text))


def _other_drawing(picture: Path, folder: Path, rng: np.random.Generator) -> bytes:
    place = folder / "other"
    make_inputs(place, seed=int(rng.integers(1 << 30)))
    other = draw_picture(place, picture.stem, picture.suffix)
    drawn = _parts(other)[1]
    shutil.rmtree(place)
    return drawn


def _with_other_pixel(drawn: bytes, rng: np.random.Generator) -> bytes:
    with Image.open(io.BytesIO(drawn)) as image:
        pixels = np.asarray(image.convert("RGBA")).copy()
    row, column = int(rng.integers(pixels.shape[0])), int(rng.integers(pixels.shape[1]))
    pixels[row, column, 0] ^= 1
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
