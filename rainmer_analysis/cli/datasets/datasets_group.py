"""``datasets``: list the catalogue, check what is on disk, draw, or simulate."""

from __future__ import annotations

import click

from rainmer_analysis.cli.datasets.check_command import check_folders
from rainmer_analysis.cli.datasets.list_catalogue_command import list_catalogue
from rainmer_analysis.cli.datasets.sample_and_fingerprint_commands import (
    fingerprint,
    sample_command,
)
from rainmer_analysis.cli.datasets.simulate_command import simulate

__all__ = ["datasets"]


@click.group()
def datasets() -> None:
    """List, check or simulate datasets."""


for _command in (list_catalogue, check_folders, simulate, fingerprint, sample_command):
    datasets.add_command(_command)
