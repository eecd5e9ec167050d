"""Templates, and how they escape what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rainmer_analysis.pages.assets import content_policy, packed_plotly, plotly_source, text_of
from rainmer_analysis.pages.page_data import SYMBOLS, embedded_json, image_source
from rainmer_analysis.pages.wording import count_with_noun, format_number, space_title, view_words

__all__ = ["REQUEST_NAME", "render_page", "render_static"]

REQUEST_NAME = "rainmer-analysis-request"
"""Name of the ``meta`` element that holds the digest of the request that a page answers."""


def render_page(name: str, *, payload: Any, request: str, **told: Any) -> str:
    """Return a page of a template, with all that it needs inside.

    Parameters
    ----------
    name
        Of the template and of its script, without their ends.
    payload
        What the script reads: JSON types.
    request
        Digest of the request that the page answers.
    told
        What the template says.
    """
    script = "\n" + text_of("common.js") + text_of(f"{name}.js")
    text = (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            request=request,
            request_name=REQUEST_NAME,
            policy=content_policy([script, plotly_source()]),
            style=text_of("page.css"),
            script=script,
            plotly=packed_plotly(),
            data=embedded_json(payload),
            symbols=SYMBOLS,
            **told,
        )
    )
    # names of files may hold what is no Unicode
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def render_static(name: str, **told: Any) -> str:
    """Return a page of a template that needs no script.

    Parameters
    ----------
    name
        Of the template, without its end.
    told
        What the template says.
    """
    return _environment().get_template(f"{name}.html.j2").render(**told)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("rainmer_analysis.pages"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "number": format_number,
        "counted": count_with_noun,
        "space_title": space_title,
        "view_words": view_words,
        "image_source": image_source,
        "index_of": _index_of,
    }
    environment.filters.update(filters)
    return environment


def _index_of(names: list[str], name: str) -> int:
    return names.index(name)
