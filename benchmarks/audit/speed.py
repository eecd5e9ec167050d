"""Images a second of an audit, beside imagededup's perceptual hash and CNN on the same files.

imagededup runs in an environment of its own, whose interpreter is named; without one the audit runs
alone. All use one thread, and processor time counts, start-up left out; then the audit runs on two
threads, and the clock counts. An audit also measures pairs, which the others do not. The CNN gets
random weights: its time does not depend on them, and nothing is downloaded.

::

    python -m venv dedup && dedup/bin/pip install imagededup
    python -m benchmarks.audit.speed [--pairs 60] [--side 512] [--imagededup dedup/bin/python]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.audit.plan import Plan, Scenes
from rainmer_analysis.recipes.audit import audit

_THREADED = "audit, two threads"
_OTHERS = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import torch
# a torchvision built for another torch lacks its compiled operators, which no CNN here uses
register = torch.library.register_fake
torch.library.register_fake = lambda *given, **named: lambda function: function
import torchvision
torch.library.register_fake = register
torch.set_num_threads(1)
make = torchvision.models.mobilenet_v3_small
torchvision.models.mobilenet_v3_small = lambda *given, **named: make(weights=None)
from imagededup.methods import CNN, PHash
folder, found = sys.argv[1], {}
for name, method in (("phash", PHash), ("cnn", CNN)):
    tool = method(verbose=False)
    start = time.process_time()
    if name == "phash":
        tool.find_duplicates(image_dir=folder, max_distance_threshold=12, recursive=True,
                             num_enc_workers=0, num_dist_workers=0)
    else:
        tool.find_duplicates(image_dir=folder, min_similarity_threshold=0.9, recursive=True,
                             num_enc_workers=0, num_sim_workers=0)
    found[name] = time.process_time() - start
print(json.dumps(found))
"""


def main() -> None:
    """Write pairs, run all in turn, and print rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where images go, and stay, to be used again")
    parser.add_argument("--only-write", action="store_true", help="measure nothing")
    parser.add_argument("--imagededup", metavar="PYTHON", help="interpreter that has imagededup")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="speed-") as name:
        folder = given.folder or Path(name)
        plan = Plan(folder, Scenes("figure", given.side, 5, ratio=1.0), 5)
        for _ in range(given.pairs):
            plan.pair("pairs", plan.scenes.next(("sim-Rain200H",)).pair)
        plan.write()
        if given.only_write:
            return
        files = 2 * given.pairs
        audit({"warm": _one_pair(folder)}, workers=1)
        seconds: dict[str, list[float]] = {}
        for _ in range(given.rounds):
            for what, workers, clock in (
                ("audit", 1, time.process_time),
                (_THREADED, 2, time.perf_counter),
            ):
                start = clock()
                audit({"pairs": folder / "pairs"}, workers=workers)
                seconds.setdefault(what, []).append(clock() - start)
            for method, spent in _others(given.imagededup, folder / "pairs").items():
                seconds.setdefault(method, []).append(spent)
    rates = {method: files / min(spent) for method, spent in seconds.items()}
    print(f"{files} files of {given.side}x{given.side}, best of {given.rounds}")
    for method, rate in rates.items():
        clock = "by the clock" if method == _THREADED else "of processor time, one thread"
        print(f"{method:18} {rate:7.1f} files a second {clock}")
    if given.out:
        given.out.write_text(json.dumps({"files": files, "side": given.side, "rates": rates}))


def _one_pair(folder: Path) -> Path:
    plan = Plan(folder, Scenes("train", 64, 1), 1)
    plan.pair("warm", plan.scenes.next(("sim-Rain200H",)).pair)
    plan.write()
    return folder / "warm"


def _others(python: str | None, folder: Path) -> dict[str, float]:
    if python is None:
        return {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-c", _OTHERS, str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        print("imagededup failed:", done.stderr.strip().splitlines()[-1])
        return {}
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
