"""Plant faults of every kind beside sound pairs, audit the whole, and count what is found.

Every pair shows a scene of its own. Precision and recall are printed by kind, with Wilson's 95 %
intervals. Scenes are the seed's own, which no other seed shares (``--split own``), or those that
the package lists (``figure``, ``train``, ``both``). Limits of the audit were chosen on the own
scenes of the seeds 1, 2 and 3.

::

    python -m benchmarks.audit.planted [--pairs 2000] [--faults 200] [--side 192] [--out FILE.json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.audit.plan import Plan, Scenes, pair_faults, relatives, sound
from rainmer_analysis.auditing.findings import Finding
from rainmer_analysis.recipes.audit import audit
from rainmer_analysis.values import to_json_types, write_json


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.959964, hits / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return float(middle - half), float(middle + half)


def planted_kind(plan: Plan, finding: Finding) -> str:
    """Return which planted fault a finding is, or nothing where it is none."""
    for own, other in ((finding.a, finding.b), (finding.b, finding.a)):
        kind, name, partner = plan.expected.get(own or "", ("", "", None))
        if kind and name == finding.finding and partner in (None, other):
            return kind
    return ""


def score(plan: Plan, findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Count, by kind, what was found of it, and what was found that is not there.

    A finding is right where it is the one that was planted on that image, with that other image.
    A wrong one counts against every kind that is reported under its name.
    """
    kinds = [planted_kind(plan, each) for each in findings]
    right = Counter(kinds)
    wrong = Counter(each.finding for each, kind in zip(findings, kinds, strict=True) if not kind)
    rows = []
    for kind in dict.fromkeys(kind for kind, _, _ in plan.expected.values()):
        own = [each for each in plan.expected.values() if each[0] == kind]
        found, false, total = right[kind], wrong[own[0][1]], len(own)
        rows.append(
            {
                "kind": kind,
                "finding": own[0][1],
                "planted": total,
                "found": found,
                "recall": found / total,
                "recall_interval": wilson(found, total),
                "false": false,
                "precision": found / (found + false) if found + false else 0.0,
                "precision_interval": wilson(found, found + false),
            }
        )
    return rows


def folders(plan: Plan) -> Iterator[str]:
    """Give the sources."""
    for name in sorted(plan.count, key=lambda each: (not each.startswith("sound"), each)):
        yield f"{name}={plan.folder / name}"


def _show(plan: Plan, findings: tuple[Finding, ...], most: int) -> None:
    """Print the first wrong findings, and faults that were missed."""
    missed = {image: kind for image, (kind, _, _) in plan.expected.items()}
    wrong = []
    for each in findings:
        if planted_kind(plan, each):
            missed.pop(each.a, None)
            missed.pop(each.b or "", None)
        else:
            wrong.append(each)
    for each in wrong[:most]:
        print("wrong:", json.dumps(each.document()), plan.expected.get(each.a, ("nothing",))[0])
    for image, kind in list(missed.items())[:most]:
        print(f"missed: {kind}: {image}")


def main() -> None:
    """Plant, audit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument(
        "--side", type=int, default=192, help="height of images; width is 4/3 of it"
    )
    parser.add_argument("--split", default="own", choices=("own", "train", "figure", "both"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON of all runs; this one is put into it")
    parser.add_argument("--show", type=int, default=0, help="wrong findings to print")
    parser.add_argument(
        "--folder", type=Path, help="where images and the audit stay; an interrupted run goes on"
    )
    parser.add_argument("--only-write", action="store_true", help="audit nothing")
    given = parser.parse_args()
    with ExitStack() as held:
        folder = given.folder or Path(
            held.enter_context(tempfile.TemporaryDirectory(prefix="planted-"))
        )
        plan = Plan(folder, Scenes(given.split, given.side, given.seed), given.seed)
        # what is planted on sound pairs adds sound pairs of its own
        sound(plan, max(0, given.pairs - 4 * given.faults))
        pair_faults(plan, given.faults)
        relatives(plan, given.faults)
        plan.write()
        if given.only_write:
            return
        start = time.process_time()
        out = given.folder and given.folder.with_suffix(".audit.json")
        found = audit(list(folders(plan)), workers=given.workers, out=out, overwrite=True)
        seconds = time.process_time() - start
        rows = score(plan, found.findings)
    files = sum(each["images"] for each in found.datasets.values())
    print(f"{files} images, {seconds:.0f} s of processor time, side {given.side}, {given.split}")
    for row in rows:
        low, high = row["recall_interval"]
        below, above = row["precision_interval"]
        print(
            f"{row['kind']:22} recall {row['recall']:.3f} [{low:.3f}, {high:.3f}]   "
            f"precision {row['precision']:.3f} [{below:.3f}, {above:.3f}]   "
            f"{row['found']}/{row['planted']}, false {row['false']}"
        )
    _show(plan, found.findings, given.show)
    if given.out:
        runs = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
        runs[f"seed {given.seed}, scenes {given.split}"] = {
            "images": files, "seconds": round(seconds, 1), "kinds": rows,
        }  # fmt: skip
        write_json(given.out, to_json_types(runs))


if __name__ == "__main__":
    main()
