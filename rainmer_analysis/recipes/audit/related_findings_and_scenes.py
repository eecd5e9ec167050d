"""From related photographs to findings about images, and to scenes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rainmer_analysis.auditing import (
    Finding,
    RelatedPair,
    Thumbnails,
    find_related_pairs,
    find_thumbnail_relation,
    first_member_of_component,
)
from rainmer_analysis.recipes.audit.examine_images import ExaminedImage, FileFacts, stack_thumbnails
from rainmer_analysis.recipes.audit.gather_images import AuditedImage

__all__ = ["FindingsAndScenes", "related_findings_and_scenes"]

Progress = Callable[[int, int], None]
_WHOLE = (0.0, 0.0, 1.0, 1.0)


class FindingsAndScenes(NamedTuple):
    """Findings between images, and the scene of every image."""

    findings: list[Finding]
    scenes: list[str]


def related_findings_and_scenes(
    images: Sequence[AuditedImage],
    examined: Sequence[ExaminedImage],
    *,
    seed: int = 42,
    progress: Progress | None = None,
) -> FindingsAndScenes:
    """Find copies and shared scenes among all images.

    The scene of an image is known by its clean partner where that can be read. Every image is
    reported with its nearest earlier relative in each dataset at most, so that a scene of a
    thousand frames makes a thousand findings, not half a million.
    """
    collection = _group_images_by_photograph(images, examined)
    related = find_related_pairs(
        collection.thumbnails(),
        clean=[collection.has_readable_partner(numbers[0]) for numbers in collection.members],
        seed=seed,
        progress=progress,
    )
    found: dict[tuple[str, str | None], Finding] = {}
    for finding in (
        *_equal_pixel_findings(collection),
        *_same_clean_partner_findings(collection),
        *_copy_and_same_scene_findings(collection, related),
    ):
        found.setdefault((finding.a, finding.b), finding)
    return FindingsAndScenes(list(found.values()), _scene_of_each_image(collection, related))


@dataclass(frozen=True)
class _ImagesAndPhotographs:
    """All images, and the distinct photographs (by pixels) by which their scenes are known.

    ``photographs`` are those, ``shows`` the number of each image's photograph, None where there is
    none that can be read, and ``members`` the images of each photograph.
    """

    images: Sequence[AuditedImage]
    examined: Sequence[ExaminedImage]
    photographs: Sequence[FileFacts]
    shows: Sequence[int | None]
    members: Sequence[Sequence[int]]

    def thumbnails(self) -> Thumbnails:
        """Return those of all photographs, shape (n, 2, 96, 96)."""
        return stack_thumbnails(self.photographs)

    def has_readable_partner(self, number: int) -> bool:
        """Return whether an image's scene is known by its partner, which can be read."""
        partner = self.examined[number].partner
        return partner is not None and not partner.reason

    def make_finding(self, kind: str, at: tuple[int, int], detail: str, **numbers: Any) -> Finding:
        """Return a finding about an image and an earlier one."""
        own, other = (self.images[number] for number in at)
        leak = own.split != other.split
        return Finding(kind, own.image_id, other.image_id, detail, leak, numbers)


def _group_images_by_photograph(
    images: Sequence[AuditedImage], examined: Sequence[ExaminedImage]
) -> _ImagesAndPhotographs:
    numbers: dict[str, int] = {}
    photographs: list[FileFacts] = []
    members: list[list[int]] = []
    shows: list[int | None] = []
    for place, facts in enumerate(examined):
        side = facts.scene_photograph
        if side is None:
            shows.append(None)
            continue
        if side.pixels not in numbers:
            numbers[side.pixels] = len(photographs)
            photographs.append(side)
            members.append([])
        shows.append(numbers[side.pixels])
        members[numbers[side.pixels]].append(place)
    return _ImagesAndPhotographs(images, examined, photographs, shows, members)


def _equal_pixel_findings(collection: _ImagesAndPhotographs) -> Iterator[Finding]:
    """Report images whose own pixels are those of an earlier one."""
    first: dict[str, int] = {}
    for number, facts in enumerate(collection.examined):
        if facts.own.reason:
            continue
        known = first.setdefault(facts.own.pixels, number)
        if known != number:
            same = facts.own.sha256 == collection.examined[known].own.sha256
            detail = "equal files" if same else "equal pixels in different files"
            yield collection.make_finding("duplicate", (number, known), detail)


