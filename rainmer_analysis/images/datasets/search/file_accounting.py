"""What became of every file that lies in a folder: used, left out, not drawn, or passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rainmer_analysis.images.decoding import PACKED_SUFFIXES

__all__ = [
    "BESIDE",
    "HIDDEN",
    "NOT_THIS_SET",
    "NO_IMAGE",
    "OTHER",
    "UNMATCHED",
    "UNREAD",
    "Account",
    "merge_accounts",
]

HIDDEN = "in hidden and system folders"
UNREAD = "pictures in formats that are not read"
OTHER = "other files"
BESIDE = "beside input and target"
NO_IMAGE = "targets without an image"
UNMATCHED = "matching neither side of the pair pattern"
NOT_THIS_SET = "images of other sets"

_SHOWN = 4  # names per kind in a sentence


@dataclass(frozen=True)
class Account:
    """What was found below the folders of one dataset; every file counts once.

    Parameters
    ----------
    images
        Files that are named like images and count as images of the dataset.
    targets
        Files that are their clean partners.
    passed_over
        For each kind of file that is passed over (see the constants of this module), numbers of
        files by what they are called there: a folder, a suffix, a format.
    unread
        Relative paths of pictures in formats that are not read.
    unsearched
        Folders that cannot be searched, and why.
    repeated
        Links to folders that were reached another way, so that they are not searched again.
    """

    images: int = 0
    targets: int = 0
    passed_over: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unread: tuple[tuple[str, str], ...] = ()
    unsearched: tuple[tuple[str, str], ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def unread_reasons(self) -> tuple[tuple[str, str], ...]:
        """Relative paths of pictures in formats that are not read, and what to do about each."""
        return tuple(
            (path, f"a picture in the format {kind}, which is not read; convert it to PNG")
            for path, kind in self.unread
        )

    @property
    def passed_over_count(self) -> int:
        """Number of files that are passed over."""
        return sum(sum(names.values()) for names in self.passed_over.values())

    @property
    def file_count(self) -> int:
        """Number of all files."""
        return self.images + self.targets + self.passed_over_count

    def sentence(self, name: str, *, used: int, left_out: int, not_drawn: int = 0) -> str:
        """Say in one line what became of the files of a dataset.

        Parameters
        ----------
        name
            What the dataset is called.
        used, left_out, not_drawn
            How many of the images were used, left out for a reason, or not in the sample.
        """
        parts = [f"{used:,} used"]
        parts += [f"{left_out:,} left out"] if left_out else []
        parts += [f"{not_drawn:,} not drawn"] if not_drawn else []
        parts += [_counted_noun(self.targets, "target")] if self.targets else []
        if self.passed_over_count:
            kinds = "; ".join(
                _kind_with_top_names(kind, names) for kind, names in self.passed_over.items()
            )
            parts.append(f"{self.passed_over_count:,} passed over ({kinds})")
        line = f"{name}: {_counted_noun(self.file_count, 'file')}: {', '.join(parts)}"
        if self.repeated:
            links = _counted_noun(len(self.repeated), "link")
            line += f"; {links} to folders that are searched elsewhere"
        if self.unsearched:
            line += f"; {_counted_noun(len(self.unsearched), 'folder')} that cannot be searched"
        return line

    def warnings(self) -> tuple[str, ...]:
        """Say what is likely to be missed, with the first example of each."""
        found = []
        if self.unread:
            formats = Counter(kind for _, kind in self.unread)
            listed = ", ".join(f"{kind} {count:,}" for kind, count in sorted(formats.items()))
            found.append(
                f"{_counted_noun(len(self.unread), 'picture')} in formats that are not read "
                f"({listed}; the first is {self.unread[0][0]}): convert to PNG what belongs to it"
            )
        if self.unsearched:
            place, reason = self.unsearched[0]
            found.append(
                f"{_counted_noun(len(self.unsearched), 'folder')} that cannot be searched "
                f"(the first is {place}: {reason}): what lies there is missing"
            )
        return tuple(found)

    def reason_for_no_images(self) -> str:
        """Say what a folder holds that has no image, and what to do."""
        if self.warnings():
            return "; ".join(self.warnings())
        if not self.passed_over_count:
            return "it is empty"
        held = self.sentence("it holds", used=0, left_out=0).replace("it holds:", "it holds", 1)
        others = self.passed_over.get(OTHER, {})
        packed = ", ".join(f"{end} {others[end]:,}" for end in others if end in PACKED_SUFFIXES)
        if packed:
            return f"{held}; unpack the images of archives, arrays and videos ({packed}) into files"
        return f"{held}; name a folder with images, or give files that are images such a suffix"

    def document(self, *, used: int, left_out: int, not_drawn: int = 0) -> dict[str, Any]:
        """Return the account as JSON types; parameters as for `sentence`."""
        return {
            "files": self.file_count,
            "used": used,
            "left_out": left_out,
            "not_drawn": not_drawn,
            "targets": self.targets,
            "passed_over": {kind: dict(names) for kind, names in self.passed_over.items()},
            "unsearched": [list(each) for each in self.unsearched],
            "repeated": list(self.repeated),
        }


def merge_accounts(
    accounts: Iterable[Account], *, more_passed_over: Mapping[str, Mapping[str, int]]
) -> Account:
    """Join accounts of several folders, and more files that are passed over."""
    listed = list(accounts)
    passed: dict[str, Counter[str]] = {}
    for part in (*(each.passed_over for each in listed), more_passed_over):
        for kind, names in part.items():
            if names:
                passed.setdefault(kind, Counter()).update(names)
    return Account(
        sum(each.images for each in listed),
        sum(each.targets for each in listed),
        {kind: dict(names) for kind, names in passed.items()},
        tuple(found for each in listed for found in each.unread),
        tuple(found for each in listed for found in each.unsearched),
        tuple(found for each in listed for found in each.repeated),
    )


def _counted_noun(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _kind_with_top_names(kind: str, names: Mapping[str, int]) -> str:
    """Name a kind with its most frequent names."""
    order = sorted(names.items(), key=lambda each: (-each[1], each[0]))
    shown = [f"{name} {count:,}" for name, count in order[:_SHOWN]]
    rest = sum(count for _, count in order[_SHOWN:])
    shown += [f"others {rest:,}"] if rest else []
    return f"{kind}: {', '.join(shown)}"
