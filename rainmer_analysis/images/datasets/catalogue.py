r"""Every dataset of the paper as data: where the authors' folders hold it, pairs, scenes.

Paths are relative to one root folder that holds the datasets under the authors' folder names.
Scene names carry the family's name first (``ddn-901``, ``gtav-set1-0011``), so that a photograph
that several datasets of a family share is one scene.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.dataset_layouts import DatasetLayout

__all__ = ["CATALOGUE", "catalogue_layout"]

_GTAV_NOTE = "a frame is a scene, whatever the rain or the crop"


def _gt_rain_entry(name: str, mode: str, expected: int | None) -> DatasetLayout:
    return DatasetLayout(
        name,
        (f"GT-RAIN_{mode}",),
        r"([^/]+)/[^/]*R-[^/]*\.png",
        targets=(r"\1/*C-000*.png",),
        scene=r"gtrain-\1",
        scene_first=True,
        expected=expected,
        split=mode,
        note="real rain; the scene is the folder, its first clean frame the partner of all",
    )


def _gtav_balance_entry(name: str, mode: str, expected: int | None) -> DatasetLayout:
    return DatasetLayout(
        name,
        (f"GTAV-balance/{mode}/rainy",),
        r"(\d+)_(\d+)_(set\d+)_([^/]+)\.png",
        targets=(r"../gt/\1_\3_\4.png",),
        scene=r"gtav-\3-\1",
        scene_first=True,
        skip=r"0011_00_set2" if mode == "train" else None,
        expected=expected,
        split=mode,
        note=f"512x512 crops of GTAV-NightRain; {_GTAV_NOTE}",
    )


def _gtav_night_entry(name: str, mode: str, expected: int | None) -> DatasetLayout:
    return DatasetLayout(
        name,
        ("GTAV-NightRain",),
        rf"(set[123])/{mode}/rainy/(\d+)_(\d+)\.png",
        targets=(rf"\1/{mode}/gt/\2.png",),
        scene=r"gtav-\1-\2",
        scene_first=True,
        expected=expected,
        split=mode,
        note=f"rendered night rain; {_GTAV_NOTE}",
    )


def _ddn_entry(kind: int) -> DatasetLayout:
    return DatasetLayout(
        f"DDN_{kind}",
        ("Rain14000/train/rain",),
        rf"(\d+)_{kind}\.jpg",
        targets=(r"../norain/\1.jpg", r"../ground_truth/\1.jpg", r"../../ground_truth/\1.jpg"),
        scene=r"ddn-\1",
        scene_first=True,
        expected=900,
        note=f"rain type {kind} of 14; each photograph comes with every type",
    )


def _did_entry(part: int) -> DatasetLayout:
    return DatasetLayout(
        f"DID_{part}",
        ("Rain1200_new/train", "Rain1200/train", "DID/train"),
        r"\d+\.jpg",
        halves=True,
        part=(4000 * (part - 1), 4000 * part),
        expected=4000,
        note="rain in the left half of each file, the clean partner in the right; "
        f"files {4000 * (part - 1)} to {4000 * part - 1} in the order of their numbers",
    )


def _same_name_entry(
    name: str, folder: str, clean: str, suffix: str, **more: object
) -> DatasetLayout:
    """Return a layout whose partners have equal names in another folder."""
    return DatasetLayout(
        name,
        (folder,),
        rf"([^/]+\.{suffix})",
        targets=(rf"{clean}/\1",),
        **more,  # type: ignore[arg-type]
    )


def _test_set_entry(name: str, suffix: str, expected: int) -> DatasetLayout:
    return _same_name_entry(
        name, f"{name}/input", "../target", suffix, expected=expected, split="test"
    )


_ENTRIES = (
    DatasetLayout(
        "Rain200H",
        ("Rain200H/train/rain/X2",),
        r"([^/]+?)(?:x2)?\.png",
        targets=(r"../../norain/\1.png",),
        expected=1800,
        note="heavy streaks; the folder X2 counts",
    ),
    DatasetLayout(
        "Rain200L",
        ("Rain200L/train/rain",),
        r"([^/]+?)(?:x2)?\.png",
        targets=(r"../norain/\1.png",),
        expected=1800,
        note="light streaks",
    ),
    _same_name_entry("Rain800", "Rain800/train/rain", "../norain", "png", expected=700),
    *(_ddn_entry(kind) for kind in range(1, 15)),
    *(_did_entry(part) for part in range(1, 4)),
    _gt_rain_entry("GT-Rain", "train", 26_124),
    _gtav_night_entry("GTAV-NightRain", "train", 10_000),
    _gtav_balance_entry("GTAV-balance", "train", 12_321),
    _same_name_entry(
        "Rain13K", "MultiRain/train/rain", "../norain", "jpg", expected=13_711, note="SynRain"
    ),
    _same_name_entry(
        "Snow", "AllinOne/snow/train/input", "../target", "jpg", note="all-in-one snow (Snow100K)"
    ),
    _same_name_entry(
        "Rain", "AllinOne/rain/train/input", "../target", "png", note="all-in-one rain and haze"
    ),
    _same_name_entry(
        "Raindrop",
        "AllinOne/raindrop/train/input",
        "../target",
        "png",
        expected=861,
        note="drops on a lens",
    ),
    DatasetLayout(
        "RealInt",
        ("Real_Internet",),
        r"[^/]+\.png",
        note="real rain from the internet, no clean partners; the paper drew 146",
    ),
    DatasetLayout(
        "Clean",
        ("Rain200L/train/norain",),
        r"[^/]+\.png",
        clean=True,
        note="the clean photographs of Rain200L",
    ),
    DatasetLayout(
        "Rain200H-test",
        ("Rain200H/test/rain/X2",),
        r"norain-(\d+)x2\.png",
        targets=(r"../../norain/norain-\1.png",),
        expected=200,
        split="test",
    ),
    DatasetLayout(
        "Rain200L-test",
        ("Rain200L/test/rain",),
        r"norain-(\d+)x2\.png",
        targets=(r"../norain/norain-\1.png",),
        expected=200,
        split="test",
    ),
    _test_set_entry("Test100", "png", 98),
    _test_set_entry("Rain100L", "png", 100),
    _test_set_entry("Rain100H", "png", 100),
    _test_set_entry("Test1200", "png", 1200),
    DatasetLayout(
        "Test2800",
        ("Test2800/input",),
        r"((\d+)_\d+\.jpg)",
        targets=(r"../target/\1",),
        scene=r"ddn-\2",
        scene_first=True,
        expected=2800,
        split="test",
        note="photographs 801 to 1000 of Rain14000, 14 rain types each",
    ),
    _gt_rain_entry("GT-Rain-test", "test", None),
    _gtav_night_entry("GTAV-NightRain-test", "test", None),
    _gtav_balance_entry("GTAV-balance-test", "test", None),
    _same_name_entry("Snow-test", "AllinOne/snow/test/snowy", "../gt", "jpg", split="test"),
    DatasetLayout(
        "Rain-test",
        ("AllinOne/rain/test/rain",),
        r"([^/]+?)_s[^/]*\.png",
        targets=(r"../gt/\1.png",),
        split="test",
    ),
    DatasetLayout(
        "Raindrop-test",
        ("AllinOne/raindrop/test/data",),
        r"([0-9]|[1-4][0-9]|5[0-7])_rain\.png",
        targets=(r"\1_clean.png", r"../gt/\1_clean.png"),
        expected=58,
        split="test",
    ),
)

CATALOGUE: Mapping[str, DatasetLayout] = MappingProxyType({entry.name: entry for entry in _ENTRIES})


def catalogue_layout(name: str) -> DatasetLayout:
    """Look up a dataset of the catalogue.

    Raises
    ------
    SourceError
        The name is unknown; the nearest name is suggested.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    exact = {each.lower(): each for each in CATALOGUE}
    near = difflib.get_close_matches(name.lower(), exact, n=1, cutoff=0.5)
    hint = f"; did you mean {exact[near[0]]}?" if near else ""
    raise SourceError(
        f"unknown source {name!r}: a source is NAME=FOLDER, a manifest FILE.toml, or a name of the "
        f"catalogue (see: rainmer-analysis datasets list){hint}"
    )
