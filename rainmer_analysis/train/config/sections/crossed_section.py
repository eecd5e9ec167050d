"""The section of the recipe `crossed`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rainmer_analysis.train.config.sections.checked_fields import number_field

__all__ = ["CAMERA", "CLEAR", "CrossedConfig"]

# Draws that are no recipe of a simulated dataset: no weather; and a camera's noise and
# blur alone.
CLEAR, CAMERA = "clear", "camera"


@dataclass(frozen=True)
class CrossedConfig:
    """How draws of weather are crossed with scenes, and how sharply images are compared.

    Parameters
    ----------
    draws
        Recipe to its draws in each block of images; ``clear`` is no weather, ``camera`` noise and
        blur alone. Empty: the published recipe is used instead.
    blocks
        Blocks of training images made beforehand.
    scenes
        Scenes of a block; each draw is applied to each.
    jpeg
        Share of the draws that are compressed as JPEG, at a quality of their own.
    photographs
        Share of the scenes that are photographs, where there are some; the others are simulated.
    night_photographs
        Share of the images of `data.night_recipe` whose scene is a photograph of a night.
    batch_draws, batch_scenes
        Draws and scenes of a block that a batch takes.
    relit
        Share of a batch's images that are scaled to the mean colour of another of its images.
    light_bandwidth
        Width of the chromatic targets: two images are to be alike as far as
        ``exp(-d / light_bandwidth)``, d the distance of the distributions of their colours
        (`describe_light`) plus `weather_in_light` times that of their weather.
    weather_in_light
        How much another weather counts beside another light: weather changes the light too, in
        ways that a distribution of colours mixes with the scene's own.
    weather_bandwidth
        The same for the degradation view, d the root mean square difference of the draws'
        standardised descriptors.
    ordering_chromatic, ordering_degradation
        Weight of the correlation of each view's cosines with the same d, which tells far from
        farther where the targets vanish.
    temperature_chromatic, temperature_degradation
        Divide the cosines.
    memory
        Images of earlier batches that each image is compared with too.
    weight_chromatic, weight_degradation
        Of the two losses.
    regression
        Weight of the linear regression of light and descriptors on the embeddings, which goes
        on beside the comparisons.
    centring
        Weight of the penalty on embeddings, and on channels of them, whose mean over a batch is
        far from 0 in terms of their standard deviation.
    opposition_chromatic, opposition_degradation
        Weight of the mean cosine of each view over a batch, kept small so that kinds oppose each
        other, the strong ones the rest: in the chromatic view images count by the squared distance
        of their light from the mean, in the degradation view by the energy of what weather changed.
    """

    draws: Mapping[str, int] = field(default_factory=dict)
    blocks: int = number_field(64, 2)
    scenes: int = number_field(4, 2)
    jpeg: float = number_field(0.3, 0.0, 1.0)
    photographs: float = number_field(0.55, 0.0, 1.0)
    night_photographs: float = number_field(0.35, 0.0, 1.0)
    batch_draws: int = number_field(12, 2)
    batch_scenes: int = number_field(3, 2)
    relit: float = number_field(0.6, 0.0, 1.0)
    light_bandwidth: float = number_field(0.04, 0.001, 10.0)
    weather_in_light: float = number_field(0.0, 0.0, 10.0)
    weather_bandwidth: float = number_field(0.15, 0.001, 100.0)
    temperature_chromatic: float = number_field(0.08, 0.01, 100.0)
    temperature_degradation: float = number_field(0.2, 0.01, 100.0)
    memory: int = number_field(0, 0)
    weight_chromatic: float = number_field(1.0, 0.0)
    weight_degradation: float = number_field(1.0, 0.0)
    regression: float = number_field(0.5, 0.0)
    centring: float = number_field(0.5, 0.0)
    ordering_chromatic: float = number_field(0.0, 0.0)
    ordering_degradation: float = number_field(0.0, 0.0)
    opposition_chromatic: float = number_field(0.0, 0.0)
    opposition_degradation: float = number_field(1.0, 0.0)
