"""``derain``: degraded image files to restored ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rainmer_analysis.cli import options
from rainmer_analysis.cli.options import CommonOptions, common_options

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
@options.text_option(
    "--weights", "Weights of a restorer: .safetensors, or a published .pth.", metavar="FILE"
)
@options.text_option(
    "--variant", "What published weights are, where several variants fit, as in Rainmer_SA_wolocf."
)
@options.choice_option(
    "--ties",
    ("lowest", "published"),
    "Which of equal attentions win: the same on every machine, or what torch.topk gives.",
)
@options.count_option(
    "--tile",
    512,
    "Longest side in pixels that is restored in one piece; memory grows with its square.",
    least=None,
    metavar=None,
)
@options.count_option(
    "--overlap",
    None,
    "Pixels over which neighbouring tiles blend [default: 64, or half of smaller tiles].",
    least=None,
    metavar=None,
)
@options.choice_option("--precision", ("exact", "fast"), "float32, or bfloat16 on a CUDA device.")
@options.count_option(
    "--threads",
    None,
    "Threads on a CPU [default: one for each core]; results do not depend on them.",
    metavar=None,
)
@options.device_option
@common_options
def derain(
    common: CommonOptions, source: Path, out: Path, tile: int, overlap: int | None, **network: Any
) -> None:
    """Restore INPUT: an image, or all images below a folder.

    Results are 8-bit PNG under the same names and subfolders (a.jpg becomes a.png); INPUT is never
    written to. Images that cannot be used are named in OUTPUT/skipped.csv with the reason. An
    interrupted run is continued when it is started again.
    """
    from rainmer_analysis.values import refuse_existing_non_weights

    refuse_existing_non_weights(network["weights"])  # before torch is imported
    from rainmer_analysis.infer import load_restorer
    from rainmer_analysis.recipes.restoration import derain as derain_files

    restorer = load_restorer(**network)
    with common.progress_bar("image") as progress:
        done = derain_files(
            source,
            out,
            restorer,
            tile=tile,
            overlap=overlap,
            overwrite=common.overwrite,
            progress=progress,
        )
    _print_restoration(common, done, restorer, (source, out))


def _print_restoration(
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
        common.print_result(document, "\n".join(lines))
        return
    numbers = {"used": count, "left_out": len(done.skipped)}
    common.print_result({**document, "files": done.account.document(**numbers)}, "\n".join(lines))
    common.print_note(done.account.sentence(str(source), **numbers))
