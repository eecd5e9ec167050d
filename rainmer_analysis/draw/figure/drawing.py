"""A figure with named artists, and how it becomes a file with its provenance beside it."""

from __future__ import annotations

import hashlib
import io
import platform
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from rainmer_analysis.draw.figure.style import style_context
from rainmer_analysis.errors import FileFormatError, OutputExistsError
from rainmer_analysis.values import (
    FrozenDict,
    carries_record,
    checked_suffix,
    digest,
    library_versions,
    read_json,
    running_command,
    to_json_types,
    with_record,
    write_bytes,
    write_json,
)

__all__ = ["FORMATS", "Drawing", "drawing_library_versions", "drawing_platform", "provenance_path"]

# No dates and no random identifiers: the same drawing gives the same bytes.
FORMATS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        ".png": {"format": "png", "dpi": 300, "metadata": {}},
        ".pdf": {"format": "pdf", "dpi": 300, "metadata": {"CreationDate": None}},
        ".svg": {"format": "svg", "dpi": 300, "metadata": {"Date": None}},
    }
)
_KIND = "drawing"
_VERSION = 1
_SCREEN = 120  # dots per inch


def provenance_path(picture: str | Path) -> Path:
    """Return the file beside a picture that says what is in it.

    The formats of one figure share it: ``figure2.pdf``, ``figure2.svg`` and ``figure2.png`` have
    ``figure2.provenance.json``.
    """
    target = Path(picture)
    return target.with_name(f"{target.stem}.provenance.json")


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure, its named artists and what it shows.

    Parameters
    ----------
    figure
        A matplotlib figure that no window and no pyplot state knows.
    artists
        The drawn things by name, read-only, for example ``"legend"`` or ``"points/0/Rain200H"``;
        each drawing function lists its names.
    provenance
        Inputs by content, spaces, counts, seeds and options: what JSON can hold.
    numbers
        The numbers that are drawn, which the picture's own record holds beside the provenance:
        what JSON can hold. They follow from what the provenance names by content.
    """

    figure: Figure
    artists: Mapping[str, Any]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with style_context():  # ticks and legends take their places and looks now, in this style
            self.figure.draw_without_rendering()
        object.__setattr__(self, "artists", FrozenDict(self.artists))
        object.__setattr__(self, "provenance", FrozenDict(self.provenance))
        object.__setattr__(self, "numbers", FrozenDict(self.numbers))

    def __repr__(self) -> str:
        """Say what is drawn, its size in inches, and how many artists have names."""
        width, height = self.figure.get_size_inches()
        what = self.provenance.get("draws", "drawing")
        return f"<Drawing: {what}, {width:.1f} x {height:.1f} in, {len(self.artists)} artists>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy figure and artists together, so that they stay each other's."""
        return Drawing, (self.figure, dict(self.artists), self.provenance, self.numbers)

    def save(
        self,
        path: str | Path,
        *,
        overwrite: bool = False,
        provenance: Mapping[str, Any] | None = None,
    ) -> Path:
        """Write the picture with a record inside, and its provenance beside it.

        Text stays text, and bytes repeat. The record holds the provenance, the numbers that are
        drawn, the command that is running, versions, and a digest of what is drawn; `verify`
        compares them.

        A picture of the identical request is left as it is unless `overwrite` asks for it anew,
        as after a change of how things are drawn. Pictures of one name in several formats share
        one provenance file (see `provenance_path`), so that all formats that it lists show the
        same thing.

        Parameters
        ----------
        path
            Ends in ``.png`` (300 dots per inch), ``.pdf`` or ``.svg``.
        overwrite
            Whether an existing picture or provenance file may be replaced.
        provenance
            More to write down, beside the drawing's own.

        Returns
        -------
        The picture's path.

        Raises
        ------
        ParameterError
            The name ends in something else.
        OutputExistsError
            Something else is there already.
        """
        target = Path(path)
        _savefig_options(target)
        said = to_json_types({**self.provenance, **(provenance or {})})
        request = digest(said)
        if self.up_to_date_or_refuse(target, overwrite=overwrite, provenance=provenance):
            return target
        made = {"libraries": drawing_library_versions()}
        data = self._bytes_with_record(target.suffix.lower(), {"request": request, **said, **made})
        written = write_bytes(target, data)
        pictures = _pictures_in_provenance(provenance_path(target), request)
        pictures[target.name] = _file_sha256(written)
        document = {
            "kind": _KIND,
            "version": _VERSION,
            "request": request,
            "pictures": dict(sorted(pictures.items())),
            **said,
            **made,
        }
        write_json(provenance_path(target), document)
        return target

    def content(self, suffix: str) -> bytes:
        """Return what `save` writes for ``.png``, ``.pdf`` or ``.svg``, without a record.

        Raises
        ------
        ParameterError
            The suffix is another.
        """
        buffer = io.BytesIO()
        self._print_figure(buffer, _savefig_options(Path(f"picture{suffix}")))
        return buffer.getvalue()

    def _bytes_with_record(self, suffix: str, said: Mapping[str, Any]) -> bytes:
        """Print the figure with its record inside."""
        about = {
            "command": running_command(),
            "platform": drawing_platform(),
            **said,
            "numbers": to_json_types(self.numbers),
        }
        return with_record(self.content(suffix), suffix, about)

    def up_to_date_or_refuse(
        self,
        path: str | Path,
        *,
        overwrite: bool = False,
        provenance: Mapping[str, Any] | None = None,
    ) -> bool:
        """Return whether `save` would leave a picture of the identical request as it is.

        Parameters and errors are those of `save`.
        """
        target, beside = Path(path), provenance_path(path)
        _savefig_options(target)
        listed = _pictures_in_provenance(
            beside, digest(to_json_types({**self.provenance, **(provenance or {})}))
        )
        if not overwrite and target.is_file() and listed.get(target.name) == _file_sha256(target):
            return carries_record(target)  # pictures of earlier releases carry none
        for existing in (target, beside):
            another = existing.exists() and not (existing == beside and listed)
            if another and (existing.is_dir() or not overwrite):
                raise OutputExistsError(
                    f"{existing} already exists and belongs to something else than this picture; "
                    "give another name or allow --overwrite (overwrite=True in Python)"
                )
        return False

    def _repr_png_(self) -> bytes:
        """Show the figure in a notebook, at screen resolution."""
        buffer = io.BytesIO()
        self._print_figure(buffer, {**FORMATS[".png"], "dpi": _SCREEN})
        return buffer.getvalue()

    def _print_figure(self, path: io.BytesIO, options: Mapping[str, Any]) -> None:
        with style_context(), warnings.catch_warnings():
            # Labels that come in show only what the font has; a given title is the caller's.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            self.figure.savefig(path, **options)


def drawing_library_versions() -> dict[str, str]:
    """Return the versions of the libraries that shape a picture."""
    return {**library_versions(), "matplotlib": mpl.__version__}


def drawing_platform() -> str:
    """Return the system and the kind of processor, which pixels depend on too."""
    return f"{platform.system()} {platform.machine()}"


def _savefig_options(path: Path) -> Mapping[str, Any]:
    return FORMATS[checked_suffix(path, "a picture", *FORMATS)]


def _pictures_in_provenance(beside: Path, request: str) -> dict[str, str]:
    """Return pictures that a provenance file lists for this request, by name with their hash."""
    try:
        document = read_json(beside)
    except FileFormatError:
        return {}
    if not isinstance(document, dict) or document.get("request") != request:
        return {}
    listed = document.get("pictures")
    return {str(k): str(v) for k, v in listed.items()} if isinstance(listed, dict) else {}


def _file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
