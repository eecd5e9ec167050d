from __future__ import annotations

import copy
import io
import json
import pickle
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.artist import Artist
from PIL import Image

from rainmer_analysis.draw import Drawing, plot_map, plot_matrix, provenance_path
from rainmer_analysis.errors import OutputExistsError, ParameterError

NAMES = ("DDN_1", "GTAV-balance")


@pytest.fixture
def drawing(make_map) -> Drawing:
    return plot_map(make_map(NAMES, count=4))


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_the_same_drawing_gives_the_same_bytes(tmp_path: Path, make_map, suffix: str) -> None:
    first = plot_map(make_map(NAMES, count=4)).save(tmp_path / f"a.{suffix}").read_bytes()
    again = plot_map(make_map(NAMES, count=4))
    again.save(tmp_path / "warm.png")  # saving once must not change what is saved next
    assert again.save(tmp_path / f"c.{suffix}").read_bytes() == first


def test_png_has_300_dots_per_inch(tmp_path: Path, drawing: Drawing) -> None:
    with Image.open(drawing.save(tmp_path / "map.png")) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert picture.width == 1500


def test_svg_holds_text_as_text(tmp_path: Path, drawing: Drawing) -> None:
    svg = drawing.save(tmp_path / "map.svg").read_text(encoding="utf-8")
    for words in ("rainmer/chromatic", "longitude", "GTAV-balance (n = 4)", "−120°"):
        assert f">{words}</text>" in svg
    assert "<dc:date>" not in svg


def test_pdf_embeds_truetype_and_no_date(tmp_path: Path, drawing: Drawing) -> None:
    pdf = drawing.save(tmp_path / "map.pdf").read_bytes()
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    content = b"".join(zlib.decompress(s) for s in streams if s[:1] == b"x")
    assert b"Tj" in content or b"TJ" in content


def test_formats_share_one_provenance_file(tmp_path: Path, drawing: Drawing) -> None:
    for suffix in ("pdf", "png", "svg"):
        drawing.save(tmp_path / f"figure2.{suffix}")
    assert provenance_path("figure2.pdf") == Path("figure2.provenance.json")
    said = json.loads((tmp_path / "figure2.provenance.json").read_text(encoding="utf-8"))
    assert list(said["pictures"]) == ["figure2.pdf", "figure2.png", "figure2.svg"]
    assert said["kind"] == "drawing"
    assert said["libraries"]["matplotlib"] == mpl.__version__
    assert said["maps"][0]["counts"]["DDN_1"] == 4
    assert said["maps"][0]["space"]["weights_sha256"] == "ab" * 32
    assert said["maps"][0]["parameters"] == {"seed": 0}


def test_the_identical_request_is_left_as_it_is(tmp_path: Path, make_map) -> None:
    path = plot_map(make_map(NAMES, count=4)).save(tmp_path / "map.png")
    before = path.stat().st_mtime_ns
    same = plot_map(make_map(NAMES, count=4))
    assert same.up_to_date_or_refuse(path)
    same.save(path)
    assert path.stat().st_mtime_ns == before


def test_overwriting_draws_the_identical_request_anew(tmp_path: Path, drawing: Drawing) -> None:
    path = drawing.save(tmp_path / "map.png")
    drawing.save(tmp_path / "map.svg")
    beside = provenance_path(path)
    before, said = path.read_bytes(), beside.read_text(encoding="utf-8")
    old = path.stat().st_ino
    assert not drawing.up_to_date_or_refuse(path, overwrite=True)
    drawing.save(path, overwrite=True)
    assert path.stat().st_ino != old
    assert path.read_bytes() == before
    assert beside.read_text(encoding="utf-8") == said


def test_another_request_needs_permission(tmp_path: Path, make_map) -> None:
    path = plot_map(make_map(NAMES, count=4)).save(tmp_path / "map.png")
    other = plot_map(make_map(NAMES, count=4, seed=1))
    before = path.read_bytes()
    with pytest.raises(OutputExistsError, match=r"map\.png already exists.*--overwrite"):
        other.save(path)
    assert path.read_bytes() == before
    other.save(path, overwrite=True)
    assert path.read_bytes() != before
    assert other.up_to_date_or_refuse(path)


