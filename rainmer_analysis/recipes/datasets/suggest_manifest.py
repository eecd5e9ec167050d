"""A ready manifest for a folder whose layout is recognised."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets import (
    Dataset,
    dataset_from_entry,
    list_images,
    read_pair_list,
    suggest_entries_and_rest,
)
from rainmer_analysis.images.datasets.manifest_text import toml_quoted
from rainmer_analysis.recipes.datasets.notes_on_halves import find_halves_order

__all__ = ["SuggestedManifest", "suggest_manifest"]

_SAMPLE = 12  # files of a folder whose halves are compared


@dataclass(frozen=True)
class SuggestedManifest:
    """Entries for a manifest, what each was recognised by, and folders that none speaks of."""

    folder: Path
    entries: tuple[tuple[str, Mapping[str, Any], Dataset], ...]
    rest: Mapping[str, int]

    def to_toml(self) -> str:
        """Return the manifest as TOML, with remarks."""
        lines = [
            "# Suggested from names"
            + (" and pixels" if any("halves" in entry for _, entry, _ in self.entries) else "")
            + ": check that it is so. Paths are relative to the folder",
            "# in which this file is saved; save it in the folder where the command was run.",
        ]
        for layout, entry, dataset in self.entries:
            pairs = sum(image.target is not None for image in dataset.images)
            lines += ["", f"# {layout}: {pairs:,} of {len(dataset.images):,} images have a target"]
            lines += [
                f"# passed over, {kind}: "
                + ", ".join(f"{_in_one_line(name)} {count:,}" for name, count in names.items())
                for kind, names in dataset.account.passed_over.items()
            ]
            lines += [
                "[[dataset]]",
                *(f"{key} = {_as_toml_value(value)}" for key, value in entry.items()),
            ]
        if self.rest:
            folders = ", ".join(
                f"{_in_one_line(place)} ({count:,} images)" for place, count in self.rest.items()
            )
            lines += ["", f"# Part of no suggestion: {folders}"]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """Return the manifest as JSON types."""
        return {
            "kind": "suggestion",
            "folder": str(self.folder),
            "dataset": [dict(entry) for _, entry, _ in self.entries],
            "layouts": [layout for layout, _, _ in self.entries],
            "rest": dict(self.rest),
        }


def suggest_manifest(folder: str | Path) -> SuggestedManifest:
    """Recognise the layouts of known datasets below a folder.

    Images and targets are recognised by names; two images side by side also by their pixels, which
    tell the half with the bright specks of rain.

    Raises
    ------
    SourceError
        There is no such folder, or nothing in it is recognised.
    """
    given = Path(folder)
    if not given.is_dir():
        raise SourceError(f"there is no folder {given}; name one that holds a dataset")
    found, rest = suggest_entries_and_rest(given)
    listed = list(_pair_list_entries(given))
    covered = {layout[1]["images"] for layout in listed}
    plain = [
        (each.layout, each.manifest_entry(given, ""))
        for each in found
        if (given / each.images).as_posix() not in covered
    ]
    halves = [*_halves_entries(given, rest)]
    rest = {
        place: count
        for place, count in rest.items()
        if (given / place).as_posix() not in {entry["images"] for _, entry in halves}
        and not any((given / place).as_posix().startswith(f"{each}/") for each in covered)
        and (given / place).as_posix() not in {f"{each}_gt" for each in covered}
    }
    base = Path.cwd() / "manifest.toml"
    tried = [
        (layout, entry, dataset_from_entry({**entry, "name": "suggested"}, base))
        for layout, entry in (*listed, *plain, *halves)
    ]
    paired = [each for each in tried if any(image.target for image in each[2].images)]
    if not paired:
        here = ", ".join(f"{place} ({count:,} images)" for place, count in [*rest.items()][:8])
        raise SourceError(
            f"no known layout is recognised in {given}: it holds {here or 'no image'}; write a "
            "manifest with images, and targets, pair or halves as they are"
        )
    names = _unique_dataset_names([entry["images"] for _, entry, _ in paired], given)
    return SuggestedManifest(
        given,
        tuple(
            (layout, {**entry, "name": name}, replace(dataset, name=name))
            for (layout, entry, dataset), name in zip(paired, names, strict=True)
        ),
        rest,
    )


def _pair_list_entries(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find lists of pairs, as SPA-Data comes with, whose files are here."""
    for path in sorted(folder.glob("*.txt")):
        try:
            pairs = read_pair_list(path)
        except SourceError:
            continue
        image, target = (Path(each) for each in pairs[0])
        if image.is_file() and target.is_file():
            top = image.relative_to(folder.absolute()).parts[0]
            images = (folder / top).as_posix()
            yield (
                "a list of pairs, as of SPA-Data",
                {"name": "", "images": images, "pair": path.as_posix()},
            )


def _halves_entries(folder: Path, rest: Mapping[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find folders whose files hold two images of one scene side by side."""
    names = dict(list_images(folder).folders)
    for place in rest:
        inside = "" if place == "." else place
        listed = names[inside]
        sample = listed[:: max(1, len(listed) // _SAMPLE)][:_SAMPLE]
        side = find_halves_order([folder / inside / name for name in sample])
        if side is not None:
            entry = {"name": "", "images": (folder / inside).as_posix(), "halves": side}
            yield "rain and clean side by side, as in Rain800 and DID", entry


def _unique_dataset_names(images: Sequence[str], folder: Path) -> list[str]:
    """Name each dataset after the folder and what tells its images apart, each once."""
    own = folder.resolve().name or "dataset"
    short, long = [], []
    for each in images:
        inside = Path(each).relative_to(folder).parts
        short.append("-".join([own, *inside[:-1]]))
        long.append("-".join([own, *inside]))
    counts = Counter(short)
    chosen = [one if counts[one] == 1 else other for one, other in zip(short, long, strict=True)]
    return [re.sub(r"[\\\x00-\x1f\x7f]", "_", name) for name in chosen]


def _in_one_line(name: str) -> str:
    """Return a name for a remark, whose line must not end inside of it."""
    return _as_toml_value(name)[1:-1]


def _as_toml_value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_as_toml_value(each) for each in value) + "]"
    return toml_quoted(str(value))
