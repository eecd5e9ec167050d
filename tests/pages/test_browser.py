"""The page as people meet it: in a browser, from disk, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rainmer_analysis.pages import render_report
from tests.pages.making import content_of, picture

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

HOSTILE = "<script>alert(1)</script>"
SIZES = {"heavy": 30, HOSTILE: 20, "night": 10}
ROOM = {"width": 1440, "height": 1000}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with api.sync_playwright() as playwright:
        # Chromium's own sandbox needs rights that containers do not give
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_report(content_of(SIZES), request="0" * 64), encoding="utf-8")
    return path


def opened(browser: Any, file: Path, **options: Any) -> tuple[Any, list[str]]:
    """Open a page with the network off; what it complains about is collected."""
    page = browser.new_context(offline=True, **{"viewport": ROOM, **options}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: said.append(request.url) if "://" in request.url else None)
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]", timeout=120_000)
    return page, [each for each in said if each != file.as_uri()]


@pytest.fixture(scope="module")
def page(browser: Any, file: Path) -> Iterator[Any]:
    page, said = opened(browser, file)
    assert not said
    yield page
    page.context.close()


@pytest.fixture(autouse=True)
def reset(page: Any) -> None:
    page.keyboard.press("Escape")
    page.wait_for_function("document.getElementById('selection').hidden")


def visible(page: Any, plot: str) -> list[bool]:
    return page.evaluate(f"document.querySelector(`{plot}`).data.slice(0, 3).map(t => t.visible)")


def chosen(page: Any, plot: str) -> list[int]:
    """Return the rows that a plot marks as selected."""
    found = page.evaluate(
        f"""document.querySelector(`{plot}`).data.slice(0, 3)
            .flatMap(t => (t.selectedpoints || []).map(at => t.customdata[at]))"""
    )
    return sorted(found)


def test_a_hostile_name_is_text(page: Any) -> None:
    assert page.locator("#toggles").inner_text().count(HOSTILE) == 1
    assert HOSTILE in page.locator("h1").inner_text()
    assert page.locator("td", has_text="night/<b>broken</b>.png").count() == 1
    assert page.evaluate("document.querySelectorAll('script').length") == 4


def test_hovering_shows_the_picture_of_the_mark(page: Any) -> None:
    page.locator("#map").scroll_into_view_if_needed()
    mark = page.locator("#map .scattergeo path.point").nth(7)
    mark.hover(force=True)
    page.wait_for_selector("#tip:not([hidden])")
    row = int(page.locator("#tip").get_attribute("data-image"))
    name = page.evaluate(f"data.images.id[{row}]")
    assert page.locator("#tip b").inner_text() == name == f"{name.rpartition('/')[0]}/{row}.png"
    source = page.locator("#tip > img").get_attribute("src")
    shown = page.evaluate(f"atob('{source.partition(',')[2]}').length")
    assert shown == len(picture(row))
    assert page.evaluate(f"data.images.thumbnail[{row}]") == source.partition(",")[2]
    where = page.evaluate(
        f"(() => {{ const t = document.querySelector('#map').data[data.images.dataset[{row}]];"
        f" const at = t.customdata.indexOf({row}); return [t.lon[at], t.lat[at]]; }})()"
    )
    expected = page.evaluate(f"[data.spaces[0].lon[{row}], data.spaces[0].lat[{row}]]")
    assert where == expected


def test_a_click_keeps_an_image_and_ties_it_to_its_neighbours(page: Any) -> None:
    page.locator("#map").scroll_into_view_if_needed()
    page.locator("#map .scattergeo path.point").nth(3).click(force=True)
    page.wait_for_selector("#card[data-image]")
    row = int(page.locator("#card").get_attribute("data-image"))
    near = page.evaluate(f"data.spaces[0].neighbours[{row}]")
    titles = [each.get_attribute("title") for each in page.locator("#card .near button").all()]
    assert titles == [page.evaluate(f"data.images.id[{other}]") for other in near]


def test_a_toggle_hides_the_points_of_its_dataset(page: Any) -> None:
    box = page.locator("#toggles input").nth(1)
    box.uncheck()
    page.wait_for_function("document.querySelector('#map').data[1].visible === false")
    assert visible(page, "#globe") == [True, False, True]
    assert page.locator("#map .scattergeo path.point").count() == 40
    box.check()
    page.wait_for_function("document.querySelector('#map').data[1].visible === true")


def test_a_selection_in_one_map_is_made_in_all(page: Any) -> None:
    page.locator("#spaces").scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('.plot.small')].every(each => each.data?.length)"
    )
    first = page.locator(".plot.small").first
    first.hover()
    first.locator("[data-title='Box Select']").click()
    area = first.bounding_box()
    page.mouse.move(area["x"] + 15, area["y"] + 15)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] - 20, steps=4)
    page.mouse.up()
    page.wait_for_selector("#selection:not([hidden])")
    rows = chosen(page, ".plot.small[data-space='0']")
    assert 0 < len(rows) < 60
    for plot in ("#globe", "#map", ".plot.small[data-space='1']"):
        page.wait_for_function(
            f"document.querySelector(`{plot}`).data?.some(t => (t.selectedpoints || []).length)"
        )
        assert chosen(page, plot) == rows
    assert f"{len(rows)} image" in page.locator("#selection strong").inner_text()


def longitude(page: Any, plot: str) -> float:
    """Return the longitude that a plot is turned to."""
    return page.evaluate(f"document.querySelector('{plot}').layout.geo.projection.rotation.lon")


def test_the_keyboard_turns_the_globe_and_the_map_with_it(page: Any) -> None:
    page.locator("#globe").focus()
    before = longitude(page, "#globe")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert longitude(page, "#globe") == longitude(page, "#map") == before + 15


def test_an_image_is_found_by_its_name_without_a_mouse(page: Any) -> None:
    page.locator("#find").fill("night/55")
    page.locator("#find").press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#card[data-image='55']")
    assert page.locator("#card h3").inner_text() == "night/55.png"
    assert page.locator("#card > img").get_attribute("alt") == "night/55.png"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(browser: Any, file: Path, scheme: str) -> None:
    page, said = opened(browser, file, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert not said
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def seconds_on_two_cores(browser: Any) -> float:
    """Return how long the browser's work takes at least, if two cores do nothing else.

    Processor time, which a busy machine does not change: that of the page's own processes, or half
    of what all processes use, whichever is longer.
    """
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = sum(each["cpuTime"] for each in told if each["type"] == "renderer")
    return max(pages, sum(each["cpuTime"] for each in told) / 2)


@pytest.mark.slow
def test_five_thousand_points_are_painted_within_five_seconds(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    content = content_of({"a": 2000, "b": 2000, "c": 1000})
    file.write_text(render_report(content, request="0" * 64), encoding="utf-8")
    page = browser.new_context(offline=True, viewport=ROOM).new_page()
    before = seconds_on_two_cores(browser)
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-painted=yes]", timeout=120_000)
    spent = seconds_on_two_cores(browser) - before
    assert page.locator("#globe .scattergeo path.point").count() == 5000
    assert spent < 5
    page.context.close()
