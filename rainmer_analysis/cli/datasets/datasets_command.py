"""``datasets``: list the catalogue, check what is on disk, draw, or simulate."""

from __future__ import annotations

import click

from rainmer_analysis.cli.datasets.catalogue_list import list_
from rainmer_analysis.cli.datasets.check_command import check
from rainmer_analysis.cli.datasets.sample_command import fingerprint, sample
from rainmer_analysis.cli.datasets.simulate_command import simulate

__all__ = ["datasets"]


@click.group()
def datasets() -> None:
    """List, check or simulate datasets."""


for _command in (list_, check, simulate, fingerprint, sample):
    datasets.add_command(_command)
