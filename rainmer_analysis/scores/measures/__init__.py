"""How far two samples are apart, for any labelling of their scenes.

A measure has ``prepare(pair)``, which looks at the images but not at their labels, and
``distances(state, labels)``, which takes many labellings at once: labels of shape (b, p) say which
of the p parts count as the first dataset's, and more means further apart.
"""

from __future__ import annotations

from rainmer_analysis.scores.measures.classifier_measure import ClassifierMeasure
from rainmer_analysis.scores.measures.kernel_measures import EnergyMeasure, MMDMeasure
from rainmer_analysis.scores.measures.neighbour_measure import NeighbourMeasure
from rainmer_analysis.scores.measures.sample_pair import (
    Measure,
    Pair,
    Sample,
    merge_samples,
    pair_samples,
    sample_first_images,
)
from rainmer_analysis.scores.measures.wasserstein_measures import FrechetMeasure, SlicedMeasure

__all__ = [
    "ClassifierMeasure",
    "EnergyMeasure",
    "FrechetMeasure",
    "MMDMeasure",
    "Measure",
    "NeighbourMeasure",
    "Pair",
    "Sample",
    "SlicedMeasure",
    "merge_samples",
    "pair_samples",
    "sample_first_images",
]
