"""Options that commands share, and how commands print what they made."""

from __future__ import annotations

from rainmer_analysis.cli.options.option_factories import (
    choice_option,
    count_option,
    device_option,
    figure_options,
    out_file_option,
    path_arguments,
    path_option,
    per_dataset_option,
    precision_option,
    root_option,
    source_options,
    text_option,
    weights_option,
    workers_option,
)
from rainmer_analysis.cli.options.options_of_every_command import CommonOptions, common_options

__all__ = [
    "CommonOptions",
    "choice_option",
    "common_options",
    "count_option",
    "device_option",
    "figure_options",
    "out_file_option",
    "path_arguments",
    "path_option",
    "per_dataset_option",
    "precision_option",
    "root_option",
    "source_options",
    "text_option",
    "weights_option",
    "workers_option",
]
