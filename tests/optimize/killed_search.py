"""A search that is killed with SIGKILL again and again, wherever it is, and resumed to its end.

Each part runs in a process of its own, which kills itself at a line of molvae/optimize that a
generator picks. Every molecule that the objective is asked for is noted in a file.
"""

import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
from projection_model import ProjectionModel

from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.methods import SearchConfig
from molvae.optimize.search import search
from molvae.runs import RunDirectory

OBJECTIVE = ObjectiveConfig.parse_tables(
    {"name": "qed", "where": "heavy_atoms > 2", "component": [{"property": "qed"}]}
)


class NotingObjective(ConfiguredObjective):
    """Writes the SMILES of a batch to a file before it scores them."""

    def __init__(self, notes):
        super().__init__(OBJECTIVE)
        self._notes = notes

    def score(self, molecules):
        with self._notes.open("a") as stream:
            stream.write("".join(f"{one.smiles}\n" for one in molecules))
        return super().score(molecules)


def search_in(folder, method):
    """A search in the folder, from its start or from where it was killed."""
    settings = {
        "method": method,
        "budget": 104,
        "batch_size": 10,
        "at_once": 4,
        "seed": 5,
        "cma_es": {"first_sample": 30, "population": 8, "patience": 4},
    }
    resume = RunDirectory(folder).settings.exists()
    run = RunDirectory.existing(folder) if resume else RunDirectory(folder)
    folder.mkdir(exist_ok=True)
    objective = NotingObjective(folder.with_suffix(".notes"))
    return search(ProjectionModel(), objective, SearchConfig.parse(settings), run, resume=resume)


def part(folder, method, lines):
    """Search until so many lines of molvae/optimize were begun, then die."""
    left = lines

    def count(frame, event, argument):
        nonlocal left
        if "molvae/optimize" not in frame.f_code.co_filename:
            return None
        left -= event == "line"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return count

    sys.settrace(count)
    search_in(folder, method)
    sys.settrace(None)


def journaled(folder):
    """SMILES in the journal, without what its making may have left unfinished."""
    path = RunDirectory(folder).journal
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return set()
        return {smiles for (smiles,) in connection.execute("SELECT smiles FROM scores")}


def noted(folder):
    notes = folder.with_suffix(".notes")
    return notes.read_text().split() if notes.exists() else []


def main(folder, method, seed):
    generator = np.random.default_rng(seed)
    kills, twice = 0, 0
    # What is made once a process, as the catalogue of alerts, the parts then have from this one.
    search_in(folder.with_name("before"), method)
    while True:
        before, known = len(noted(folder)), journaled(folder)
        # Few lines at first, as the making of the files is where a kill is most awkward; later
        # more and more of them, or no part would ever come to the end.
        lines = int(generator.integers(1, 60 if kills < 12 else 400 * (kills - 10)))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                part(folder, method, lines)
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        twice += len(known & set(noted(folder)[before:]))
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            kills += 1
            continue
        print(json.dumps({"kills": kills, "twice": twice, "status": status}))
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
