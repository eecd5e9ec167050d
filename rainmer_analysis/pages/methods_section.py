"""The methods section of a paper: what was done, with every number, and its sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rainmer_analysis.pages.format_names_and_numbers import (
    count_with_noun,
    format_number,
    join_names,
    space_title,
)
from rainmer_analysis.pages.report_content import ReportContent, SpaceResults

__all__ = ["SOURCES", "methods_headings_texts_and_sources", "methods_with_numbered_sources"]

SOURCES: Mapping[str, str] = {
    "rainmer": "Rainmer: Learning Multi-view Representations for Comprehensive Image Deraining "
    "and Beyond. Proceedings of the ACM International Conference on Multimedia, 2024, and its "
    "supplementary material.",
    "airnet": "B. Li, X. Liu, P. Hu, Z. Wu, J. Lv, X. Peng: All-in-One Image Restoration for "
    "Unknown Corruption. CVPR, 2022.",
    "umap": "L. McInnes, J. Healy, J. Melville: UMAP: Uniform Manifold Approximation and "
    "Projection for Dimension Reduction. arXiv:1802.03426, 2018.",
    "fidelity": "J. Venna, S. Kaski: Local multidimensional scaling. Neural Networks 19, 2006.",
    "bootstrap": "J. A. Hanley, B. MacGibbon: Creating non-parametric bootstrap samples using "
    "Poisson frequencies. Computer Methods and Programs in Biomedicine 83, 2006.",
    "fdr": "Y. Benjamini, Y. Hochberg: Controlling the False Discovery Rate. Journal of the Royal "
    "Statistical Society B 57, 1995.",
    "outliers": "S. Ramaswamy, R. Rastogi, K. Shim: Efficient Algorithms for Mining Outliers from "
    "Large Data Sets. SIGMOD, 2000.",
    "fences": "J. W. Tukey: Exploratory Data Analysis. Addison-Wesley, 1977.",
}
"""What methods rest on, by the key that the text cites."""


def methods_with_numbered_sources(
    content: ReportContent,
) -> tuple[list[tuple[str, str, list[int]]], list[str]]:
    """Return the paragraphs, and their sources numbered as the text cites them."""
    paragraphs = methods_headings_texts_and_sources(content)
    keys = list(dict.fromkeys(key for _, _, cited in paragraphs for key in cited))
    numbered = [
        (heading, text, [keys.index(key) + 1 for key in cited])
        for heading, text, cited in paragraphs
    ]
    return numbered, [SOURCES[key] for key in keys]


def methods_headings_texts_and_sources(content: ReportContent) -> list[tuple[str, str, list[str]]]:
    """Return paragraphs: heading, text, and the keys of the sources that it cites."""
    found = [
        _data_heading_text_and_sources(content),
        _representation_heading_text_and_sources(content),
        _neighbours_heading_text_and_sources(content),
        _maps_heading_text_and_sources(content),
    ]
    if any(each.matrix is not None for each in content.panels):
        found.append(_relations_heading_text_and_sources(content))
    return [*found, _software_heading_text_and_sources(content)]


def _data_heading_text_and_sources(content: ReportContent) -> tuple[str, str, list[str]]:
    sets = [
        f"{each.name} ({count_with_noun(each.images, 'image')}, "
        f"{count_with_noun(each.scenes, 'scene')})"
        for each in content.datasets
    ]
    made = content.panels[0].made
    sampling = made.get("sampling", {})
    per_dataset, seed = sampling.get("per_dataset"), made.get("seed")
    drawn = "All images of each dataset were used."
    if per_dataset is not None:
        drawn = (
            f"From each dataset up to {per_dataset:,} images were drawn without replacement, by "
            f"the SHA-256 of seed ({seed}) and image name."
        )
    left_out = "No image was left out."
    if content.skipped:
        count = count_with_noun(len(content.skipped), "image")
        left_out = f"{count} could not be used and were left out."
    scenes = (
        "Images of one clean photograph, or of one place, count as one scene; where nothing is "
        "known, each image is a scene of its own."
    )
    return "Data", f"We compared {join_names(sets)}. {drawn} {left_out} {scenes}", []


def _representation_heading_text_and_sources(content: ReportContent) -> tuple[str, str, list[str]]:
    sentences, cited = [], []
    for panel in content.panels:
        space = panel.map.space
        encoder = panel.made.get("encoder", {})
        width = encoder.get("configuration", {}).get("width")
        kind = f"of {width} width, " if isinstance(width, str) else ""
        dimensions = panel.made.get("dimensions")
        size = f"{dimensions}-dimensional unit vectors" if dimensions else "unit vectors"
        source = space.encoder.partition(":")[0]
        if source in SOURCES and source not in cited:
            cited.append(source)
        sentences.append(
            f"{space_title(panel.name)}: {size} of the encoder {space.encoder} ({kind}weights "
            f"with SHA-256 {space.weights_sha256[:16]}, precision {space.precision})."
        )
    rule = content.panels[0].map.space.preprocessing
    text = (
        f"Every image was read as RGB in [0, 1], resized by the rule “{rule}” and encoded. "
        f"{' '.join(sentences)}"
    )
    return "Representation", text, cited


def _neighbours_heading_text_and_sources(content: ReportContent) -> tuple[str, str, list[str]]:
    rules = content.provenance["neighbours"]
    text = (
        f"Nearest images are those of the smallest great-circle distance in a space, images of "
        f"the same scene excluded; pages show {rules['shown']}. An image sticks out where its mean "
        f"distance to its {rules['outlier_neighbours']} nearest images of other scenes of its own "
        f"dataset lies above the third quartile of its dataset by more than "
        f"{format_number(rules['fence'], 1)} interquartile ranges."
    )
    return "Neighbours and images that stick out", text, ["outliers", "fences"]


def _maps_heading_text_and_sources(content: ReportContent) -> tuple[str, str, list[str]]:
    first = content.panels[0].map
    options = first.parameters
    aligned = (
        " Maps of further spaces were turned onto the first by the best rotation or reflection, "
        "which changes no distance within a map."
        if len(content.panels) > 1
        else ""
    )
    scores = "; ".join(_fidelity_sentence(panel) for panel in content.panels)
    engine = (
        "the fuzzy neighbourhood graph of UMAP laid out along great circles"
        if options.get("engine") == "sphere"
        else "UMAP with haversine output"
    )
    text = (
        f"Images were laid out on the unit sphere by {engine} ({options.get('neighbors')} "
        f"neighbours, minimal distance {options.get('min_dist')}, seed {options.get('seed')})."
        f"{aligned} Fidelity at {first.fidelity.get('neighbors')} neighbours: {scores}."
    )
    return "Maps", text, ["umap", "fidelity"]


def _fidelity_sentence(panel: SpaceResults) -> str:
    numbers = [
        format_number(math.nan if panel.map.fidelity[name] is None else panel.map.fidelity[name], 3)
        for name in ("trustworthiness", "continuity", "spearman")
    ]
    return (
        f"{space_title(panel.name)}, trustworthiness {numbers[0]}, continuity {numbers[1]}, rank "
        f"correlation of distances {numbers[2]}"
    )


def _relations_heading_text_and_sources(content: ReportContent) -> tuple[str, str, list[str]]:
    matrix = next(each.matrix for each in content.panels if each.matrix is not None)
    options, cited = matrix.parameters, []
    cosine = matrix.score == "cosine"
    what = "the mean cosine of all pairs of images" if cosine else f"the score “{matrix.score}”"
    text = f"Two datasets are related by {what} of the two, in each space."
    if matrix.low is not None:
        cited.append("bootstrap")
        text += (
            f" {options['level']:.0%} intervals are of {options['resamples']:,} Poisson bootstrap "
            "resamples of scenes; a scene that stands in several datasets is resampled in all of "
            f"them at once (seed {options['seed']})."
        )
    if matrix.q is not None:
        cited.append("fdr")
        text += (
            f" Each pair was tested by {options['null']:,} permutations of scenes between the two "
            "datasets; q is p adjusted over all pairs of a space, and pairs with q up to 0.05 are "
            "called told apart."
        )
    return "Relations between datasets", text, cited


def _software_heading_text_and_sources(content: ReportContent) -> tuple[str, str, list[str]]:
    versions: Mapping[str, Any] = content.provenance.get("libraries", {})
    named = join_names([f"{name} {version}" for name, version in versions.items()])
    return "Software", f"All computations were done with {named}.", []
