"""Measure what it costs to prepare a training set: processor time, memory and disk (Linux).

    molvae data moses --out data/moses
    python scripts/benchmark_scale.py data/moses/train.csv --runs 10000x1 10000x2 100000x2 \
        --out data/results/scale/prepare.json

A run is a number of rows and one of workers.

Rows beyond those of the file are further spellings of its molecules, of a random atom order, and so
duplicates. Each run is a process of its own. In a last one, of as many rows as the first, a worker
is killed; the molecules must be the same. Processor seconds do not depend much on what else the
machine does; wall-clock seconds do.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem

from benchmark_cleaning import family, resident_bytes
from molvae.dataset.batches import epoch_batches
from molvae.dataset.preparation import prepare_corpus
from molvae.dataset.shards import SHARD_ROWS
from molvae.dataset.tables import Table
from molvae.files import write_json
from molvae.runs import provenance

_TICKS = os.sysconf("SC_CLK_TCK")
_KILLED_SECONDS = 3.0
"""Processor time of a worker that is killed: most of it is spent on imports."""
_FILES = 4
"""Files that the rows are spread over."""
_EPOCH_MOLECULES = 1_000_000
"""Molecules for which the memory of an epoch's order is measured."""


class Sampler(threading.Thread):
    """Sampler of memory, processor time and disk of this process and its descendants."""

    def __init__(self, folder: Path, kill_after: float | None) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.kill_after = kill_after
        self.killed = 0
        self.peak_bytes = 0
        self.main_peak_bytes = 0
        self.disk_bytes = 0
        self.worker_seconds: dict[int, float] = {}

    def run(self) -> None:
        """Sample until the process ends."""
        begun = time.monotonic()
        while True:
            members = family(os.getpid())
            sizes = [resident_bytes(member) for member in members]
            self.peak_bytes = max(self.peak_bytes, sum(sizes))
            self.main_peak_bytes = max(self.main_peak_bytes, sizes[0])
            self.disk_bytes = max(self.disk_bytes, folder_bytes(self.folder))
            for member in members[1:]:
                self.worker_seconds[member] = processor_seconds(member)
            if self.kill_after and not self.killed and time.monotonic() - begun > self.kill_after:
                self._kill(members[1:])
            time.sleep(0.5)

    def _kill(self, workers: list[int]) -> None:
        """Kill the worker that has done the most."""
        busy = max(workers, key=lambda member: self.worker_seconds[member], default=None)
        if busy is not None and self.worker_seconds[busy] > _KILLED_SECONDS:
            os.kill(busy, signal.SIGKILL)
            self.killed += 1


def processor_seconds(process: int) -> float:
    """Processor time that a process has used; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def folder_bytes(folder: Path) -> int:
    """Bytes of the files in a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        # The preparation removes files meanwhile.
        except OSError:
            continue
    return total


def spellings(source: Path, rows: int) -> list[str]:
    """The first SMILES of a file, then random spellings of them."""
    smiles = list(islice(Table.open(source).texts(), rows))
    for number, text in enumerate(cycle(smiles[:])):
        if len(smiles) == rows:
            break
        mol = Chem.MolFromSmiles(text)
        order = np.random.default_rng(number).permutation(mol.GetNumAtoms()).tolist()
        smiles.append(Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False))
    return smiles


def write_parts(folder: Path, source: Path, rows: int) -> list[Path]:
    """The rows spread over files."""
    smiles = spellings(source, rows)
    paths = [folder / f"part{number}.smi" for number in range(_FILES)]
    for path, lines in zip(paths, np.array_split(np.array(smiles, object), _FILES), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines))
    return paths


# Any: JSON values.
def measure(paths: list[Path], workers: int, kill_after: float | None) -> dict[str, Any]:
    """Prepare files in this process and describe what it took."""
    with tempfile.TemporaryDirectory() as name:
        sampler = Sampler(Path(name), kill_after)
        own, begun = time.process_time(), time.perf_counter()
        sampler.start()
        corpus = prepare_corpus(paths, folder=Path(name), workers=workers)
        seconds, own = time.perf_counter() - begun, time.process_time() - own
        cleaning = sum(sampler.worker_seconds.values()) if workers > 1 else own
        return {
            "rows": corpus.rows,
            "workers": workers,
            "accepted": len(corpus),
            "duplicates": corpus.refusals.get("duplicate", 0),
            "digest": corpus.digest,
            "killed_workers": sampler.killed,
            "wall_seconds": round(seconds, 1),
            "rows_per_second": round(corpus.rows / seconds),
            "main_cpu_seconds": round(own, 2),
            "worker_cpu_seconds": round(cleaning, 2) if workers > 1 else 0.0,
            "peak_mib": round(sampler.peak_bytes / 2**20),
            "main_peak_mib": round(sampler.main_peak_bytes / 2**20),
            "peak_disk_bytes": sampler.disk_bytes,
            "store_bytes": folder_bytes(corpus.folder),
            "source_bytes": sum(path.stat().st_size for path in paths),
        }


def epoch_bytes() -> float:
    """Memory per molecule that a training process takes at most to order an epoch."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(5, 40, _EPOCH_MOLECULES).astype(np.int32)
    indices = np.arange(_EPOCH_MOLECULES, dtype=np.int64)
    tracemalloc.start()
    batches = epoch_batches(lengths, indices, 256, 0, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(map(len, batches)) == _EPOCH_MOLECULES
    return peak / _EPOCH_MOLECULES


# Any: JSON values.
def run_apart(paths: list[Path], workers: int, kill_after: float | None) -> dict[str, Any]:
    """The measurement in a new process, whose peak of memory is its own."""
    words = [sys.executable, __file__, *map(str, paths), "--workers", str(workers), "--single"]
    if kill_after is not None:
        words += ["--kill-after", str(kill_after)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(figures, flush=True)
    return figures


def main() -> None:
    """Measure each run, then one with a killed worker."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--runs", nargs="+", default=["10000x1", "10000x2"], metavar="ROWSxWORKERS")
    parser.add_argument("--workers", type=int, default=1, help="of a single run")
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    parser.add_argument("--kill-after", type=float, help="seconds until a worker is killed")
    parser.add_argument("--single", action="store_true", help="prepare these files and print")
    arguments = parser.parse_args()
    if arguments.single:
        print(json.dumps(measure(arguments.data, arguments.workers, arguments.kill_after)))
        return
    runs = []
    with tempfile.TemporaryDirectory() as name:
        for words in arguments.runs:
            rows, workers = map(int, words.split("x"))
            paths = write_parts(Path(name), arguments.data[0], rows)
            runs.append(run_apart(paths, workers, None))
        paths = write_parts(Path(name), arguments.data[0], runs[0]["rows"])
        killed = run_apart(paths, 2, arguments.kill_after or 1.0)
    assert killed["killed_workers"] == 1
    assert killed["digest"] == runs[0]["digest"]
    record = {
        "data": arguments.data[0].name,
        "shard_rows": SHARD_ROWS,
        "load_average": round(os.getloadavg()[0], 1),
        "runs": runs,
        "with_killed_worker": killed,
        "epoch_bytes_per_molecule": round(epoch_bytes(), 1),
    }
    if arguments.out:
        command = ["python", "scripts/benchmark_scale.py", *sys.argv[1:]]
        write_json(arguments.out, {**record, "provenance": provenance(0, command)})


if __name__ == "__main__":
    main()