def _same_clean_partner_findings(collection: _ImagesAndPhotographs) -> Iterator[Finding]:
    """Report images whose clean partners have equal pixels, unless it is one file."""
    for numbers in collection.members:
        earlier: dict[str, int] = {}
        files: dict[tuple[str, str | None], int] = {}
        for number in numbers:
            own = collection.images[number]
            is_new = (own.dataset, own.job.target) not in files
            files.setdefault((own.dataset, own.job.target), number)
            for other in earlier.values() if is_new else ():
                kind, detail = _kind_and_detail_of_equal(collection, number, other)
                yield collection.make_finding(kind, (number, other), detail)
            earlier.setdefault(own.dataset, number)


def _kind_and_detail_of_equal(
    collection: _ImagesAndPhotographs, number: int, other: int
) -> tuple[str, str]:
    """Return a finding's kind and detail for two images whose photographs have equal pixels."""
    one, two = collection.examined[other].own, collection.examined[number].own
    clean = [collection.has_readable_partner(each) for each in (number, other)]
    if not all(clean):
        return "shared-scene", "the one is the clean partner of the other"
    if not (one.reason or two.reason):
        relation = find_thumbnail_relation(one.thumbnail, two.thumbnail, flip=False, window=_WHOLE)
        if relation == "copy":
            return "near-duplicate", "re-encoded or resized; their clean partners are equal"
    return "shared-scene", "their clean partners are equal"


def _copy_and_same_scene_findings(
    collection: _ImagesAndPhotographs, related: Sequence[RelatedPair]
) -> Iterator[Finding]:
    """Report each image with its nearest earlier relative in each dataset."""
    best: dict[tuple[int, str], tuple[float, RelatedPair, int]] = {}
    for each in related:
        for own, other in ((each.first, each.second), (each.second, each.first)):
            firsts: dict[str, int] = {}
            for number in collection.members[other]:
                firsts.setdefault(collection.images[number].dataset, number)
            for number in collection.members[own]:
                for dataset, earlier in firsts.items():
                    known = best.get((number, dataset))
                    if earlier < number and (known is None or known[0] < each.correlation):
                        best[number, dataset] = each.correlation, each, earlier
    for (number, _), (_, each, earlier) in sorted(best.items(), key=lambda item: item[0]):
        kind, detail = _kind_and_detail_of_related(collection, each, (number, earlier))
        yield collection.make_finding(
            kind,
            (number, earlier),
            detail,
            correlation=round(each.correlation, 4),
            mirrored=each.mirrored,
            window=[round(side, 4) for side in each.window],
        )


def _kind_and_detail_of_related(
    collection: _ImagesAndPhotographs, pair: RelatedPair, at: tuple[int, int]
) -> tuple[str, str]:
    how = _describe_change(collection, pair)
    clean = [collection.has_readable_partner(number) for number in at]
    if not any(clean):
        if pair.relation == "copy":
            return "near-duplicate", how or "re-encoded"
        return "shared-scene", _append_detail("one scene under other weather or light", how)
    if pair.relation == "copy" and all(clean):
        wide = pair.second if pair.within else pair.first
        order = at if collection.shows[at[0]] == wide else at[::-1]
        own = [collection.examined[number].own for number in order]
        if (
            not any(each.reason for each in own)
            and find_thumbnail_relation(
                own[0].thumbnail, own[1].thumbnail, flip=pair.mirrored, window=pair.window
            )
            == "copy"
        ):
            return "near-duplicate", how or "re-encoded"
    what = "their clean partners" if all(clean) else "the clean partner of one and the other image"
    if pair.relation == "copy":
        return "shared-scene", _append_detail(f"{what} are copies", how)
    return "shared-scene", _append_detail(f"{what} show one scene", how)


def _describe_change(collection: _ImagesAndPhotographs, pair: RelatedPair) -> str:
    """Name what was done to a copy beyond encoding it anew."""
    sizes = {
        (each.width, each.height)
        for each in (collection.photographs[pair.first], collection.photographs[pair.second])
    }
    parts = ["mirrored"] if pair.mirrored else []
    if pair.is_cropped:
        parts.append("cropped")
    elif len(sizes) > 1:
        parts.append("resized")
    return ", ".join(parts)


def _append_detail(detail: str, how: str) -> str:
    return f"{detail}, {how}" if how else detail


def _scene_of_each_image(
    collection: _ImagesAndPhotographs, related: Sequence[RelatedPair]
) -> list[str]:
    """Name every image's scene: images are joined by name, by photograph and as related."""
    images, members = collection.images, collection.members
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, image in enumerate(images):
        if image.scene is not None:
            by_name[image.scene].append(number)
    pairs = [
        (joined[0], number) for joined in (*members, *by_name.values()) for number in joined[1:]
    ]
    pairs += [(members[each.first][0], members[each.second][0]) for each in related]
    firsts = [images[number] for number in first_member_of_component(len(images), pairs)]
    return [first.scene or first.image_id for first in firsts]
