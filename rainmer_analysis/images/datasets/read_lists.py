"""Readers of lists of datasets: of names, of pairs of files, of images and their scenes."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets.search import nfc_name, nfc_without_suffix, normal_path
from rainmer_analysis.images.decoding import IMAGE_SUFFIXES

__all__ = ["compare_with_listed_names", "read_image_names", "read_pair_list", "read_scene_groups"]

_T = TypeVar("_T")
_DELIMITERS = ("\t", ",", ";", " ")


def read_image_names(path: Path) -> list[str]:
    """Read a published list of images: one name or relative path a line.

    Lines that are empty or begin with ``#`` do not count. Where lines name a pair (two paths with
    a blank, tab or comma between), the first is the image.

    Raises
    ------
    SourceError
        The file is missing, is no text, or holds no name.
    """
    lines = _parse_text_file(path, "list", lambda text: [each.strip() for each in text.split("\n")])
    names = [_image_field(line) for line in lines if line and not line.startswith("#")]
    if names and names[0].lower() in ("image", "name", "file", "filename", "path"):
        names = names[1:]
    if not names:
        raise SourceError(f"the list {path} holds no name; write one image a line")
    return names


def compare_with_listed_names(
    images: Mapping[str, str], listed: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """Compare images with a list of names, both ways.

    A line means an image when one of the two relative paths, without suffixes, ends in the other:
    ``train/1.jpg`` and ``1.png`` agree, ``1.png`` and ``11.png`` do not. Where none agrees, a
    line still means the only image of its name, if no other line has that name: lists often hold
    the folders of another machine.

    Parameters
    ----------
    images
        Relative paths by what the images are called in the result.
    listed
        Lines.

    Returns
    -------
    Lines without an image, lines that mean several images, and images without a line.
    """
    parts = {each: _path_parts_without_suffix(relative) for each, relative in images.items()}
    by_stem: dict[str, list[str]] = {}
    for each, own in parts.items():
        by_stem.setdefault(own[-1], []).append(each)
    lines = {line: _path_parts_without_suffix(line) for line in dict.fromkeys(listed)}
    alone = Counter(wanted[-1] for wanted in lines.values())
    missing, several, known = [], [], set()
    for line, wanted in lines.items():
        alike = by_stem.get(wanted[-1], [])
        found = [each for each in alike if _one_ends_in_the_other(parts[each], wanted)]
        found = [each for each in found if parts[each] == wanted] or found
        if not found and len(alike) == alone[wanted[-1]] == 1:
            found = alike
        known.update(found)
        missing += [] if found else [line]
        several += [line] if len(found) > 1 else []
    return missing, several, [each for each in parts if each not in known]


def read_pair_list(path: Path) -> list[tuple[str, str]]:
    """Read a list of pairs: an image and its target a line, relative to the list's folder.

    A header ``image,target`` is allowed. Slashes at the beginning are left away where no such
    file exists, as some datasets write them.

    Returns
    -------
    Normalised absolute paths.

    Raises
    ------
    SourceError
        The file is missing or no text, a line does not hold two paths, or an image stands in two
        lines with different targets.
    """
    lines = _parse_text_file(path, "list of pairs", lambda text: text.split("\n"))
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        fields = _split_at_delimiter(line)
        if not fields or line.startswith("#") or [each.lower() for each in fields] == _HEADER:
            continue
        if len(fields) != 2:
            raise SourceError(
                f"line {number} of the list of pairs {path} holds {len(fields)} fields; "
                "write an image and its target, with a comma, tab or blank between"
            )
        image, target = (_normal_path_in_folder(path.parent, each) for each in fields)
        if found.setdefault(image, target) != target:
            raise SourceError(
                f"line {number} of the list of pairs {path} gives {fields[0]} a second target; "
                "give each image one"
            )
    if not found:
        raise SourceError(f"the list of pairs {path} holds no pair")
    return list(found.items())


_HEADER = ["image", "target"]


def read_scene_groups(path: Path) -> dict[str, str]:
    """Read a CSV file with the columns ``image`` (relative to the file's folder) and ``group``.

    Returns
    -------
    Scene by normalised absolute path.

    Raises
    ------
    SourceError
        The file is missing, is no CSV text, lacks one of the columns, or names an image twice with
        different scenes.
    """
    rows = _parse_text_file(path, "file of groups", lambda text: _image_group_rows(text, path))
    found: dict[str, str] = {}
    for image, group in rows:
        if not image or not group:
            continue
        key = nfc_name(normal_path(path.parent / image))
        if found.setdefault(key, group) != group:
            raise SourceError(
                f"the file of groups {path} names {image!r} twice, with the scenes "
                f"{found[key]!r} and {group!r}; give each image one"
            )
    return found


def _image_group_rows(text: str, path: Path) -> list[tuple[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not {"image", "group"} <= set(reader.fieldnames or ()):
        raise SourceError(
            f"the file of groups {path} has the columns {reader.fieldnames}; "
            "it needs image and group, with a comma between"
        )
    return [(row["image"], row["group"]) for row in reader]


def _parse_text_file(path: Path, what: str, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SourceError(
            f"the {what} {path} cannot be opened ({error.strerror}); correct its name"
        ) from error
    except (ValueError, csv.Error) as error:  # no UTF-8, or a zero byte in its name
        kind = "CSV text" if what == "file of groups" else "text"
        raise SourceError(f"the {what} {path} is no {kind} in UTF-8: {error}") from error


def _image_field(line: str) -> str:
    first = _split_at_delimiter(line)[0]
    return first if os.path.splitext(first)[1].lower() in IMAGE_SUFFIXES else line  # noqa: PTH122


def _split_at_delimiter(line: str) -> list[str]:
    """Cut a line in two at the first kind of delimiter that does so, else at none."""
    text = line.strip()
    for delimiter in _DELIMITERS:
        fields = [each.strip().strip('"') for each in text.split(delimiter) if each.strip()]
        if len(fields) == 2 or (delimiter == "," and len(fields) > 1):
            return fields
    return [text] if text else []


def _normal_path_in_folder(folder: Path, name: str) -> str:
    if Path(name).is_absolute() and not Path(name).exists():
        name = name.lstrip("/")
    return normal_path(folder / name)


def _path_parts_without_suffix(name: str) -> tuple[str, ...]:
    stem = nfc_without_suffix(name.replace("\\", "/"))
    return tuple(part for part in PurePosixPath(stem).parts if part not in ("/", "."))


def _one_ends_in_the_other(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[-shorter:] == other[-shorter:]
