"""Measure how long it takes to clean a file into a token store, and the memory it needs (Linux).

    molvae data moses --out data/moses
    python scripts/benchmark_cleaning.py data/moses/train.csv --out data/results/speed/cleaning.json

The peak is the sum over all processes, sampled twice a second. The store goes to a new folder,
because an existing one would be reused.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from molvae.dataset.preparation import prepare_corpus
from molvae.files import write_json
from molvae.parallel import available_cores
from molvae.runs import provenance


class Memory(threading.Thread):
    """Sampler of the resident memory of this process and its descendants."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0

    def run(self) -> None:
        """Sample until the process ends."""
        while True:
            self.peak = max(self.peak, sum(map(resident_bytes, family(os.getpid()))))
            time.sleep(0.5)


def family(process: int) -> list[int]:
    """The process and its descendants."""
    members = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                members += family(int(child))
        except OSError:
            continue
    return members


def resident_bytes(process: int) -> int:
    """Resident memory of a process; 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Clean the file, then open it again; print and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    arguments = parser.parse_args()
    memory = Memory()
    memory.start()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        corpus = prepare_corpus(arguments.data, folder=Path(folder), progress=True)
        seconds = time.perf_counter() - start
        start = time.perf_counter()
        prepare_corpus(arguments.data, folder=Path(folder))
        again = time.perf_counter() - start
    record = {
        "data": arguments.data.name,
        "rows": corpus.rows,
        "accepted": len(corpus),
        "refused": dict(corpus.refused),
        "workers": available_cores(),
        "seconds": round(seconds, 1),
        "rows_per_second": round(corpus.rows / seconds, 1),
        "peak_mib": round(memory.peak / 2**20),
        "seconds_when_reused": round(again, 3),
    }
    print(record)
    if arguments.out:
        command = ["python", "scripts/benchmark_cleaning.py", *sys.argv[1:]]
        write_json(arguments.out, {**record, "provenance": provenance(0, command)})


if __name__ == "__main__":
    main()
