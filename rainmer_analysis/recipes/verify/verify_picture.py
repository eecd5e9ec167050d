"""One picture: its record, what is drawn, and the inputs that are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.recipes.verify.check_recorded_content import check_recorded_content
from rainmer_analysis.recipes.verify.evidence import (
    Check,
    GivenFiles,
    Verification,
    find_given_files,
)
from rainmer_analysis.recipes.verify.redraw import check_redrawn
from rainmer_analysis.values import PictureRecord, read_record

__all__ = ["verify"]

Against = str | Path | Sequence[str | Path]
_OWN = ("record", "picture", "numbers", "encoder", "drawn")  # compared without any input


def verify(path: str | Path, against: Against | None = None) -> Verification:
    """Recompute what a picture shows from what it says that it was made of.

    Its record is compared with its own digest, what is drawn with the record, and the numbers of
    matrices with the contents that they are said to have. Tables, maps, matrices, weights and
    images that are at hand are found by their content, matrices are computed anew from their
    tables, and where the same releases are installed the picture is drawn anew.

    A record is no signature: of a picture whose record was rewritten with all its digests, only
    the inputs can say that it is wrong.

    Parameters
    ----------
    path
        A ``.png``, ``.pdf`` or ``.svg`` that a command or `Drawing.save` wrote.
    against
        Folders and files that it may have been made of; none compares the picture with itself.

    Raises
    ------
    FileFormatError
        The file carries no record, or one of a newer version.
    ParameterError
        There is nothing at `against`.

    Examples
    --------
    >>> verify("figure2.png", "figures").agrees  # doctest: +SKIP
    True
    """
    source = Path(path)
    record = read_record(source)
    inputs = find_given_files([against] if isinstance(against, str | Path) else against or ())
    checks = [_check_record_digest(record), _check_picture_digest(record)]
    if record.document:
        checks += _check_content_and_redraw(record, inputs, source)
        checks += [] if against is None else _check_any_input_found(checks)
    return Verification(source, record.document, tuple(checks), inputs.passed_over)


def _check_record_digest(record: PictureRecord) -> Check:
    if record.record_fault:
        return Check("record", "differs", record.record_fault)
    return Check("record", "agrees", "its content is that of its digest")


def _check_picture_digest(record: PictureRecord) -> Check:
    if record.picture_fault:
        return Check("picture", "differs", record.picture_fault)
    return Check("picture", "agrees", "what is drawn is what the record was written for")


def _check_any_input_found(checks: Sequence[Check]) -> list[Check]:
    """Say so where nothing that was given is an input of the picture."""
    inputs = [each for each in checks if each.what.partition(" ")[0] not in _OWN]
    if any(each.outcome != "not checked" for each in inputs) or not inputs:
        return []
    return [
        Check("inputs", "differs", "none of what the picture was made of is among what was given")
    ]


def _check_content_and_redraw(
    record: PictureRecord, inputs: GivenFiles, source: Path
) -> list[Check]:
    checks: list[Check] = []
    try:
        shown = check_recorded_content(record.document, inputs)
        checks += shown.checks
        if not record.picture_fault and not any(each.outcome == "differs" for each in checks):
            checks.append(check_redrawn(record, shown))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        if not record.record_fault:
            raise FileFormatError(
                f"the record of {source} is not laid out as this installation writes records "
                f"({error!r}); update rainmer-analysis"
            ) from error
        checks.append(
            Check("numbers", "differs", "parts of the record are missing or of another kind")
        )
    return checks
