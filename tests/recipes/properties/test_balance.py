from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainmer_analysis.errors import (
    FileFormatError,
    OutputExistsError,
    ParameterError,
    SourceError,
    SpaceError,
)
from rainmer_analysis.images import load_image_set
from rainmer_analysis.images.datasets import read_manifest
from rainmer_analysis.recipes.properties import balance
from rainmer_analysis.values import EmbeddingTable, PropertyTable, Rows, Space, write


@pytest.fixture
def arrays(tmp_path: Path) -> tuple[Path, list[Path]]:
    rng = np.random.default_rng(0)
    drawn = {"own": rng.beta(2, 30, 2000), "x": rng.beta(2, 12, 500), "y": rng.beta(3, 15, 90)}
    for name, values in drawn.items():
        np.save(tmp_path / f"{name}.npy", values.astype(np.float32))
    return tmp_path / "own.npy", [tmp_path / "x.npy", tmp_path / "y.npy"]


def test_the_published_rule_gives_the_published_subset(shared: Path) -> None:
    place = shared / "measured"
    like = [place / f"{name}_density.npy" for name in ("SynRain", "GT-Rain")]
    found = balance(place / "GTAV-crop_density.npy", like, method="paper")
    assert [each.chosen for each in found.strata] == [439, 2842, 9040]
    assert len(found.rows) == len(set(found.rows.tolist())) == 12_321
    chosen = np.load(place / "GTAV-crop_density.npy")[found.rows]
    edges = np.append(np.arange(0, 0.401, 0.04), np.inf)
    published = [439, 2842, 6247, 2019, 632, 106, 9, 4, 2, 7, 14]
    assert np.histogram(chosen, edges)[0].tolist() == published
    assert [each.share for each in found.strata[:2]] == pytest.approx(
        [0.035704, 0.230672], abs=1e-6
    )
    optimal = balance(place / "GTAV-crop_density.npy", like, size=12_321)
    assert optimal.changes[0].wasserstein[1] < found.changes[0].wasserstein[1]


def test_the_rule_keeps_the_top_and_draws_shares_by_the_seed(
    arrays: tuple[Path, list[Path]],
) -> None:
    own = np.load(arrays[0])
    found, other = (balance(*arrays, method="paper", seed=seed) for seed in (42, 43))
    assert set(np.flatnonzero(own > np.float32(0.08))) <= set(found.rows.tolist())
    assert len(found.rows) == len(other.rows)
    assert set(found.rows.tolist()) != set(other.rows.tolist())
    assert found.rows.tolist() == balance(*arrays).rows.tolist()
    for each in found.strata:
        assert each.chosen / len(found.rows) == pytest.approx(each.share, abs=0.01)


def test_optimal_matching_beats_every_draw(arrays: tuple[Path, list[Path]]) -> None:
    found = balance(*arrays, size=150)
    (change,) = found.changes
    assert len(found.rows) == 150
    assert change.wasserstein[1] < 0.2 * change.wasserstein[0]
    assert change.ks[1] < change.ks[0]


def test_sets_to_be_like_weigh_alike(tmp_path: Path) -> None:
    np.save(tmp_path / "own.npy", np.repeat([0.1, 0.3], 100))
    np.save(tmp_path / "x.npy", np.full(1000, 0.1))
    np.save(tmp_path / "y.npy", np.full(10, 0.3))
    found = balance(tmp_path / "own.npy", [tmp_path / "x.npy", tmp_path / "y.npy"], size=40)
    assert (np.load(tmp_path / "own.npy")[found.rows] == 0.3).sum() == 20
    assert found.changes[0].wasserstein[1] == pytest.approx(0.0)


