"""Which clean target belongs to which image, by names alone.

Without a rule, names pair that are equal after Unicode normalisation, whatever the suffix. A
pattern says how else they correspond::

    rain-* -> norain-*      rain-001.png with norain-001.png
    *_rain -> *_clean       0_rain.png with 0_clean.png
    *x2 -> *                001x2.png with 001.png
    *_s*_a* -> *            im_0001_s80_a04.png with im_0001.png, as many others
    */*R-* -> */*C-000      every frame of a place with its first clean one

The first ``*`` on the right stands for what the first ``*`` on the left stands for, and so on. A
pattern without a slash speaks of file names, and the folders must be equal; one with a slash of
whole relative paths. Suffixes are left away, or written on both sides. Several patterns are tried
one behind the other.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rainmer_analysis.errors import SourceError
from rainmer_analysis.images.decoding import IMAGE_SUFFIXES

__all__ = [
    "Pairing",
    "Pattern",
    "Rule",
    "nfc_name",
    "nfc_without_suffix",
    "pair_names",
    "parse_patterns",
]

_MAX_STARS = 6  # a name can be split among more of them in too many ways


@dataclass(frozen=True)
class Pairing:
    """Inputs with their targets, and those of each side that have no partner.

    ``unclear`` says of inputs for which several targets are possible, which ones.
    """

    pairs: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    unclear: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pattern:
    """One ``PATTERN -> PATTERN``: of either side the texts between stars, and a suffix or none."""

    image: tuple[str, ...]
    target: tuple[str, ...]
    image_suffix: str = ""
    target_suffix: str = ""

    @property
    def has_folders(self) -> bool:
        """Whether it speaks of relative paths and not of file names alone."""
        return any("/" in text for text in (*self.image, *self.target))

    def target_stems(self, stem: str) -> Iterator[str]:
        """Return the stems that a target may have, for each way to split the image's stem."""
        head, last = _split_folder_unless_matched(stem, self.image)
        for parts in _texts_under_stars(last, self.image):
            filled = "".join(
                f"{text}{part}"
                for text, part in zip(
                    self.target, (*parts[: len(self.target) - 1], ""), strict=True
                )
            )
            yield filled if not head or "/" in filled else f"{head}/{filled}"

    def matches_image(self, name: str) -> bool:
        """Return whether a relative path looks like that of an image."""
        return name.lower().endswith(self.image_suffix) and _matches_literals(
            nfc_without_suffix(name), self.image
        )

    def matches_target(self, name: str) -> bool:
        """Return whether a relative path looks like that of a target."""
        return name.lower().endswith(self.target_suffix) and _matches_literals(
            nfc_without_suffix(name), self.target
        )


Rule = tuple[Pattern, ...] | Mapping[str, str] | None


def parse_patterns(given: str | Sequence[str]) -> tuple[Pattern, ...]:
    """Read patterns.

    Raises
    ------
    SourceError
        A text is no pattern.
    """
    return tuple(_parse_pattern(each) for each in ([given] if isinstance(given, str) else given))


def _parse_pattern(given: str) -> Pattern:
    sides = [nfc_name(side.strip()) for side in given.split("->")]
    if len(sides) != 2 or not all(sides):
        raise SourceError(
            f"{given!r} is no pattern of pairs; write IMAGE -> TARGET, as in 'rain-* -> norain-*'"
        )
    stems, suffixes = zip(*(_split_image_suffix(side) for side in sides), strict=True)
    image, target = (tuple(stem.split("*")) for stem in stems)
    if len(image) > _MAX_STARS + 1 or len(target) > len(image) or "" in image[1:-1]:
        raise SourceError(
            f"the pattern of pairs {given!r} may hold up to {_MAX_STARS} separate * on its left "
            "side, and no more of them on its right side than on its left"
        )
    return Pattern(image, target, *suffixes)


def pair_names(
    inputs: Sequence[str], targets: Sequence[str], rule: Rule = None, *, once: bool = False
) -> Pairing:
    """Find each input's target.

    Parameters
    ----------
    inputs, targets
        Relative POSIX paths.
    rule
        Patterns; or targets by input; or None for equal names: first equal relative paths, then
        a target whose whole name stands before ``.png`` (``a.jpg.png``, as restored images may be
        called), then the only target of the folder and the stem.
    once
        Whether, for equal names, every target belongs to one input at most.
    """
    if rule is None:
        found, unclear = _pair_equal_names(inputs, targets, once=once)
    elif isinstance(rule, Mapping):
        here = set(targets)
        found = {each: rule[each] for each in inputs if rule.get(each) in here}
        unclear = {}
    else:
        found, unclear = _pair_by_patterns(inputs, targets, rule)
    used = set(found.values())
    return Pairing(
        tuple((each, found[each]) for each in inputs if each in found),
        tuple(each for each in inputs if each not in found),
        tuple(each for each in targets if each not in used),
        unclear,
    )


