"""Names pair as datasets write them, and never by guess."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.datasets import pair_names, parse_patterns


def _decomposed(name: str) -> str:
    """Write accents as some file systems do."""
    return unicodedata.normalize("NFD", name)


def _target(image: str, *targets: str, rule: str | None = None) -> str | None:
    pairing = pair_names([image], targets, None if rule is None else parse_patterns(rule))
    return dict(pairing.pairs).get(image)


@pytest.mark.parametrize(
    ("image", "targets", "wanted"),
    [
        ("1.png", ["1.png", "1.jpg"], "1.png"),
        ("1.JPG", ["1.jpg"], "1.jpg"),
        ("1.jpg", ["1.png"], "1.png"),
        ("1.jpg", ["1.png", "1.bmp"], None),
        ("1.png", ["01.png", "11.png"], None),
        ("a/1.png", ["1.png", "b/1.png"], None),
        ("a.jpg.png", ["a.jpg"], "a.jpg"),
        (_decomposed("été/ü.png"), ["été/ü.jpg"], "été/ü.jpg"),
        (
            "für.png",
            [unicodedata.normalize("NFD", "für.png")],
            unicodedata.normalize("NFD", "für.png"),
        ),
        ("A.png", ["a.png"], None),
    ],
)
def test_equal_names(image: str, targets: list[str], wanted: str | None) -> None:
    assert _target(image, *targets) == wanted


@pytest.mark.parametrize(
    ("rule", "image", "targets", "wanted"),
    [
        (
            "rain-* -> norain-*",
            "rain-001.png",
            ["norain-001.png", "rain-001.png"],
            "norain-001.png",
        ),
        ("*_rain -> *_clean", "0_rain.png", ["0_clean.jpg", "1_clean.jpg"], "0_clean.jpg"),
        ("*_* -> *", "1400_1.jpg", ["1400.jpg", "1400_1.jpg"], "1400.jpg"),
        ("*x2 -> *", "001x2.png", ["001.png"], "001.png"),
        ("*_s*_a* -> *", "im_0001_s80_a04.png", ["im_0001.png", "im.png"], "im_0001.png"),
        ("* -> *gt", "s/000.png", ["s/000gt.png", "000gt.png"], "s/000gt.png"),
        ("*/*R-* -> */*C-000", "Ox 1/cam-R-07.png", ["Ox 1/cam-C-000.png"], "Ox 1/cam-C-000.png"),
        ("rain -> clean", "scene 7/rain.png", ["scene 7/clean.png"], "scene 7/clean.png"),
        ("*.jpg -> *.png", "1.jpg", ["1.jpg", "1.png"], "1.png"),
        ("*.jpg -> *.png", "1.png", ["1.png"], None),
        ("*_rain -> *_clean", "0_rain.jpg.png", ["0_clean.jpg"], "0_clean.jpg"),
        ("*_* -> *", "a_b_c.png", ["a_b.png"], "a_b.png"),
        ("*_* -> *", "a_b_c.png", ["a_b.png", "a.png"], None),
        ("*_* -> *", "_b.png", [".png", "_b.png"], None),
        ("*_regen -> *", "grün_regen.png", [_decomposed("grün.png")], _decomposed("grün.png")),
    ],
)
def test_patterns(rule: str, image: str, targets: list[str], wanted: str | None) -> None:
    assert _target(image, *targets, rule=rule) == wanted


def test_what_is_unclear_is_said() -> None:
    pairing = pair_names(["a_b_c.png"], ["a.png", "a_b.png"], parse_patterns("*_* -> *"))
    assert pairing.unclear == {"a_b_c.png": "a.png or a_b.png"}
    assert pairing.inputs == ("a_b_c.png",)
    assert pairing.targets == ("a.png", "a_b.png")


def test_many_images_share_a_target_and_patterns_follow_each_other() -> None:
    images = [f"im_{n}_s{s}_a1.png" for n in (1, 2) for s in (80, 90)] + ["3_rain.png"]
    rules = parse_patterns(["*_s*_a* -> *", "*_rain -> *_clean"])
    pairing = pair_names(images, ["im_1.png", "im_2.png", "3_clean.png", "x.png"], rules, once=True)
    assert [target for _, target in pairing.pairs] == [
        *("im_1.png", "im_1.png", "im_2.png", "im_2.png", "3_clean.png")
    ]
    assert pairing.targets == ("x.png",)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("rain-*", "is no pattern of pairs; write IMAGE -> TARGET"),
        ("a -> b -> c", "is no pattern of pairs"),
        (" -> b", "is no pattern of pairs"),
        ("* -> *_*", "no more of them on its right side"),
        ("** -> *", "separate"),
        ("*1*2*3*4*5*6*7* -> *", "up to 6 separate"),
    ],
)
def test_what_is_no_pattern_is_refused(rule: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        parse_patterns(rule)


_names = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "s/"]),
        st.text("ab_é", min_size=1, max_size=4),
        st.sampled_from([".png", ".jpg", ".PNG", ".jpg.png"]),
    ),
    unique=True,
    max_size=8,
)


@given(_names, _names, st.booleans())
def test_laws_of_pairing(inputs: list[str], targets: list[str], once: bool) -> None:
    pairing = pair_names(inputs, targets, once=once)
    assert sorted([each for each, _ in pairing.pairs] + list(pairing.inputs)) == sorted(inputs)
    used = [target for _, target in pairing.pairs]
    assert set(used) | set(pairing.targets) == set(targets)
    assert not set(used) & set(pairing.targets)
    assert not once or len(set(used)) == len(used)
    for each in set(inputs) & set(targets):
        assert (each, each) in pairing.pairs
    turned = pair_names(inputs[::-1], targets[::-1], once=once)
    assert dict(turned.pairs) == dict(pairing.pairs)
