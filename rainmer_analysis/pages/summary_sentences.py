"""What the datasets are, how they relate and how sure that is, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rainmer_analysis.pages.format_names_and_numbers import (
    count_with_noun,
    format_number,
    join_names,
    score_in_words,
    space_title,
    view_in_words,
)
from rainmer_analysis.pages.matrix_tables import APART, NOT_APART, Pair, pairs_most_alike_first
from rainmer_analysis.pages.report_content import FindingsOfKind, ReportContent, SpaceResults

__all__ = [
    "FEW_SCENES",
    "certainty_sentences",
    "dataset_sentences",
    "headings_and_relation_sentences",
    "lead_paragraph",
    "page_title",
]

FEW_SCENES = 30
"""Datasets of fewer scenes are named as small."""


def page_title(content: ReportContent) -> str:
    """Name the datasets that the page relates."""
    return f"How {join_names([each.name for each in content.datasets])} relate"


def lead_paragraph(content: ReportContent) -> str:
    """Say the most important things in two or three sentences."""
    encoder = content.panels[0].map.space.encoder
    found = []
    for panel in content.panels:
        pairs = [] if panel.matrix is None else pairs_most_alike_first(panel.matrix)
        if pairs and panel.map.space.encoder == encoder:
            found.append(_nearest_and_farthest_sentence(panel, pairs))
    return " ".join([*found, *_undecided_pairs_sentences(content.panels)])


def dataset_sentences(content: ReportContent) -> list[str]:
    """Say which datasets are shown, and what was left out."""
    images = sum(each.images for each in content.datasets)
    found = [
        f"{count_with_noun(len(content.datasets), 'dataset')}, {count_with_noun(images, 'image')}."
    ]
    if content.skipped:
        left_out = count_with_noun(len(content.skipped), "image")
        found.append(f"{left_out} could not be used; the reasons stand under Provenance.")
    if content.audit is not None:
        found.append(_audit_sentence(content.audit))
    return [*found, *content.notes]


def headings_and_relation_sentences(content: ReportContent) -> list[tuple[str, list[str]]]:
    """Say, for each space, which datasets are near each other and which stand apart."""
    return [(_space_heading(panel), _space_sentences(panel)) for panel in content.panels]


def certainty_sentences(content: ReportContent) -> list[str]:
    """Say how far the numbers can be relied on."""
    found = []
    first = next((each.matrix for each in content.panels if each.matrix is not None), None)
    if first is not None and first.low is not None:
        level, resamples = first.parameters["level"], first.parameters["resamples"]
        found.append(
            f"Intervals in brackets are {level:.0%} intervals over scenes ({resamples:,} bootstrap "
            "resamples): they say what other scenes of the same kinds would have given, not what "
            "another training of the network would."
        )
    if first is not None and first.q is not None:
        found.append(_permutation_test_sentence(content.panels))
    small = [each for each in content.datasets if each.scenes < FEW_SCENES]
    if small:
        named = [f"{each.name} ({count_with_noun(each.scenes, 'scene')})" for each in small]
        found.append(
            f"{join_names(named)} "
            f"{'is' if len(small) == 1 else 'are'} small: a few other images could move the "
            "numbers noticeably."
        )
    worst = min(content.panels, key=lambda panel: panel.map.fidelity.get("trustworthiness", 1.0))
    if "trustworthiness" in worst.map.fidelity:
        found.append(
            "Maps are pictures of the spaces, not measurements: of a perfect 1, the least faithful "
            f"here ({space_title(worst.name)}) has a trustworthiness of "
            f"{format_number(worst.map.fidelity['trustworthiness'], 3)}. All scores, "
            "neighbours and tests are taken in the spaces themselves."
        )
    return [
        *found,
        "Likeness in these spaces is an observation about images. That like datasets help each "
        "other in training is the hypothesis of the paper, which this report does not test.",
    ]


def _audit_sentence(kinds: Sequence[FindingsOfKind]) -> str:
    """Say what an audit of the images found, by kind."""
    if not kinds:
        return "An audit found no copies, shared scenes, faulty pairs or unreadable files."
    counted = join_names([f"{each.meaning} ({each.count:,})" for each in kinds])
    return f"An audit found {counted}; they stand under Audit."


def _nearest_and_farthest_sentence(panel: SpaceResults, pairs: Sequence[Pair]) -> str:
    about = view_in_words(panel.map.space.view) or f"the space {panel.name}"
    if len(pairs) == 1:
        return f"By {about}, {join_names(pairs[0].names)} score {pairs[0].text}."
    nearest, farthest = join_names(pairs[0].names), join_names(pairs[-1].names)
    return f"By {about}, {nearest} are most alike, {farthest} least."


def _undecided_pairs_sentences(panels: Sequence[SpaceResults]) -> list[str]:
    """Say which pairs no test tells apart, or that all are told apart."""
    tested, open_ = 0, []
    for panel in panels:
        for pair in pairs_most_alike_first(panel.matrix) if panel.matrix is not None else ():
            tested += bool(pair.verdict)
            if pair.verdict == NOT_APART:
                open_.append(f"{join_names(pair.names)} in {space_title(panel.name)}")
    if not tested:
        return []
    if not open_:
        return ["Every pair differs in every space by more than chance would give."]
    return [f"Chance alone could explain the difference of {join_names(open_)}."]


def _space_heading(panel: SpaceResults) -> str:
    about = view_in_words(panel.map.space.view)
    name = space_title(panel.name)
    return f"{name} ({about})" if about else name


def _space_sentences(panel: SpaceResults) -> list[str]:
    found = []
    pairs = [] if panel.matrix is None else pairs_most_alike_first(panel.matrix)
    if len(pairs) == 1:
        found.append(f"{_pair_phrase(panel, pairs[0])}.")
    elif pairs:
        found.append(f"Most alike: {_pair_phrase(panel, pairs[0])}.")
        found.append(f"Least alike: {_pair_phrase(panel, pairs[-1])}.")
    if pairs:
        found += _within_dataset_sentences(panel)
    if len(panel.isolation) > 1:
        found.append(_neighbourhood_sentence(panel))
    return found


def _pair_phrase(panel: SpaceResults, pair: Pair) -> str:
    assert panel.matrix is not None
    doubt = f", {NOT_APART} by the test" if pair.verdict == NOT_APART else ""
    return f"{join_names(pair.names)}, {score_in_words(panel.matrix.score)} {pair.text}{doubt}"


def _within_dataset_sentences(panel: SpaceResults) -> list[str]:
    """Say what datasets reach with themselves, which other scores are read beside."""
    matrix = panel.matrix
    if matrix is None or matrix.is_distance:
        return []
    diagonal = [float(matrix.values[at, at]) for at in range(len(matrix.datasets))]
    known = sorted(
        (value, name)
        for value, name in zip(diagonal, matrix.datasets, strict=True)
        if math.isfinite(value)
    )
    if len(known) < 2:
        return []
    (low, least), (high, most) = known[0], known[-1]
    decimals = matrix.decimals
    return [
        "For comparison, images of one dataset with each other: "
        f"{format_number(low, decimals)} ({least}) to {format_number(high, decimals)} ({most})."
    ]


def _neighbourhood_sentence(panel: SpaceResults) -> str:
    counts = panel.map.rows.counts
    total = sum(counts.values())
    shares = [
        f"{share:.0%} for {name} (by chance {counts[name] / total:.0%})"
        for name, share in sorted(panel.isolation.items(), key=lambda item: -item[1])
    ]
    return f"Of an image's nearest images, its own dataset has {join_names(shares)}."


def _permutation_test_sentence(panels: Sequence[SpaceResults]) -> str:
    matrices = [each.matrix for each in panels if each.matrix is not None]
    pairs = [pair for matrix in matrices for pair in pairs_most_alike_first(matrix) if pair.verdict]
    apart = sum(pair.verdict == APART for pair in pairs)
    null = matrices[0].parameters["null"]
    if apart == len(pairs):
        what = f"tells all {len(pairs)} pairs" if len(pairs) != 1 else "tells the pair"
    else:
        what = f"tells {apart} of {len(pairs)} pairs"
    return (
        f"A test by {null:,} permutations of scenes {what} apart (q up to 0.05, over all pairs of "
        "a space): the difference of the two datasets is more than two halves of one would show."
    )
