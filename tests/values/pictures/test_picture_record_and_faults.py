"""Records in pictures: written, read by other programs, and what is found when they change."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from rainmer_analysis.errors import FileFormatError
from rainmer_analysis.values import (
    carries_record,
    picture_sha256,
    read_record,
    running_command,
    state_running_command,
    with_record,
)

SUFFIXES = [".png", ".pdf", ".svg"]
SAID = {"draws": "test", "numbers": {"values": [[0.25, -1e-17]], "name": "<ü & ]]>\n"}}


def drawn(suffix: str, text: str = "0.25") -> bytes:
    figure = Figure(figsize=(1, 1))
    figure.text(0.2, 0.5, text)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix[1:])
    return buffer.getvalue()


@pytest.fixture(params=SUFFIXES)
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"picture{request.param}"
    path.write_bytes(with_record(drawn(request.param), request.param, SAID))
    return path


def change(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert data.count(old) >= 1
    path.write_bytes(data.replace(old, new, 1))


def test_what_is_written_is_read(picture: Path) -> None:
    found = read_record(picture)
    assert (found.record_fault, found.picture_fault, found.suffix) == ("", "", picture.suffix)
    assert {name: found.document[name] for name in SAID} == SAID
    assert found.document["picture_sha256"] == found.content_sha256
    assert carries_record(picture)


def test_a_picture_by_another_name_is_known_by_its_content(picture: Path) -> None:
    other = picture.rename(picture.with_name("figure.bin"))
    assert read_record(other).suffix == picture.suffix


def test_a_changed_number_is_found(picture: Path) -> None:
    change(picture, b"[[0.25,", b"[[0.26,")
    found = read_record(picture)
    assert "edited or is damaged" in found.record_fault
    assert found.document["numbers"]["values"][0][0] == 0.26


def test_another_drawing_is_found(picture: Path) -> None:
    record = with_record(drawn(picture.suffix), picture.suffix, SAID)
    other = with_record(drawn(picture.suffix, "0.26"), picture.suffix, SAID)
    sums = [re.search(rb"picture_sha256[^0-9a-f]*([0-9a-f]{64})", each) for each in (record, other)]
    assert sums[0]
    assert sums[1]
    picture.write_bytes(other.replace(sums[1][1], sums[0][1]))
    found = read_record(picture)
    assert found.record_fault  # its digest was that of the other drawing's sum
    assert found.picture_fault == "what is drawn is not what the record was written for"


def test_a_picture_without_a_record_is_refused(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"plain{suffix}"
        path.write_bytes(drawn(suffix))
        assert not carries_record(path)
        with pytest.raises(FileFormatError, match="carries no record of this package; give a"):
            read_record(path)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4", b"<svg", b"\x89PNG" * 9])
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.png"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="carries no record"):
        read_record(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.98])
def test_a_picture_that_was_cut_off_is_found_or_refused(picture: Path, share: float) -> None:
    data = picture.read_bytes()
    picture.write_bytes(data[: int(share * len(data))])
    try:
        found = read_record(picture)
    except FileFormatError:
        return
    assert found.record_fault or found.picture_fault


def test_a_record_that_is_no_json_is_found(picture: Path) -> None:
    change(picture, b'"numbers"', b'"numbers\\')
    found = read_record(picture)
    assert found.document == {}
    assert "cannot be read" in found.record_fault


def test_a_newer_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.svg"
    path.write_bytes(with_record(drawn(".svg"), ".svg", {"version": 9}))
    with pytest.raises(FileFormatError, match=r"has version 9.*update rainmer-analysis"):
        read_record(path)


def test_how_pixels_are_packed_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    data = with_record(drawn(".png"), ".png", SAID)
    path.write_bytes(data)
    with Image.open(path) as image:
        text = image.info["rainmer_analysis"]  # other programs read it by its keyword
        image.load()
        buffer = io.BytesIO()
        image.save(buffer, format="PNG", compress_level=0)
    assert json.loads(text)["draws"] == "test"
    assert picture_sha256(buffer.getvalue()) == picture_sha256(data)
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGBA")).copy()
    pixels[0, 0, 0] ^= 1
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    assert picture_sha256(buffer.getvalue()) != picture_sha256(data)


def test_an_svg_stays_well_formed_with_other_ends_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    data = with_record(drawn(".svg"), ".svg", SAID)
    element = ElementTree.fromstring(data).find("*[@id='rainmer_analysis']")
    assert element is not None
    assert json.loads(element.text or "")["numbers"] == SAID["numbers"]
    path.write_bytes(data.replace(b"\n", b"\r\n"))
    assert read_record(path).picture_fault == ""


def test_a_pdf_points_at_its_objects(tmp_path: Path) -> None:
    path = tmp_path / "picture.pdf"
    plain = drawn(".pdf")
    data = with_record(plain, ".pdf", SAID)
    path.write_bytes(data)
    assert data.startswith(plain)  # an incremental update
    start = int(re.findall(rb"startxref\n(\d+)", data)[-1])
    assert data[start:].startswith(b"xref\n0 1\n")
    entries = re.findall(rb"(\d+) 1\n(\d{10}) 00000 n \n", data[start:])
    assert len(entries) == 2
    for number, place in entries:
        assert data[int(place) :].startswith(b"%d 0 obj\n" % int(number))
    assert b"/Metadata %d 0 R" % int(entries[1][0]) in data
    length = re.search(rb"/Length (\d+) >>\nstream\n", data[len(plain) :])
    assert length
    end = len(plain) + length.end() + int(length[1])
    assert data[end:].startswith(b"\nendstream")
    # another update could draw over the picture
    path.write_bytes(data + plain[-300:])
    assert read_record(path).picture_fault


def test_a_command_states_what_shapes_the_result() -> None:
    assert running_command() is None
    asked = ["plot", "map", "/data/me/map 1.parquet", "--out", "x.png", "--json", "--view=lonlat"]
    with state_running_command([*asked, "night=/data/me/night", "maps/b.parquet"]):
        told = running_command()
    assert told == (
        "rainmer-analysis plot map 'map 1.parquet' --view=lonlat night=night maps/b.parquet"
    )
    assert running_command() is None
