"""Drawing a picture anew from what it is said to be made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rainmer_analysis.draw import (
    Drawing,
    architecture_figure,
    drawing_library_versions,
    drawing_platform,
    maps_and_matrices_figure,
    plot_intervals,
    plot_map,
    plot_matrix,
    plot_probe,
    plot_properties,
)
from rainmer_analysis.model import WIDTHS, RainmerEncoder, describe_encoder
from rainmer_analysis.recipes.verify.evidence import (
    Check,
    VerifiedContent,
    agrees,
    differs,
    not_checked,
)
from rainmer_analysis.sphere import summarise_map
from rainmer_analysis.values import PictureRecord, SphereMap, picture_sha256

__all__ = ["check_redrawn"]

_WHAT = "drawn anew"


def check_redrawn(record: PictureRecord, shown: VerifiedContent) -> Check:
    """Draw from verified inputs what the record describes, and compare it with the picture.

    The same bytes come out only of the same releases on the same kind of processor; elsewhere
    nothing is compared.
    """
    told = record.document
    here, system = drawing_library_versions(), drawing_platform()
    other = [
        f"{name} {stated} (here {here.get(name, 'none')})"
        for name, stated in (told.get("libraries") or {}).items()
        if here.get(name) != stated
    ]
    if told.get("platform") != system:
        other.append(f"{told.get('platform')} (here {system})")
    if other:
        return not_checked(_WHAT, f"the picture was drawn with {', '.join(other)}")
    drawing = _draw_as_stated(told, shown)
    if drawing is None:
        return not_checked(_WHAT, "not all inputs are at hand")
    if picture_sha256(drawing.content(record.suffix)) == record.content_sha256:
        return agrees(_WHAT, "from these numbers the same picture comes out")
    return differs(_WHAT, "from these numbers another picture comes out")


def _draw_as_stated(told: Mapping[str, Any], shown: VerifiedContent) -> Drawing | None:
    maps, matrices = shown.maps, shown.matrices
    if len(maps) < len(told.get("maps", ())) or len(matrices) < len(told.get("matrices", ())):
        return None
    titles, title, what = told.get("titles"), told.get("title", ""), told.get("draws")
    if what == "map":
        return _draw_map(told, maps)
    if what == "matrix":
        return plot_matrix(matrices, titles=titles)
    if what == "intervals":
        return plot_intervals(matrices, titles=titles, title=title)
    if what in ("figure 2", "figure 3"):
        number = int(what.removeprefix("figure "))
        return maps_and_matrices_figure(maps, matrices, number=number, titles=titles, title=title)
    if what == "figure 1":
        return architecture_figure(describe_encoder(RainmerEncoder(WIDTHS["full"])), title=title)
    if what == "probe":
        return plot_probe({"kind": "probe", "request": told.get("probe"), **told["numbers"]})
    if what == "properties" and shown.properties is not None:
        return plot_properties(shown.properties, title=told["numbers"].get("title"))
    return None


def _draw_map(told: Mapping[str, Any], maps: Sequence[SphereMap]) -> Drawing:
    overlays = {name: bool(told.get(name)) for name in ("contours", "means")}
    summaries = [summarise_map(each) for each in maps] if "contours" in told else None
    return plot_map(
        maps, titles=told["titles"], view=str(told["view"]), summaries=summaries, **overlays
    )
