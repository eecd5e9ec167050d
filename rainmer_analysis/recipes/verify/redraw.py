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
from rainmer_analysis.recipes.verify.evidence import Check, VerifiedContent
from rainmer_analysis.sphere import summarise_map
from rainmer_analysis.values import PictureRecord, SphereMap, picture_sha256

__all__ = ["check_redrawn"]

_WHAT = "drawn anew"


def check_redrawn(record: PictureRecord, shown: VerifiedContent) -> Check:
    """Draw from verified inputs what the record describes, and compare it with the picture.

    The same bytes come out only of the same releases on the same kind of processor; elsewhere
    nothing is compared.
    """
    document = record.document
    here, system = drawing_library_versions(), drawing_platform()
    other = [
        f"{name} {stated} (here {here.get(name, 'none')})"
        for name, stated in (document.get("libraries") or {}).items()
        if here.get(name) != stated
    ]
    if document.get("platform") != system:
        other.append(f"{document.get('platform')} (here {system})")
    if other:
        return Check(_WHAT, "not checked", f"the picture was drawn with {', '.join(other)}")
    drawing = _draw_from_record(document, shown)
    if drawing is None:
        return Check(_WHAT, "not checked", "not all inputs are at hand")
    if picture_sha256(drawing.content(record.suffix)) == record.content_sha256:
        return Check(_WHAT, "agrees", "from these numbers the same picture comes out")
    return Check(_WHAT, "differs", "from these numbers another picture comes out")


def _draw_from_record(document: Mapping[str, Any], shown: VerifiedContent) -> Drawing | None:
    maps, matrices = shown.maps, shown.matrices
    if len(maps) < len(document.get("maps", ())) or len(matrices) < len(
        document.get("matrices", ())
    ):
        return None
    titles, title, what = document.get("titles"), document.get("title", ""), document.get("draws")
    if what == "map":
        return _draw_map(document, maps)
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
        return plot_probe(
            {"kind": "probe", "request": document.get("probe"), **document["numbers"]}
        )
    if what == "properties" and shown.properties is not None:
        return plot_properties(shown.properties, title=document["numbers"].get("title"))
    return None


def _draw_map(document: Mapping[str, Any], maps: Sequence[SphereMap]) -> Drawing:
    overlays = {name: bool(document.get(name)) for name in ("contours", "means")}
    summaries = [summarise_map(each) for each in maps] if "contours" in document else None
    return plot_map(
        maps, titles=document["titles"], view=str(document["view"]), summaries=summaries, **overlays
    )
