"""Files that a picture may have been made of, by kind and space."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rainmer_analysis.errors import FileFormatError, ParameterError, RainmerAnalysisError
from rainmer_analysis.images import IMAGE_SUFFIXES
from rainmer_analysis.recipes.verify.evidence.differences_from_stated import is_same_request
from rainmer_analysis.values import PARTS, TableStream, read, read_metadata

__all__ = ["GivenFile", "GivenFiles", "find_given_files"]

_WEIGHTS = frozenset({".safetensors", ".pth", ".pt", ".tar"})
_MOST_JSON = 1 << 28
_JSON_KINDS = ("matrix", "probe")


@dataclass(eq=False)
class GivenFile:
    """A file that may be an input; it is read when it is first looked into.

    Parameters
    ----------
    path
        Where it lies.
    space
        Encoder and view, as in ``rainmer/chromatic``; empty where the file states none.
    document
        What its metadata or JSON says.
    """

    path: Path
    space: str
    document: dict[str, Any]

    @cached_property
    def value(self) -> Any:
        """The map, matrix or table of properties, or the table as a `TableStream`.

        Raises
        ------
        RainmerAnalysisError
            It is damaged.
        """
        if self.document.get("kind") == "embeddings":
            return TableStream(self.path)
        return read(self.path)

    @property
    def content_sha256(self) -> str:
        """Its identity by content; empty where it cannot be used."""
        return self._content_sha256_and_fault[0]

    @property
    def fault(self) -> str:
        """Why it cannot be used; empty where it can."""
        return self._content_sha256_and_fault[1]

    @cached_property
    def _content_sha256_and_fault(self) -> tuple[str, str]:
        try:
            return str(self.value.content_sha256), ""
        except RainmerAnalysisError as error:
            return "", str(error)


@dataclass(eq=False)
class GivenFiles:
    """What was found under ``--against``, by kind.

    Parameters
    ----------
    kinds
        Candidates by kind: ``embeddings``, ``map``, ``properties``, ``matrix``, ``probe``.
    weights, images
        Files of weights and of images.
    passed_over
        Files that cannot be used, by path, with the reason.
    """

    kinds: dict[str, list[GivenFile]] = field(default_factory=dict)
    weights: list[Path] = field(default_factory=list)
    images: list[Path] = field(default_factory=list)
    passed_over: dict[str, str] = field(default_factory=dict)

    def of_kind(self, kind: str, space: str | None = None) -> list[GivenFile]:
        """Return the candidates of a kind, of one space where it is named."""
        found = self.kinds.get(kind, [])
        return [each for each in found if space is None or each.space == space]

    def of_request(self, kind: str, space: str, parameters: Mapping[str, Any]) -> list[GivenFile]:
        """Return the candidates that answer a request, and those that cannot be used."""
        return [
            each
            for each in self.of_kind(kind, space)
            if each.fault or is_same_request(parameters, each.value.parameters)
        ]

    def add(self, path: Path) -> None:
        """Sort one file, or one folder of parts, into its kind."""
        suffix = path.suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            self.images.append(path)
        elif suffix in _WEIGHTS:
            self.weights.append(path)
        elif suffix in (".parquet", ".json", ".csv") or path.is_dir():
            try:
                found = _open_given_file(path)
            except (RainmerAnalysisError, OSError) as error:
                self.passed_over[str(path)] = str(error)
                return
            if found is not None:
                self.kinds.setdefault(str(found.document["kind"]), []).append(found)


def find_given_files(against: Sequence[str | Path]) -> GivenFiles:
    """Look through files and folders; of a folder everything below that is not hidden.

    Raises
    ------
    ParameterError
        A path is not there.
    """
    found = GivenFiles()
    for path in dict.fromkeys(_walk_files(map(Path, against))):
        found.add(path)
    return found


def _walk_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise ParameterError(
                f"there is no {path} to compare with; give the folder or the files that the "
                "picture was made of"
            )
        if not path.is_dir() or (path / PARTS).exists():
            yield path
            continue
        inner = sorted(each for each in path.iterdir() if not each.name.startswith("."))
        yield from _walk_files(each for each in inner if each.exists())


def _open_given_file(path: Path) -> GivenFile | None:
    """Return what a file may be; None for what is none of this package's kinds."""
    if path.is_dir() or path.suffix.lower() == ".parquet":
        document = read_metadata(path)
        found = GivenFile(path, _space_name_or_empty(document.get("space")), document)
        if document["kind"] == "properties":
            _ = found.value  # small; one that is damaged is passed over
        return found
    if path.suffix.lower() == ".csv":
        return _open_csv_matrix(path)
    if path.stat().st_size > _MOST_JSON:
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("kind") not in _JSON_KINDS:
        return None
    return GivenFile(path, _space_name_or_empty(document.get("space")), document)


def _open_csv_matrix(path: Path) -> GivenFile | None:
    found = GivenFile(path, "", {"kind": "matrix"})
    try:
        matrix = found.value
    except FileFormatError as error:
        if "checksum" in str(error):
            raise
        return None  # a table of another kind, such as skipped.csv
    found.document |= {"score": matrix.score, "datasets": list(matrix.datasets)}
    return found


def _space_name_or_empty(space: Any) -> str:
    if not isinstance(space, dict):
        return ""
    return f"{space.get('encoder')}/{space.get('view')}"
