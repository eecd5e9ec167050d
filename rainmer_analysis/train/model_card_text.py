"""The model card that a run writes: what was trained, on what, how long, with which result."""

from __future__ import annotations

import csv
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch

from rainmer_analysis.train.config import TrainConfig, config_as_toml
from rainmer_analysis.train.crossed import CrossedPool
from rainmer_analysis.train.data import Pool
from rainmer_analysis.train.loop import DistributedContext, Outcome

__all__ = ["describe_hardware", "model_card_markdown"]


def describe_hardware(context: DistributedContext | None = None) -> str:
    """Name what computed: GPU or processor with its thread setting, how many, and the torch."""
    context = context or DistributedContext()
    shared = f", {context.world} processes" if context.world > 1 else ""
    return f"{_processor_name(context.device)}{shared}, torch {torch.__version__}"


def _processor_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {torch.get_num_threads()} thread(s)"


def model_card_markdown(
    config: TrainConfig,
    pool: Pool | CrossedPool,
    outcome: Outcome,
    *,
    log: Path,
    sha256: str,
    kept: int,
    notes: Mapping[str, str],
    context: DistributedContext | None = None,
) -> str:
    """Write the card of trained weights as Markdown.

    Parameters
    ----------
    config, pool, outcome
        Of the run.
    log
        Its log.csv, from which the last rows are quoted.
    sha256, kept
        Identity of the weights, and their step; a run that ended after a kill may have got less
        far than the one that left them.
    notes
        Further facts, name to text, such as the folder of real photographs.
    context
        Where it computed.
    """
    scenes = len(set(pool.scene_of_each_row))
    held_out = pool.held_out_mask(config.data.held_out, config.data.seed)
    queries = (
        "query images"
        if config.trained_network == "encoder" and not config.is_crossed
        else "images"
    )
    per_batch = _images_per_batch(config, pool)
    seen = outcome.step * config.run.accumulate * per_batch
    facts = {
        "Network": _network_description(config),
        "Weights (SHA-256)": sha256,
        "Steps": f"{outcome.step} of {config.run.steps}; {outcome.skipped} skipped because "
        "gradients were not finite",
        **_describe_kept_step(outcome, kept),
        f"{queries.capitalize()} seen": str(seen),
        "Training time": f"{outcome.seconds / 60:.1f} minutes",
        "Hardware": describe_hardware(context),
        "Seed": str(config.seed),
        "Scenes": f"{scenes}, of which {int(config.data.held_out * scenes)} held out "
        f"({int(held_out.sum())} of {len(pool)} pairs)",
        "Images (digest)": pool.digest,
        "Date": datetime.now(UTC).strftime("%Y-%m-%d"),
        **notes,
    }
    parts = [
        f"# {config.name}",
        _markdown_table(("fact", "value"), facts.items()),
        "## Training pairs",
        _markdown_table(
            ("dataset", "pairs"), ((name, str(n)) for name, n in pool.images_per_dataset.items())
        ),
        "## Results",
        "Means over the last logged interval; `held_out` rows are those of the kept weights, on "
        "scenes that were not trained on.",
        _markdown_table(("number", "value"), _last_logged_numbers(log, kept).items()),
        "## Configuration",
        "```toml\n" + config_as_toml(config) + "```",
    ]
    return "\n\n".join(parts) + "\n"


def _images_per_batch(config: TrainConfig, pool: Pool | CrossedPool) -> int:
    if isinstance(pool, CrossedPool):
        return config.crossed.batch_draws * config.crossed.batch_scenes
    return config.run.batch * (len(pool.dataset_names) if config.encoder == "airnet" else 1)


def _network_description(config: TrainConfig) -> str:
    width = f"width {config.model.width}"
    if not config.trains_restorer:
        return f"encoder of {config.encoder}, {width}"
    blocks = "/".join(str(count) for count in config.restorer.blocks)
    return f"{config.restorer.variant}, {width}, blocks {blocks}"


def _describe_kept_step(outcome: Outcome, kept: int) -> dict[str, str]:
    """Tell which step's weights were kept."""
    if not outcome.best_step:
        return {}
    return {"Kept weights": f"of step {kept}, the best on held-out scenes"}


def _markdown_table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    return "\n".join(lines)


def _last_logged_numbers(log: Path, kept: int) -> dict[str, str]:
    """Return each column's last entry; of validations, that of the step `kept`."""
    found: dict[str, str] = {}
    if log.exists():
        with log.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                judged = row["step"] == str(kept)
                found |= {
                    name: text
                    for name, text in row.items()
                    if text and (judged or not name.startswith("held_out"))
                }
    return found