def test_a_format_of_another_request_is_not_claimed(tmp_path: Path, make_map) -> None:
    pdf = plot_map(make_map(NAMES, count=4)).save(tmp_path / "map.pdf")
    other = plot_map(make_map(NAMES, count=4, seed=1))
    with pytest.raises(OutputExistsError, match=r"map\.provenance\.json already exists"):
        other.save(tmp_path / "map.png")
    assert not (tmp_path / "map.png").exists()
    other.save(tmp_path / "map.png", overwrite=True)
    said = json.loads(provenance_path(pdf).read_text(encoding="utf-8"))
    assert list(said["pictures"]) == ["map.png"]
    with pytest.raises(OutputExistsError, match=r"map\.pdf already exists"):
        other.save(pdf)


def test_a_changed_picture_is_not_up_to_date(tmp_path: Path, drawing: Drawing) -> None:
    path = drawing.save(tmp_path / "map.png")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(OutputExistsError, match="belongs to something else"):
        drawing.save(path)


@pytest.mark.parametrize("text", ["", "[]", '{"request": 1}', "\x00"])
def test_a_foreign_provenance_file_is_not_replaced(
    tmp_path: Path, drawing: Drawing, text: str
) -> None:
    beside = tmp_path / "map.provenance.json"
    beside.write_text(text, encoding="utf-8")
    with pytest.raises(OutputExistsError, match=r"provenance\.json already exists"):
        drawing.save(tmp_path / "map.png")
    assert beside.read_text(encoding="utf-8") == text


def test_more_provenance_is_another_request(tmp_path: Path, drawing: Drawing) -> None:
    path = drawing.save(tmp_path / "map.png", provenance={"commit": "abc"})
    said = json.loads(provenance_path(path).read_text(encoding="utf-8"))
    assert said["commit"] == "abc"
    assert drawing.up_to_date_or_refuse(path, provenance={"commit": "abc"})
    with pytest.raises(OutputExistsError):
        drawing.save(path)


def test_an_unknown_suffix_is_refused(tmp_path: Path, drawing: Drawing) -> None:
    with pytest.raises(ParameterError, match=r"'map\.jpg'; use a name that ends in \.png"):
        drawing.save(tmp_path / "map.jpg")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_never_replaced(tmp_path: Path, drawing: Drawing) -> None:
    (tmp_path / "map.png").mkdir()
    with pytest.raises(OutputExistsError):
        drawing.save(tmp_path / "map.png", overwrite=True)


def test_a_failing_print_leaves_nothing(tmp_path: Path, drawing: Drawing, monkeypatch) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(drawing.figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        drawing.save(tmp_path / "map.png")
    assert list(tmp_path.iterdir()) == []


def test_saving_to_names_with_dots_and_spaces(tmp_path: Path, make_matrix) -> None:
    path = plot_matrix(make_matrix()).save(tmp_path / "my figure v1.2 ü.svg")
    assert path.is_file()
    assert (tmp_path / "my figure v1.2 ü.provenance.json").is_file()


def test_artists_are_read_only(drawing: Drawing) -> None:
    with pytest.raises(TypeError):
        drawing.artists["legend"] = None  # type: ignore[index]


def test_a_drawing_is_named_in_one_short_line(make_map, make_matrix) -> None:
    drawn = plot_map(make_map())
    width, height = drawn.figure.get_size_inches()
    size = f"{width:.1f} x {height:.1f} in"
    assert repr(drawn) == f"<Drawing: map, {size}, {len(drawn.artists)} artists>"
    assert re.fullmatch(r"<Drawing: matrix, [^\n]{1,40}>", repr(plot_matrix(make_matrix())))


def test_a_drawing_shows_itself_in_notebooks(drawing: Drawing) -> None:
    with Image.open(io.BytesIO(drawing._repr_png_())) as picture:
        assert picture.format == "PNG"
        assert picture.width == 600


@pytest.mark.parametrize("how", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])
@pytest.mark.parametrize("view", ["lonlat", "mollweide", "matrix"])
def test_copies_and_pickles_draw_the_same(
    tmp_path: Path, make_map, make_matrix, view: str, how: Callable[[Drawing], Drawing]
) -> None:
    drawn = (
        plot_matrix(make_matrix(NAMES))
        if view == "matrix"
        else plot_map(make_map(NAMES, count=4), view=view)
    )
    twin = how(drawn)
    assert twin.figure is not drawn.figure
    assert list(twin.artists) == list(drawn.artists)
    held = set(twin.figure.findobj())
    shown = [each for each in twin.artists.values() if isinstance(each, Artist)]
    assert shown
    assert set(shown) <= held
    pictures = [
        each.save(tmp_path / f"{n}.png").read_bytes() for n, each in enumerate((drawn, twin))
    ]
    assert pictures[0] == pictures[1]
