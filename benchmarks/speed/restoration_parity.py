"""How far the restorer's compiled loops are from float64, and PyTorch's float32 from it.

The published configuration, with seeded weights, restores one simulated image in float64, in
compiled loops, and in PyTorch's operators in float32. Channel attention keeps the largest half of
each row, and where the last one kept and the first one left out are nearly equal, rounding decides
which it is; what follows then differs by far more than rounding does. So both are run twice: with
their own selections, and with those that float64 made. In the second run each also says where it
would have chosen otherwise, and by how little the choice was made in float64.

It fails where a choice differs though its margin is 1e-6 or more, or where, with float64's choices,
the compiled loops are more than 1.5 times as far from float64 as PyTorch is.

Run from the top of a checkout: ``python -m benchmarks.speed.restoration_parity [--size 96x160]
[--out FILE]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.timing import machine, write
from rainmer_analysis.images import resize
from rainmer_analysis.infer.kernels.restorer import BandThreads
from rainmer_analysis.infer.restorer_backends import CompiledBackend
from rainmer_analysis.model.restorer import (
    RecordedSelection,
    Restorer,
    RestorerConfig,
    topk_lowest_index,
)
from rainmer_analysis.weather import simulate

ROUNDING = 1e-6
FACTOR = 1.5
Images = np.ndarray
Run = Callable[[Images, Images], Images]


class Ranking:
    """The restorer's rule, noting what it kept and by how much the last one kept was larger."""

    def __init__(self) -> None:
        self.places: list[Tensor] = []
        self.margins: list[Tensor] = []

    def __call__(self, attention: Tensor, k: int) -> Tensor:
        """Keep the k largest of each row, of equal ones those at the lowest index."""
        ranked = attention.sort(dim=-1, descending=True, stable=True)
        self.places.append(ranked.indices[..., :k])
        self.margins.append(ranked.values[..., k - 1] - ranked.values[..., k])
        return self.places[-1]


class Compared:
    """Another run's selections, noting in which rows the rule would have kept other places."""

    def __init__(self, known: Ranking) -> None:
        self._known, self._given, self._own = known, RecordedSelection(known.places), Ranking()

    def __call__(self, attention: Tensor, k: int) -> Tensor:
        """Return the next selection of the other run."""
        self._own(attention, k)
        return self._given(attention, k)

    def margins(self) -> Tensor:
        """Return the margins, in the other run, of the rows that differ."""
        known, own = self._known, self._own
        return torch.cat(
            [
                margin[(left.sort(-1).values != right.sort(-1).values).any(-1)]
                for left, right, margin in zip(known.places, own.places, known.margins, strict=True)
            ]
        )


def in_pytorch(module: Restorer) -> Run:
    """Return what restores in PyTorch's operators, in the type of the weights."""

    def run(image: Images, whole: Images) -> Images:
        dtype = module.output.weight.dtype
        given, known = (torch.from_numpy(each)[None].to(dtype) for each in (image, whole))
        with torch.inference_mode():
            found: Images = module(given, known)[0].numpy()
        return found

    return run


def in_loops(module: Restorer) -> Run:
    """Return what restores in compiled loops."""
    form = CompiledBackend(module, BandThreads(1))
    return lambda image, whole: form(image[None], form.encode_prompts(whole[None]))[0]


def judge(module: Restorer, run: Run, given: tuple[Images, Images], truth: Any) -> dict[str, Any]:
    """Hold a run in float32 against float64, with its own selections and with float64's."""
    expected, known = truth
    errors = []
    compared = Compared(known)
    for select in (topk_lowest_index, compared):
        module.use_selection(select)
        errors.append(float(np.abs(run(*given) - expected).max()))
    margins = compared.margins()
    return {
        "own_selections": errors[0],
        "selections_of_float64": errors[1],
        "rows_that_differ": len(margins),
        "largest_margin": float(margins.max()) if len(margins) else 0.0,
    }


def measure(size: tuple[int, int]) -> dict[str, Any]:
    """Run all three."""
    torch.manual_seed(0)
    module = Restorer(RestorerConfig("Rainmer_SA_detgalpha")).eval().requires_grad_(False)
    image = simulate("sim-Rain200H", 0, size=size).rainy
    given, known = (image, resize(image)), Ranking()
    module.use_selection(known)
    truth = in_pytorch(module.double())(*given), known
    module.float()
    found: dict[str, Any] = {
        "rows": sum(margin.numel() for margin in known.margins),
        "rows_below_rounding": sum(int((margin < ROUNDING).sum()) for margin in known.margins[::4]),
    }
    for name, run in (("compiled", in_loops(module)), ("pytorch", in_pytorch(module))):
        found[name] = judge(module, run, given, truth)
    return found


def main() -> None:
    """Measure, print, judge and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="96x160", help="height and width, which 8 divides")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    height, width = map(int, options.size.split("x"))
    found = measure((height, width))
    for name in ("compiled", "pytorch"):
        row = found[name]
        print(
            f"{name:8}: {row['own_selections']:.1e} from float64, with float64's selections "
            f"{row['selections_of_float64']:.1e}; {row['rows_that_differ']} of {found['rows']} "
            f"rows would be chosen otherwise, by margins of {row['largest_margin']:.1e} at most"
        )
    if options.out:
        write(options.out, {"machine": machine(), "size": options.size, "results": found})
    ours, theirs = found["compiled"], found["pytorch"]
    if max(row["largest_margin"] for row in (ours, theirs)) >= ROUNDING:
        raise SystemExit("a selection differs that rounding does not explain")
    if ours["selections_of_float64"] > FACTOR * theirs["selections_of_float64"]:
        raise SystemExit("the compiled loops are further from float64 than rounding explains")


if __name__ == "__main__":
    main()
