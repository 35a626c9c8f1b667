"""Small searches of the stand-in: settings, objectives, and what is compared of them."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

from molvae.errors import ObjectiveError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Scores
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.methods import Method, SearchConfig
from molvae.optimize.strategy import SearchContext

QUICK = {
    "method": "cma-es",
    "budget": 150,
    "batch_size": 10,
    "patience": 20,
    # Nobody asks whether what the stand-in decodes to could be made.
    "constraints": {"guardrails": False},
    "cma_es": {"first_sample": 30, "population": 8, "patience": 4},
    "evolution": {"first_sample": 30, "elites": 16},
    "turbo": {"first_sample": 30, "window": 40, "candidates": 60, "fit_steps": 2},
}
MARKS = {Method.TURBO: pytest.mark.skipif(not find_spec("botorch"), reason="needs the extra opt")}
NEEDS_A_NETWORK = {Method.COMBINED, Method.GRADIENT}
METHODS = [
    pytest.param(method, marks=MARKS.get(method, ()), id=method)
    for method in Method
    if method not in NEEDS_A_NETWORK
]
TWO = [Method.CMA_ES, Method.RANDOM_WALK]
"""For what does not depend on the method."""


def config(**settings):
    return SearchConfig.parse({**QUICK, **settings})


def objective(**settings):
    tables = {"name": "qed", "component": [{"property": "qed"}], **settings}
    return ConfiguredObjective(ObjectiveConfig.parse_tables(tables))


def strategy_of(settings, model, wanted=None):
    """The method of a search at its start."""
    constraints = HardConstraints.parse(settings.constraints, wanted)
    context = SearchContext(model, constraints, wanted, settings.seed, settings.lead_scale)
    return settings.build(context)


def table(result):
    """All that a search found, comparable also where a score is NaN."""
    return [(one.call, one.smiles, str(one.score), one.round) for one in result.evaluations]


class NotingObjective:
    """The number of atoms; notes what it is asked for, and fails when it was asked too often."""

    columns = ("atoms",)
    description = {"name": "atoms"}  # noqa: RUF012

    def __init__(self, asked, limit=math.inf):
        self._asked = asked
        self._limit = limit

    def score(self, molecules):
        if len(self._asked) + len(molecules) > self._limit:
            raise ObjectiveError("out of order")
        self._asked += [one.smiles for one in molecules]
        atoms = np.array([float(one.heavy_atoms) for one in molecules])
        return Scores(atoms, {"atoms": atoms}, {})