def test_a_manifest_of_images_is_a_source(table: PropertyTable, tmp_path: Path) -> None:
    parts = table.by_dataset()
    paths = {name: write(part, tmp_path / f"{name}.parquet") for name, part in parts.items()}
    found = balance(paths["a"], paths["b"], size=10, out=tmp_path / "sub" / "m.toml")
    assert found.undefined == 1
    images = load_image_set(tmp_path / "sub" / "m.toml")
    rows = parts["a"].rows.take(found.rows)
    assert images.rows.datasets == ("a-balance",)
    for name in ("path", "target"):
        assert sorted(images.rows.cells(name)) == sorted(rows.cells(name))
    scenes = dict(zip(rows.cells("path"), rows.cells("group"), strict=True))
    assert dict(zip(images.rows.cells("path"), images.rows.cells("group"), strict=True)) == scenes


def test_several_properties_are_matched_together(table: PropertyTable, tmp_path: Path) -> None:
    values = table.values.copy()
    values[:30, [0, 4]] = np.random.default_rng(5).random((30, 2))
    values[30:, [0, 4]] = 0.5 * np.random.default_rng(6).random((30, 2))
    moved = PropertyTable(values, table.rows).by_dataset()
    paths = {name: write(part, tmp_path / f"{name}.parquet") for name, part in moved.items()}
    found = balance(paths["a"], paths["b"], by=["density", "brightness"], size=8)
    assert len(found.rows) == 8
    for change in found.changes:
        assert change.wasserstein[1] < change.wasserstein[0]


def test_images_without_target_are_listed_apart(table: PropertyTable, tmp_path: Path) -> None:
    frame = table.rows.frame
    frame.loc[frame["image_id"].str.endswith(("0.png", "5.png")), "target"] = None
    path = write(PropertyTable(table.values, type(table.rows)(frame)), tmp_path / "p.parquet")
    found = balance(path, path, by="entropy", size=60, out=tmp_path / "m.toml")
    sets = {each.name: each for each in read_manifest(tmp_path / "m.toml")}
    assert list(sets) == ["a-balance", "a-balance-unpaired", "b-balance", "b-balance-unpaired"]
    assert sum(len(each.images) for each in sets.values()) == len(found.rows) == 60
    assert all(image.target is None for image in sets["a-balance-unpaired"].images)
    assert all(image.target for image in sets["a-balance"].images)


def test_rows_of_an_array_are_no_images(arrays: tuple[Path, list[Path]], tmp_path: Path) -> None:
    out = tmp_path / "m.toml"
    found = balance(*arrays, size=20, out=out)
    assert not found.up_to_date
    assert balance(*arrays, size=20, out=out).up_to_date
    listed = out.read_text(encoding="utf-8").split("rows = [")[1].strip("]\n ")
    assert [int(each) for each in listed.split(",") if each.strip()] == found.rows.tolist()
    with pytest.raises(SourceError, match="lists row numbers of an array"):
        read_manifest(out)
    with pytest.raises(OutputExistsError, match="already exists"):
        balance(*arrays, size=21, out=out)
    assert not balance(*arrays, size=21, out=out, overwrite=True).up_to_date


def test_undefined_rows_are_counted_and_never_chosen(tmp_path: Path) -> None:
    own = np.linspace(0, 1, 50)
    own[::5] = np.nan
    own[1] = np.inf
    np.save(tmp_path / "own.npy", own)
    np.save(tmp_path / "like.npy", np.array([0.5]))
    found = balance(tmp_path / "own.npy", tmp_path / "like.npy", size=39)
    assert found.undefined == 11
    assert np.isfinite(own[found.rows]).all()
    with pytest.raises(ParameterError, match="39 have all properties"):
        balance(tmp_path / "own.npy", tmp_path / "like.npy", size=40)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "paper", "size": 5}, "came with the size 5"),
        ({"method": "paper", "by": "psnr"}, "came with the properties psnr"),
        ({"method": "optimal"}, "how many rows to choose"),
        ({"method": "best"}, "unknown method 'best'; allowed are paper, optimal"),
        ({"by": ["density", "density"], "size": 3}, "name each once"),
        ({"by": ["density", "psnr"], "size": 3}, "holds one column"),
        ({"size": 5000}, "a subset of 5,000 rows"),
        ({"size": 5, "out": "m.json"}, "ends in .toml"),
    ],
)
def test_what_does_not_fit_is_one_sentence(
    arrays: tuple[Path, list[Path]], options: dict[str, object], words: str
) -> None:
    with pytest.raises(ParameterError) as raised:
        balance(*arrays, **options)  # type: ignore[arg-type]
    assert words in str(raised.value)


