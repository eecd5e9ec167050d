"""``derain``: degraded image files to restored ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rainmer_analysis.cli.options import CommonOptions, common_options, device_option, progress_bar

if TYPE_CHECKING:  # they import torch
    from rainmer_analysis.infer import ImageRestorer
    from rainmer_analysis.recipes.restoration import Derained

__all__ = ["derain"]


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    metavar="OUTPUT",
    type=click.Path(path_type=Path),
    help="Folder to write to; for a single image also a name that ends in .png.",
)
@click.option(
    "--weights",
    default=None,
    metavar="FILE",
    help="Weights of a restorer: .safetensors, or a published .pth.",
)
@click.option(
    "--variant",
    default=None,
    metavar="NAME",
    help="What published weights are, where several variants fit, as in Rainmer_SA_wolocf.",
)
@click.option(
    "--ties",
    default="lowest",
    show_default=True,
    type=click.Choice(["lowest", "published"]),
    help="Which of equal attentions win: the same on every machine, or what torch.topk gives.",
)
@click.option(
    "--tile",
    default=512,
    show_default=True,
    help="Longest side in pixels that is restored in one piece; memory grows with its square.",
)
@click.option(
    "--overlap",
    type=int,
    default=None,
    help="Pixels over which neighbouring tiles blend [default: 64, or half of smaller tiles].",
)
@click.option(
    "--precision",
    default="exact",
    show_default=True,
    type=click.Choice(["exact", "fast"]),
    help="float32, or bfloat16 on a CUDA device.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=None,
    help="Threads on a CPU [default: one for each core]; results do not depend on them.",
)
@device_option
@common_options
def derain(
    common: CommonOptions,
    source: Path,
    out: Path,
    weights: str | None,
    variant: str | None,
    ties: str,
    tile: int,
    overlap: int | None,
    precision: str,
    threads: int | None,
    device: str,
) -> None:
    """Restore INPUT: an image, or all images below a folder.

    Results are 8-bit PNG under the same names and subfolders (a.jpg becomes a.png); INPUT is never
    written to. Images that cannot be used are named in OUTPUT/skipped.csv with the reason. An
    interrupted run is continued when it is started again.
    """
    from rainmer_analysis.values import demand_weights_file

    demand_weights_file(weights)  # before torch is imported
    from rainmer_analysis.infer import load_restorer
    from rainmer_analysis.recipes.restoration import derain as derain_files

    restorer = load_restorer(
        weights, variant, device, ties=ties, precision=precision, threads=threads
    )
    with progress_bar(common, "image") as progress:
        done = derain_files(
            source,
            out,
            restorer,
            tile=tile,
            overlap=overlap,
            overwrite=common.overwrite,
            progress=progress,
        )
    _show_result(common, done, restorer, (source, out))


def _show_result(
    common: CommonOptions, done: Derained, restorer: ImageRestorer, paths: tuple[Path, Path]
) -> None:
    """Print what was restored from a source into an output, and what was left out."""
    source, out = paths
    state = "up to date" if done.up_to_date else "written"
    document = {
        "kind": "restoration",
        "out": str(out),
        "state": state,
        "variant": restorer.variant,
        "weights": restorer.sha256,
        "written": [str(path) for path in done.written],
        "up_to_date": [str(path) for path in done.existing],
        "skipped": [{"image": name, "reason": reason} for name, reason in done.skipped],
    }
    count = len(done.written) + len(done.existing)
    lines = [f"{out}: {state}, {count} image{'s' if count != 1 else ''} by {restorer.variant}"]
    if done.listed is not None:
        lines.append(f"left out: {len(done.skipped)} (listed in {done.listed})")
    if done.account is None:
        common.result(document, "\n".join(lines))
        return
    numbers = {"used": count, "left_out": len(done.skipped)}
    common.result({**document, "files": done.account.document(**numbers)}, "\n".join(lines))
    common.note(done.account.sentence(str(source), **numbers))
