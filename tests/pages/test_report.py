from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re

import numpy as np
import pytest

from rainmer_analysis.pages import render_report
from rainmer_analysis.pages.embedded_page_data import script_safe_json
from rainmer_analysis.pages.format_names_and_numbers import (
    count_with_noun,
    format_interval,
    format_number,
    join_names,
)
from rainmer_analysis.pages.matrix_tables import pairs_most_alike_first
from rainmer_analysis.pages.methods_section import SOURCES, methods_headings_texts_and_sources
from rainmer_analysis.pages.scripts_and_content_policy import (
    content_security_policy,
    gzipped_plotly_base64,
    plotly_script,
)
from rainmer_analysis.pages.summary_sentences import (
    certainty_sentences,
    headings_and_relation_sentences,
    lead_paragraph,
)
from tests.pages.making import content_of

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(content_of({"heavy": 30, HOSTILE: 20, "night": 10}), request="a" * 64)


def test_the_same_content_gives_the_same_page(page: str) -> None:
    again = render_report(content_of({"heavy": 30, HOSTILE: 20, "night": 10}), request="a" * 64)
    assert again == page


def test_no_name_becomes_markup(page: str) -> None:
    assert "onerror=alert" in page
    assert "<img src=x" not in page
    assert page.count("</script>") == 3
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1])["datasets"][1]["name"] == HOSTILE


def test_the_policy_allows_what_is_inside_and_nothing_else(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    told = policy[1].replace("&#39;", "'")
    assert told.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in told
    assert "unsafe-eval" not in told
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 1
    for script in (scripts[0], plotly_script()):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in told
    assert content_security_policy(["x"]) != content_security_policy(["y"])


def test_plotly_comes_packed_and_whole() -> None:
    assert gzip.decompress(base64.b64decode(gzipped_plotly_base64())).decode() == plotly_script()
    assert len(gzipped_plotly_base64()) < 2_500_000


def test_json_cannot_end_its_element() -> None:
    text = script_safe_json({"a": "</script><!-- & é\u2028", "b": float("nan")})
    assert not set("<>&é\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!-- & é\u2028", "b": None}


def test_five_thousand_images_stay_below_fifteen_megabytes() -> None:
    content = content_of({"a": 2000, "b": 2000, "c": 1000}, spaces=("one", "two", "three"))
    page = render_report(content, request="a" * 64)
    own = sum(4 * -(-len(each or b"") // 3) for each in content.thumbnails)
    # the recipe allows 8 MB of thumbnails, in base64 a third more
    assert len(page.encode()) - own + 8_000_000 * 4 / 3 < 15_000_000


def test_the_summary_names_pairs_that_a_test_leaves_open() -> None:
    content = content_of({"heavy": 30, "real": 20, "night": 10})
    assert "Chance alone could explain the difference of heavy and night" in lead_paragraph(content)
    assert any("tells 4 of 6 pairs apart" in sentence for sentence in certainty_sentences(content))
    assert any("night (10 scenes)" in sentence for sentence in certainty_sentences(content))
    for _, sentences in headings_and_relation_sentences(content):
        assert any("80% for heavy (by chance 50%)" in sentence for sentence in sentences)


def test_one_dataset_needs_no_relations() -> None:
    page = render_report(content_of({"alone": 12}), request="a" * 64)
    assert 'id="relations"' not in page
    assert lead_paragraph(content_of({"alone": 12})) == ""


def test_methods_hold_the_numbers_and_cite_what_is_listed() -> None:
    content = content_of({"heavy": 30, "night": 10})
    text = " ".join(paragraph for _, paragraph, _ in methods_headings_texts_and_sources(content))
    for said in (
        "heavy (30 images, 30 scenes)",
        "1,000 Poisson",
        "50 neighbours",
        "1" * 16,
        "0.981",
    ):
        assert said in text
    assert {
        key for _, _, keys in methods_headings_texts_and_sources(content) for key in keys
    } <= set(SOURCES)


def test_pairs_come_in_order_of_likeness() -> None:
    matrix = content_of({"a": 5, "b": 5, "c": 5}).panels[0].matrix
    assert matrix is not None
    values = [pair.value for pair in pairs_most_alike_first(matrix)]
    assert values == sorted(values, reverse=True)
    assert len(values) == 3


def test_numbers_read_as_print_does() -> None:
    assert format_number(-0.004) == "0.00"
    assert format_number(-1.5) == "−1.50"
    assert format_number(np.nan) == "–"
    assert format_interval(-0.5, np.nan) == ""
    assert format_interval(-0.5, 1) == "[−0.50, 1.00]"
    assert count_with_noun(1, "image") == "1 image"
    assert join_names(["a", "b", "c"]) == "a, b and c"
