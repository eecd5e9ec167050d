"""A probe as tables to read in a terminal: views one after another, controls below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["probe_text"]

Document = Mapping[str, Any]
_NAME = 28
_NEIGHBOURS = ("kind", "draw", "level", "adjacent")
_ORDERS = {
    "rho": "ladders: order of the levels within a scene (Spearman)",
    "across": "ladders: order of the levels across scenes (Spearman)",
    "share": "ladders: share of the level in the variance",
}


def probe_text(document: Document) -> str:
    """Lay a probe's numbers out: shares of variance, neighbours and ladders of each view."""
    spaces = document["spaces"]
    views = list(dict.fromkeys(each["space"]["view"] for each in spaces))
    lines = [_design_sentence(document)]
    for view in views:
        group = [each for each in spaces if each["space"]["view"] == view]
        lines += ["", view.upper(), *_view_lines(group)]
    lines += _level_share_lines(spaces)
    if spaces[0]["real"] is not None:
        lines += _real_sets_lines(spaces)
    return "\n".join(line.rstrip() for line in lines)


def _design_sentence(document: Document) -> str:
    design, first = document["design"], document["spaces"][0]
    ladders = first["ladders"]
    levels = len(next(iter(ladders.values()))["positions"])
    kinds = round(1 / first["neighbours"]["kind"]["chance"])
    return (
        f"{design['scenes']} simulated scenes (split {design['split']}), each under {kinds} kinds "
        f"of weather x {design['draws']} draws\nand on {len(ladders)} ladders of {levels} levels; "
        f"{design['side']} pixels. In brackets: 95 % over scenes;\nfor untrained networks the "
        "median, and 5 to 95 % of them."
    )


def _view_lines(group: Sequence[Document]) -> Iterator[str]:
    neighbours = group[0]["neighbours"]
    yield _format_row("shares of variance", [*group[0]["variance"], "weather/scene"])
    yield from _space_and_control_rows(group, _variance_cells, _variance_values)
    yield ""
    chances = [f"{name} ({neighbours[name]['chance']:.2f})" for name in _NEIGHBOURS]
    yield _format_row("neighbour (chance)", [*chances, "dimension"])
    yield from _space_and_control_rows(group, _neighbour_cells, _neighbour_values)
    for order, title in _ORDERS.items():
        yield ""
        yield title
        yield _format_row("", list(group[0]["ladders"]), cell=11)
        yield from _ladder_rows(group, order)


def _space_and_control_rows(
    group: Sequence[Document],
    cells_of: Callable[[Document], list[str]],
    values_of: Callable[[Document], list[float]],
) -> Iterator[str]:
    for space in group:
        yield _format_row(f"  {_encoder_name(space)}", cells_of(space))
    for name, cells in _control_names_and_cells(group[0], values_of):
        yield _format_row(f"  {name}", cells)


def _control_names_and_cells(
    space: Document, values_of: Callable[[Document], list[float]]
) -> Iterator[tuple[str, list[str]]]:
    for name, found in space["controls"].items():
        if "seeds" not in found:
            yield name, [f"{value:.2f}" for value in values_of(found)]
            continue
        low, middle, high = (values_of(found[level]) for level in ("p5", "p50", "p95"))
        cells = [_format_with_interval(*each) for each in zip(middle, low, high, strict=True)]
        yield _control_name(name, found), cells


def _control_name(name: str, found: Document) -> str:
    return f"{name}, {found['seeds']} seed{'s' if found['seeds'] > 1 else ''}"


def _variance_cells(space: Document) -> list[str]:
    intervals = space["intervals"]["variance"]
    shares = [
        _format_with_interval(value, *intervals[name]) for name, value in space["variance"].items()
    ]
    return [*shares, _estimate_cell(space["ratio"])]


def _variance_values(found: Document) -> list[float]:
    return [*found["variance"].values(), found["ratio"]]


def _neighbour_cells(space: Document) -> list[str]:
    shares = [_estimate_cell(space["neighbours"][name]) for name in _NEIGHBOURS]
    return [*shares, f"{space['dimension']:.1f}"]


