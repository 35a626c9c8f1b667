"""Make molvae/benchmarks/moses_chemnet.npz from the statistics in the wheel of molsets 0.3.1 (MIT).

    python scripts/make_moses_chemnet.py FOLDER

FOLDER holds test_stats.npz and test_scaffolds_stats.npz (moses/dataset/data in the wheel): mean and
covariance of ChemNet activations over the 176,074 and 176,225 held-out molecules of MOSES, to which
published FCD figures refer. numpy unpickles those files: take them from the genuine wheel.
"""

import sys
from pathlib import Path

import numpy as np

from molvae.files import atomic_write

SETS = {"Test": "test_stats.npz", "TestSF": "test_scaffolds_stats.npz"}
TARGET = Path(__file__).parents[1] / "molvae" / "benchmarks" / "moses_chemnet.npz"


def main() -> int:
    """Write the file: the lower triangle of each covariance, in single precision."""
    folder = Path(sys.argv[1])
    arrays = {}
    for name, file in SETS.items():
        stats = np.load(folder / file, allow_pickle=True)["stats"].item()["FCD"]
        rows, columns = np.tril_indices(len(stats["mu"]))
        arrays[f"{name}_mean"] = stats["mu"]
        arrays[f"{name}_triangle"] = stats["sigma"][rows, columns].astype(np.float32)
    with atomic_write(TARGET, "wb") as stream:
        np.savez_compressed(stream, **arrays)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