def nfc_name(name: str) -> str:
    """Return a name as it compares: accents composed, whatever system wrote it."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def nfc_without_suffix(name: str) -> str:
    """Return a relative path as it compares, without its suffix."""
    return os.path.splitext(nfc_name(name))[0]  # noqa: PTH122 - one of 100,000


def _split_image_suffix(name: str) -> tuple[str, str]:
    """Cut a name before the suffix of an image, if it has one."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122
    return (stem, suffix.lower()) if suffix.lower() in IMAGE_SUFFIXES else (name, "")


_Found = tuple[dict[str, str], dict[str, str]]
_Key = Callable[[str], str | None]


def _pair_equal_names(inputs: Sequence[str], targets: Sequence[str], *, once: bool) -> _Found:
    here = set(targets)
    found = {each: each for each in inputs if each in here}
    unclear: dict[str, str] = {}
    stages: tuple[tuple[_Key, _Key], ...] = (
        (nfc_name, nfc_name),
        (_without_png_suffix, nfc_name),
        (nfc_without_suffix, nfc_without_suffix),
    )
    for key_of_input, key_of_target in stages:
        left = [each for each in inputs if each not in found]
        if not left:
            break
        used = set(found.values()) if once else set()
        index = _index_by_key([each for each in targets if each not in used], key_of_target)
        keys = {each: key_of_input(each) for each in left}
        shared = Counter(keys.values()) if once else Counter()
        for each, key in keys.items():
            candidates = index.get(key, []) if key is not None else []
            if len(candidates) == 1 and shared[key] <= 1:
                found[each] = candidates[0]
                unclear.pop(each, None)
            elif len(candidates) > 1:
                unclear[each] = _join_with_or(candidates)
    return found, unclear


def _pair_by_patterns(
    inputs: Sequence[str], targets: Sequence[str], patterns: Sequence[Pattern]
) -> _Found:
    index = _index_by_key(targets, nfc_without_suffix)
    found: dict[str, str] = {}
    unclear: dict[str, str] = {}
    for each in inputs:
        for stem in _possible_stems(each):
            candidates = _candidate_targets(each, stem, index, patterns)
            if len(candidates) == 1:
                found[each] = candidates[0]
            elif candidates:
                unclear[each] = _join_with_or(candidates)
            if candidates:
                break
    return found, unclear


def _candidate_targets(
    own: str, stem: str, index: Mapping[str | None, list[str]], patterns: Sequence[Pattern]
) -> list[str]:
    """Find the targets that the first pattern which finds any allows; of its own suffix first."""
    for pattern in patterns:
        if not own.lower().endswith(pattern.image_suffix):
            continue
        found = {
            target
            for key in pattern.target_stems(stem)
            for target in index.get(key, [])
            if target.lower().endswith(pattern.target_suffix)
        }
        if len(found) > 1 and len({nfc_without_suffix(each) for each in found}) == 1:
            suffix = os.path.splitext(own)[1].lower()  # noqa: PTH122
            alike = {each for each in found if each.lower().endswith(suffix)}
            found = alike if len(alike) == 1 else found
        if found:
            return sorted(found)
    return []


def _possible_stems(name: str) -> Iterator[str]:
    """Return a name without its suffix, and without that of the image it was restored from."""
    stem = nfc_without_suffix(name)
    yield stem
    restored, suffix = _split_image_suffix(stem)
    if suffix and _without_png_suffix(name) is not None:
        yield restored


def _index_by_key(names: Sequence[str], key: _Key) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for each in names:
        found.setdefault(key(each), []).append(each)
    return found


def _without_png_suffix(name: str) -> str | None:
    return nfc_name(name[:-4]) if name.lower().endswith(".png") else None


def _join_with_or(names: Sequence[str]) -> str:
    return " or ".join(sorted(names)[:3]) + (" or others" if len(names) > 3 else "")


def _split_folder_unless_matched(stem: str, literals: Sequence[str]) -> tuple[str, str]:
    """Cut a path into its folder, if a side speaks of file names alone, and what it speaks of."""
    if any("/" in text for text in literals):
        return "", stem
    head, _, last = stem.rpartition("/")
    return head, last


def _matches_literals(stem: str, literals: Sequence[str]) -> bool:
    return (
        next(_texts_under_stars(_split_folder_unless_matched(stem, literals)[1], literals), None)
        is not None
    )


def _texts_under_stars(text: str, literals: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Return each way in which stars of at least one sign, between literals, make up a text."""
    first, *rest = literals
    if not text.startswith(first) or (not rest and text != first):
        return
    yield from _texts_under_remaining_stars(text[len(first) :], rest)


def _texts_under_remaining_stars(text: str, literals: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if not literals:
        if not text:
            yield ()
        return
    literal, *rest = literals
    if not rest:
        part = text[: len(text) - len(literal)] if text.endswith(literal) else ""
        if part and "/" not in part:
            yield (part,)
        return
    for place in re.finditer(f"(?={re.escape(literal)})", text):
        part = text[: place.start()]
        if "/" in part:
            return
        if part:
            for others in _texts_under_remaining_stars(text[place.start() + len(literal) :], rest):
                yield (part, *others)
