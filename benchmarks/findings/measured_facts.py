"""Write the compact table of measurements that the simulation is calibrated against.

The published exploration data of Rainmer hold one number per image of the real datasets:
``*_density.npy`` (density on images in [0, 1]) and ``*_properties.npz`` (entropy and mean level
of the clean and of the rainy image, vertical gradient and colour of the rain layer, PSNR on luma).
This script reads those files from a folder (``shared`` beside the checkout by default) and writes
n, mean, sd and 101 quantiles of each.

Usage: python -m benchmarks.findings.measured_facts [FOLDER]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT.parent / "shared" / "measured"
OUT = ROOT / "rainmer_analysis" / "images" / "measured.json"
# Property -> array of the npz files. Clean entropies are of distinct files (GT-Rain: 89).
ARRAYS = {
    "entropy_clean": "gt_entropies",
    "entropy_rainy": "rain_entropies",
    "gradient": "y_gradients",
    "brightness_clean": "gt_illus",
    "brightness_rainy": "rain_illus",
    "non_monochromaticity": "non_monos",
    "psnr": "psnrs",
}


def summary(values: np.ndarray) -> dict[str, object]:
    """Return n, mean, sd and the 0th to 100th percentile, to six digits."""
    quantiles = np.percentile(values.astype(np.float64), np.arange(101))
    return {
        "n": int(values.size),
        "mean": float(f"{values.mean(dtype=np.float64):.6g}"),
        "sd": float(f"{values.std(dtype=np.float64):.6g}"),
        "quantiles": [float(f"{value:.6g}") for value in quantiles],
    }


def main(folder: Path = MEASURED) -> None:
    """Read the measurements and write the table."""
    table: dict[str, object] = {
        "source": "per-image measurements of the real datasets, published with Rainmer's code; "
        "written by benchmarks/findings/measured_facts.py"
    }
    for name in ("SynRain", "GT-Rain", "GTAV-balance"):
        properties = np.load(folder / f"{name}_properties.npz")
        sets = {"density": np.load(folder / f"{name}_density.npy")}
        sets.update({key: properties[array] for key, array in ARRAYS.items()})
        table[name] = {key: summary(values) for key, values in sets.items()}
    OUT.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main(*(Path(name) for name in sys.argv[1:2]))
