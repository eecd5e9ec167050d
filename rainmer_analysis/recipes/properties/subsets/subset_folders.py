"""Folders of links to images, or of copies, for programs that read no manifests."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd

from rainmer_analysis.errors import OutputExistsError, ParameterError, StorageError
from rainmer_analysis.values import Rows

__all__ = ["link_or_copy_images_once"]

How = Literal["link", "copy"]


def link_or_copy_images_once(rows: Rows, folder: str | Path, how: How) -> bool:
    """Link or copy images and their targets into a new folder; nothing is moved.

    Each dataset gets a folder: with ``input`` and ``target``, whose names are equal but for the
    suffix, where its images have targets. The folder appears whole or not at all. Links are
    symbolic, to absolute paths. Returns whether the folder held exactly this already.

    Raises
    ------
    OutputExistsError
        Something else lies there.
    ParameterError
        The folder lies in one of the images', images are halves of files, or two would get one
        name.
    StorageError
        A file cannot be linked or copied.
    """
    place = Path(folder).absolute()
    files = _source_by_new_name(rows)
    _refuse_folder_inside_images(place, files)
    if place.exists() or place.is_symlink():
        if place.is_dir() and _holds_these_files(place, files, how):
            return True
        raise OutputExistsError(
            f"{place} already exists and holds something else; name a folder that does not exist"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        for name, source in files.items():
            target = unfinished / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if how == "link":
                target.symlink_to(source)
            else:
                shutil.copyfile(source, target)
        unfinished.chmod(0o755)
        unfinished.rename(place)
    except OSError as error:
        raise StorageError(f"{place} cannot be filled: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return False


def _source_by_new_name(rows: Rows) -> dict[str, str]:
    """Return by name in the folder the absolute path of each file."""
    frame = rows.frame
    if "region" in frame and (frame["region"] != "whole").any():
        first = frame.loc[frame["region"] != "whole", "image_id"].iloc[0]
        raise ParameterError(
            f"{first!r} is half of a file, which can neither be linked nor copied; use the manifest"
        )
    paired = set(frame.loc[[isinstance(each, str) for each in frame["target"]], "dataset"])
    planned = [
        entry
        for row in frame.to_dict("records")
        for entry in _new_names_and_sources(row, is_paired=row["dataset"] in paired)
    ]
    repeated = [name for name, count in Counter(name for name, _ in planned).items() if count > 1]
    if repeated:
        raise ParameterError(
            f"two files would be called {repeated[0]!r}, as names differ in their suffix alone; "
            "use the manifest"
        )
    return dict(planned)


def _new_names_and_sources(row: dict[Any, Any], *, is_paired: bool) -> list[tuple[str, str]]:
    dataset = str(row["dataset"])
    name = PurePosixPath(str(row["image_id"]).removeprefix(f"{dataset}/"))
    if ".." in name.parts or name.is_absolute() or not name.parts:
        raise ParameterError(f"{row['image_id']!r} names no file below its dataset")
    base = PurePosixPath(dataset)
    if ".." in base.parts or base.is_absolute():
        raise ParameterError(f"the dataset {dataset!r} cannot be the name of a folder")
    if not is_paired:
        return [(str(base / name), _absolute_path(row["path"]))]
    if name.parts[0] == "input" and len(name.parts) > 1:
        name = name.relative_to("input")
    found = [(str(base / "input" / name), _absolute_path(row["path"]))]
    if not pd.isna(row["target"]):
        other = name.with_suffix(Path(row["target"]).suffix)
        found.append((str(base / "target" / other), _absolute_path(row["target"])))
    return found


def _absolute_path(path: object) -> str:
    return str(Path(str(path)).absolute())


def _refuse_folder_inside_images(place: Path, files: dict[str, str]) -> None:
    above = {place.resolve(), *place.resolve().parents}
    for folder in {Path(source).resolve().parent for source in files.values()}:
        if folder in above:
            raise ParameterError(
                f"{place} lies in {folder}, which holds images of yours; name a folder elsewhere"
            )


def _holds_these_files(place: Path, files: dict[str, str], how: How) -> bool:
    own = {
        path.relative_to(place).as_posix()
        for path in place.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    if own != set(files):
        return False
    if how == "link":
        return all(
            (place / name).is_symlink() and str((place / name).readlink()) == source
            for name, source in files.items()
        )
    return all(
        not (place / name).is_symlink() and filecmp.cmp(place / name, source, shallow=False)
        for name, source in files.items()
    )