def test_the_rule_needs_a_top_and_enough_below(tmp_path: Path) -> None:
    np.save(tmp_path / "low.npy", np.full(9, 0.02))
    np.save(tmp_path / "high.npy", np.full(9, 0.2))
    np.save(tmp_path / "both.npy", np.array([0.02, 0.2]))
    with pytest.raises(ParameterError, match=r"no candidate has a density above 0\.08"):
        balance(tmp_path / "low.npy", tmp_path / "both.npy")
    with pytest.raises(ParameterError, match="no image of the sets to be like"):
        balance(tmp_path / "high.npy", tmp_path / "low.npy")
    with pytest.raises(ParameterError, match=r"wants 9 images with a density up to \.04, but"):
        balance(tmp_path / "high.npy", tmp_path / "both.npy")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 2)), "holds (3, 2)"),
        (np.array(["a"]), "give one column of real numbers"),
        (np.float64(1.0), "give one column"),
        (np.array([{}], dtype=object), "cannot be read as an array"),
    ],
)
def test_other_arrays_are_refused(
    arrays: tuple[Path, list[Path]], tmp_path: Path, array: np.ndarray, words: str
) -> None:
    np.save(tmp_path / "odd.npy", array, allow_pickle=True)
    with pytest.raises(FileFormatError) as raised:
        balance(tmp_path / "odd.npy", arrays[1])
    assert words in str(raised.value)


def test_other_files_are_refused(arrays: tuple[Path, list[Path]], tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("density\n0.1\n")
    for name, words in (
        ("x.csv", "holds no properties"),
        ("no.npy", "there is no file"),
        ("no.parquet", "there is no file"),
    ):
        with pytest.raises(FileFormatError, match=words):
            balance(tmp_path / name, arrays[1])


def embeddings(vectors: np.ndarray, name: str, encoder: str = "statistics") -> EmbeddingTable:
    labels = {
        "image_id": [f"{name}/{at:03d}.png" for at in range(len(vectors))],
        "dataset": name,
        "group": [f"{name}/{at:03d}.png" for at in range(len(vectors))],
        "path": [f"images/{name}/{at:03d}.png" for at in range(len(vectors))],
        "target": None,
    }
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    space = Space(encoder, "chromatic", "", "none", "exact")
    return EmbeddingTable(units, Rows(pd.DataFrame(labels)), space)


def test_embeddings_are_balanced_to_the_other_sets_mixture(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    middles = rng.normal(size=(3, 8))
    noise = 0.1 * rng.normal(size=(3, 60, 8))
    own = embeddings((middles[:, None] + noise).reshape(-1, 8), "own")
    others = [embeddings(middles[at] + 0.1 * rng.normal(size=(40, 8)), f"x{at}") for at in (0, 2)]
    paths = [write(each, tmp_path / f"{n}.parquet") for n, each in enumerate((own, *others))]
    found = balance(paths[0], paths[1:], by="embedding", size=50, out=tmp_path / "m.toml")
    clusters = np.bincount(found.rows // 60, minlength=3)
    assert clusters.tolist() == [25, 0, 25]
    assert found.energy is not None
    assert found.energy[1] < 0.1 * found.energy[0]
    assert found.document()["energy"]["after"] == found.energy[1]
    assert "energy distance" in (tmp_path / "m.toml").read_text()
    other = write(embeddings(middles, "y", "untrained:0"), tmp_path / "y.parquet")
    with pytest.raises(SpaceError, match="lies in another space"):
        balance(paths[0], other, by="embedding", size=2)
    with pytest.raises(ParameterError, match="balanced by alone"):
        balance(paths[0], paths[1], by=["embedding", "density"], size=2)
