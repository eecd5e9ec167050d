"""All that a record says of inputs and numbers, compared one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.recipes.verify.by_kind import (
    check_encoder,
    check_images,
    check_probe,
    check_recomputed_matrix,
    check_weights,
    find_and_check_map,
    find_and_check_matrix_file,
    find_and_check_properties,
    find_and_check_table,
    read_and_check_stated_matrix,
)
from rainmer_analysis.recipes.verify.evidence import (
    GivenFile,
    GivenFiles,
    VerifiedContent,
    space_name,
)

__all__ = ["check_recorded_content"]


def check_recorded_content(record: Mapping[str, Any], inputs: GivenFiles) -> VerifiedContent:
    """Compare the maps, matrices and other numbers of a record with inputs.

    Raises
    ------
    KeyError, TypeError, AttributeError, IndexError, ValueError
        The record is laid out in another way.
    """
    shown = VerifiedContent()
    numbers = record["numbers"]
    for stated, more in zip(record.get("maps", ()), numbers.get("maps", ()), strict=True):
        _check_one_map(stated, more, inputs, shown)
    for stated, document in zip(
        record.get("matrices", ()), numbers.get("matrices", ()), strict=True
    ):
        _check_one_matrix(stated, document, inputs, shown)
    checks, shown.properties = find_and_check_properties(record, inputs)
    shown.checks += checks + check_probe(record, inputs) + check_encoder(record)
    shown.checks += check_weights(_stated_spaces(record), inputs)
    if inputs.images:
        shown.checks += check_images(_shown_image_digests(shown), inputs)
    return shown


def _check_one_map(
    stated: Mapping[str, Any],
    numbers: Mapping[str, Any],
    inputs: GivenFiles,
    shown: VerifiedContent,
) -> None:
    check, value = find_and_check_map(stated, numbers, inputs, first=next(iter(shown.maps), None))
    shown.checks.append(check)
    if value is not None:
        shown.maps.append(value)
    _find_and_check_table(stated["parameters"].get("table"), stated["space"], inputs, shown)


def _check_one_matrix(
    stated: Mapping[str, Any], document: Any, inputs: GivenFiles, shown: VerifiedContent
) -> None:
    name = space_name(stated["space"]) or str(stated["score"])
    check, matrix = read_and_check_stated_matrix(stated, document, f"numbers {name}")
    shown.checks.append(check)
    if matrix is None:
        return
    shown.matrices.append(matrix)
    in_file = find_and_check_matrix_file(matrix, inputs, f"matrix {name}")
    if in_file is not None:
        shown.checks.append(in_file)
    table = _find_and_check_table(matrix.parameters.get("table"), stated["space"], inputs, shown)
    if table is not None:
        shown.checks.append(check_recomputed_matrix(matrix, table, f"matrix {name}"))


def _find_and_check_table(
    content: Any, space: Mapping[str, Any] | None, inputs: GivenFiles, shown: VerifiedContent
) -> GivenFile | None:
    """Return the table of a content, looked for once; sketches stand for tables that are absent."""
    if not isinstance(content, str) or space is None:
        return None
    if content not in shown.tables:
        check, shown.tables[content] = find_and_check_table(content, space, inputs)
        shown.checks.append(check)
    return shown.tables[content]


def _stated_spaces(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    stated = [*record.get("maps", ()), *record.get("matrices", ())]
    return [each["space"] for each in stated if each["space"] is not None]


def _shown_image_digests(shown: VerifiedContent) -> Iterator[tuple[str, str]]:
    """Return id and digest of each image of all maps and tables, as far as they say so."""
    seen: dict[str, str] = {}
    for value in shown.maps:
        if value.rows.has("sha256"):
            seen |= zip(value.rows.cells("image_id"), value.rows.cells("sha256"), strict=True)
    for table in shown.tables.values():
        if table is None:
            continue
        with suppress(FileFormatError):  # tables of other programs state no files
            for ids, digests in table.value.label_batches("image_id", "sha256"):
                seen |= zip(ids, digests, strict=True)
    return iter(seen.items())
