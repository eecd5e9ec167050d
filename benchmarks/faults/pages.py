"""Hostile text in pictures and pages, which are opened in a browser."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.faults.harness import Command, Row, make_images
from rainmer_analysis.draw import plot_matrix
from rainmer_analysis.draw.figure.readable_labels import short_labels
from rainmer_analysis.pages import render_report
from rainmer_analysis.values import RelationshipMatrix, Space
from tests.pages.making import content_of

_SPACE = Space("rainmer", "chromatic", "ab" * 32, "bilinear-128", "exact")
_NAMES = (
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "{{7*7}}",
    "a\u2028b",
    "]]><!--",
    "'-alert(1)-'",
)


def hostile_text(place: Path, *, quick: bool) -> Row:
    """Name datasets and files like scripts, and open pictures and pages without a network."""
    row = Row(
        "hostile text in pictures and pages",
        "names like scripts in SVG, in reports and in pages of audits, opened in headless Chromium "
        "without a network",
    )
    made = {**_picture(place), **_reports(place), **_audit(place)}
    for path, names in made.items():
        text = path.read_text(encoding="utf-8")
        for name in names:
            whole = "<" in name and name in text
            row.check(not whole, f"{path.name}: {name!r} stands as markup")
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if quick or browser is None or importlib.util.find_spec("playwright") is None:
        row.said = "no browser was opened; the text of the files alone was judged"
        return row
    asked = [sys.executable, "-m", "benchmarks.faults.browser", browser, *map(str, made)]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ended.returncode:
        row.check(False, f"the browser: {ended.returncode} {ended.stderr[-400:]}")
        return row
    for (path, names), seen in zip(made.items(), json.loads(ended.stdout), strict=True):
        calm = seen["title"] != "owned" and not seen["dialogs"] and not seen["requests"]
        row.check(calm, f"{path.name}: {seen['title']!r} {seen['dialogs']} {seen['requests']}")
        for name in names:
            shown = _without_spaces(name) in _without_spaces(seen["text"])
            row.check(shown, f"{path.name}: {name!r} is not shown as it is")
    return row


def _without_spaces(text: str) -> str:
    """Return a text without spaces and ends of lines, at which labels are wrapped."""
    return "".join(text.split())


def _picture(place: Path) -> dict[Path, tuple[str, ...]]:
    size = len(_NAMES)
    matrix = RelationshipMatrix(np.eye(size), _NAMES, "cosine", _SPACE, (3,) * size, (3,) * size)
    plot_matrix(matrix).save(place / "matrix.svg")
    return {place / "matrix.svg": tuple(short_labels(_NAMES).values())}  # its labels are short


def _reports(place: Path) -> dict[Path, tuple[str, ...]]:
    made = {}
    for at in range(0, len(_NAMES), 3):
        names, path = _NAMES[at : at + 3], place / f"report-{at}.html"
        content = content_of(dict.fromkeys(names, 6), spaces=("chromatic",))
        path.write_text(render_report(content, request="0" * 64), encoding="utf-8")
        made[path] = names
    return made


def _audit(place: Path) -> dict[Path, tuple[str, ...]]:
    """Audit two folders that hold the same images, so that both names of each are shown."""
    names = tuple(name.replace("/", "") for name in _NAMES)
    for folder in ("a", "b"):
        images = make_images(place / folder, len(names), size=(64, 64))
        for number, name in enumerate(names):
            (images / f"{number:04d}.png").rename(images / f"{name}.png")
    page = place / "audit.html"
    asked = ["audit", f"a={place / 'a'}", f"b={place / 'b'}", "--out", place / "audit.json"]
    ended = Command([*asked, "--html", page], place).wait()
    if ended.code:
        raise RuntimeError(f"no page of an audit: {ended.err}")
    return {page: names}
