"""Command lines that ``--help`` shows at its end."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import click

__all__ = ["HELP_EXAMPLES", "append_help_examples"]

HELP_EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "reproduce": ("--out figures", "--root DATA --out figures-real"),
        "extract": (
            "heavy=photos/heavy night=photos/night --out tables",
            "mixture.toml --encoder airnet --out tables",
        ),
        "project": ("tables/rainmer-degradation.parquet --out map.parquet",),
        "relate": (
            "tables/rainmer-degradation.parquet --out matrix.json --resamples 1000 --null 1000",
            "tables/rainmer-degradation.parquet --score energy --out energy.json",
        ),
        "sketch": ("tables/rainmer-degradation.parquet --out lab.sketch",),
        "compare": (
            "tables/rainmer-degradation.parquet tables/airnet-degradation.parquet --out both.json",
        ),
        "audit": (
            "train=rain/train test=rain/test --out audit.json --html audit.html",
            "train=rain/train test=rain/test --out audit.json --clean-manifest clean.toml",
        ),
        "leakage": ("audit.json results --dataset test --training train",),
        "confounds": ("heavy=rain/heavy night=rain/night --encoder rainmer --encoder statistics",),
        "describe": ("heavy=photos/heavy --out heavy.parquet --plot heavy.pdf --card heavy.md",),
        "balance": (
            "night.parquet --like heavy.parquet --property density --size 500 --out subset.toml",
        ),
        "place": ("new.jpg --against tables/rainmer-degradation.parquet",),
        "report": (
            "heavy=photos/heavy night=photos/night --out report.html",
            "tables/rainmer-chromatic.parquet --out report.html",
        ),
        "plot map": ("map.parquet --out map.pdf --contours --means",),
        "plot matrix": ("chromatic.json degradation.json --out matrices.pdf",),
        "verify": (
            "figures/figure2.png --against figures",
            "map.pdf --against map.parquet --against photos/heavy",
        ),
        "import": (
            "clip.npy --labels images.csv --encoder clip --out clip.parquet",
            "rows.parquet --vectors emb --encoder dino --name mine --out dino.parquet",
        ),
        "export": (
            "map.parquet --thumbnails --out atlas.parquet",
            "map.parquet table.parquet --neighbors 15 --out atlas.parquet",
        ),
        "figure": ("2 --out figures",),
        "datasets list": ("",),
        "datasets check": ("heavy=photos/heavy", "photos/heavy --suggest"),
        "datasets simulate": ("--out simulated --per-dataset 12",),
        "datasets fingerprint": ("Rain100L=rain/Rain100L/test --out rain100l.json",),
        "datasets sample": ("heavy=rain/heavy --per-dataset 500 --out sample.toml",),
        "derain": ("photos/heavy/input --out derained",),
        "evaluate": ("derained photos/heavy/target --out metrics.csv",),
        "probe": ("--encoder statistics --side 64 --controls 0 --out probe.json",),
        "train encoder": ("--config crossed-derain --real photographs --out runs/derain",),
        "train airnet": ("--config airnet-derain --out runs/airnet",),
        "train rainmer": ("--config compact --out runs/restorer",),
    }
)


def append_help_examples(name: str, command: click.Command) -> click.Command:
    """Put examples at the end of the help of a command and of its commands, and return it."""
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            append_help_examples(f"{name} {below}", each)
    shown = HELP_EXAMPLES.get(name, ())
    if shown:
        lines = (f"  rainmer-analysis {name} {arguments}".rstrip() for arguments in shown)
        title = "Examples:" if len(shown) > 1 else "Example:"
        command.epilog = "\n".join(("\b", title, *lines))
    return command