def _neighbour_values(found: Document) -> list[float]:
    return [*(found["neighbours"][name] for name in _NEIGHBOURS), found["dimension"]]


def _ladder_rows(group: Sequence[Document], order: str) -> Iterator[str]:
    for space in group:
        cells = [f"{_ladder_value(each, order):.2f}" for each in space["ladders"].values()]
        yield _format_row(f"  {_encoder_name(space)}", cells, cell=11)
    for name, found in group[0]["controls"].items():
        label, levels = name, [found]
        if "seeds" in found:
            label = _control_name(name, found)
            levels = [found["p5"], found["p95"]]
        ladders = [[each[order] for each in level["ladders"].values()] for level in levels]
        cells = ["-".join(f"{value:.2f}" for value in each) for each in zip(*ladders, strict=True)]
        yield _format_row(f"  {label}", cells, cell=11)


def _level_share_lines(spaces: Sequence[Document]) -> list[str]:
    """Say, encoder by encoder, how much of each ladder's variance each view spends on its level."""
    encoders = list(dict.fromkeys(_encoder_name(each) for each in spaces))
    lines = ["", "WHAT EACH VIEW SEES: share of the level in the variance along a ladder", ""]
    lines[-1] = "* is above 95 % of the untrained networks" if _has_untrained(spaces) else ""
    lines.append(_format_row("", list(spaces[0]["ladders"]), cell=11))
    for encoder in encoders:
        for space in (each for each in spaces if _encoder_name(each) == encoder):
            cells = [_level_share_with_mark(space, name) for name in space["ladders"]]
            lines.append(_format_row(f"  {space['label']}", cells, cell=11))
    return lines


def _has_untrained(spaces: Sequence[Document]) -> bool:
    return any("untrained" in each["controls"] for each in spaces)


def _level_share_with_mark(space: Document, ladder: str) -> str:
    value = float(space["ladders"][ladder]["share"]["value"])
    control = space["controls"].get("untrained")
    above = control is not None and value > control["p95"]["ladders"][ladder]["share"]
    return f"{value:.2f}{'*' if above else ' '}"


def _real_sets_lines(spaces: Sequence[Document]) -> Iterator[str]:
    first = spaces[0]["real"]
    facts = list(first["facts"])
    yield ""
    yield (
        f"REAL SETS: {', '.join(first['by_dataset'])}; {first['images']} images, "
        f"{first['scenes']} scenes"
    )
    yield "nearest image of another scene in the same set (sets count alike), and above controls"
    names = list(dict.fromkeys(name for each in spaces for name in each["real"]["above"]))
    yield _format_row(
        "", [f"share ({first['chance']:.2f})", *(f"above {name}" for name in names)], cell=20
    )
    for space in spaces:
        found = space["real"]
        cells = [_format_with_interval(found["accuracy"], found["low"], found["high"])]
        cells += [
            _estimate_cell(found["above"][name], sign="+") if name in found["above"] else "-"
            for name in names
        ]
        yield _format_row(f"  {space['label']}", cells, cell=20)
    if facts:
        yield ""
        yield "margins of the mean cosines between sets; a fact holds where its margin is positive"
        yield _format_row("", facts, cell=20)
        for space in spaces:
            cells = [_estimate_cell(space["real"]["facts"][fact], sign="+") for fact in facts]
            yield _format_row(f"  {space['label']}", cells, cell=20)


def _ladder_value(ladder: Document, order: str) -> float:
    found = ladder[order]
    return float(found["value"] if isinstance(found, Mapping) else found)


def _encoder_name(space: Document) -> str:
    return str(space["label"]).rsplit("/", 1)[0]


def _estimate_cell(found: Document, sign: str = "") -> str:
    return _format_with_interval(found["value"], found["low"], found["high"], sign=sign)


def _format_with_interval(
    value: float | None, low: float | None, high: float | None, *, sign: str = ""
) -> str:
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:{sign}.2f}"
    return f"{value:{sign}.2f} [{low:{sign}.2f} {high:{sign}.2f}]"


def _format_row(name: str, cells: Sequence[str], *, cell: int = 18) -> str:
    return f"{name:{_NAME}}" + "".join(f" {each:>{cell - 1}}" for each in cells)
