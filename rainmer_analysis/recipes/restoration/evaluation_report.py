"""What an evaluation of restored images found: as values, as a nested document, and as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rainmer_analysis.images import PROTOCOLS, QUALITIES, Account, PsnrSsim
from rainmer_analysis.recipes.write_text_files import csv_text

__all__ = ["COLUMNS", "Evaluation", "ImageQuality", "scores_as_csv"]

_NUMBERS = ("psnr", "ssim")
_MEASURED = tuple(f"{name}_{number}" for name in PROTOCOLS for number in _NUMBERS)
COLUMNS = ("image", "target", "width", "height", *QUALITIES, *_MEASURED, "reason")


@dataclass(frozen=True)
class ImageQuality:
    """One image: its qualities and the numbers of every protocol, or the reason why it has none.

    ``image`` and ``target`` are relative paths, empty for a missing partner.
    """

    image: str
    target: str
    width: int | None = None
    height: int | None = None
    qualities: Mapping[str, float] | None = None
    reason: str = ""
    protocols: Mapping[str, PsnrSsim] | None = None

    @property
    def name(self) -> str:
        """What to call it."""
        return self.image or self.target


@dataclass(frozen=True)
class Evaluation:
    """Scores of all images, and where they are written (None if nowhere).

    ``accounts`` are those of all files of the two folders; ``border`` pixels were left out around.
    """

    scores: tuple[ImageQuality, ...]
    path: Path | None = None
    up_to_date: bool = False
    accounts: tuple[Account, ...] = ()
    border: int = 0

    @property
    def compared_images(self) -> tuple[ImageQuality, ...]:
        """Scores with qualities."""
        return tuple(each for each in self.scores if each.qualities is not None)

    @property
    def left_out_images(self) -> tuple[ImageQuality, ...]:
        """Scores with a reason."""
        return tuple(each for each in self.scores if each.qualities is None)

    @property
    def mean_qualities(self) -> dict[str, float]:
        """Means of the qualities over images; a PSNR is infinite where one of them is."""
        rows = [each.qualities for each in self.scores if each.qualities is not None]
        return {name: sum(row[name] for row in rows) / len(rows) for name in QUALITIES}

    @property
    def protocol_means(self) -> dict[str, PsnrSsim]:
        """Means of every protocol's numbers over images, as for `mean_qualities`."""
        rows = [each.protocols for each in self.scores if each.protocols is not None]
        return {
            name: PsnrSsim(
                *(sum(getattr(row[name], each) for row in rows) / len(rows) for each in _NUMBERS)
            )
            for name in PROTOCOLS
        }

    def document(self) -> dict[str, Any]:
        """Return the report as a nested value."""
        return {
            "kind": "evaluation",
            "count": len(self.compared_images),
            "means": self.mean_qualities,
            "crop_border": self.border,
            "protocols": {
                name: {
                    **asdict(found),
                    "channels": PROTOCOLS[name].channels,
                    "used": PROTOCOLS[name].used,
                }
                for name, found in self.protocol_means.items()
            },
            "images": [
                {
                    "image": each.image,
                    "target": each.target,
                    **(each.qualities or {}),
                    "protocols": {
                        name: asdict(found) for name, found in (each.protocols or {}).items()
                    },
                }
                for each in self.compared_images
            ],
            "left_out": [
                {"image": each.image, "target": each.target, "reason": each.reason}
                for each in self.left_out_images
            ],
        }


def scores_as_csv(scores: tuple[ImageQuality, ...]) -> str:
    """Return the scores as CSV, one row an image, numbers with six decimals."""
    rows = []
    for each in scores:
        known = each.qualities or {}
        cells = [f"{known[name]:.6f}" if name in known else "" for name in QUALITIES]
        for name in PROTOCOLS:
            found = each.protocols and each.protocols[name]
            cells += [f"{getattr(found, number):.6f}" if found else "" for number in _NUMBERS]
        rows.append([each.image, each.target, each.width, each.height, *cells, each.reason])
    return csv_text(COLUMNS, rows)
