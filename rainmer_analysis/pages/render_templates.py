"""Templates, and how they escape what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rainmer_analysis.pages.embedded_page_data import SYMBOLS, script_safe_json, webp_data_url
from rainmer_analysis.pages.format_names_and_numbers import (
    count_with_noun,
    format_number,
    space_title,
    view_in_words,
)
from rainmer_analysis.pages.scripts_and_content_policy import (
    content_security_policy,
    gzipped_plotly_base64,
    plotly_script,
    read_template_file,
)

__all__ = ["REQUEST_NAME", "render_page", "render_page_without_scripts"]

REQUEST_NAME = "rainmer-analysis-request"
"""Name of the ``meta`` element that holds the digest of the request that a page answers."""


def render_page(name: str, *, payload: Any, request: str, **values: Any) -> str:
    """Return a page of a template and the script of its name, with all that it needs inside.

    `payload` is what the script reads (JSON types), `request` the digest of the request that the
    page answers, and `values` what the template shows.
    """
    script = "\n" + read_template_file("common.js") + read_template_file(f"{name}.js")
    text = (
        _jinja_environment()
        .get_template(f"{name}.html.j2")
        .render(
            request=request,
            request_name=REQUEST_NAME,
            policy=content_security_policy([script, plotly_script()]),
            style=read_template_file("page.css"),
            script=script,
            plotly=gzipped_plotly_base64(),
            data=script_safe_json(payload),
            symbols=SYMBOLS,
            **values,
        )
    )
    # names of files may hold what is no Unicode
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def render_page_without_scripts(name: str, **values: Any) -> str:
    """Return a page of a template that needs no script, with the values that it shows."""
    return _jinja_environment().get_template(f"{name}.html.j2").render(**values)


def _jinja_environment() -> Environment:
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
        "view_in_words": view_in_words,
        "webp_data_url": webp_data_url,
        "index_of": _index_of_name,
    }
    environment.filters.update(filters)
    return environment


def _index_of_name(names: list[str], name: str) -> int:
    return names.index(name)
