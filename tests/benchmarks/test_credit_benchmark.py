import numpy as np
import pytest

from molvae.benchmarks.credit import benchmark_credit, credit_of, credit_text, evolve
from molvae.benchmarks.credit_config import CreditConfig
from molvae.chem.clean_molecules import clean_smiles
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import ConfigError, DataError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.candidate import Candidate
from molvae.optimize.combined.population import Population

SMALL = CreditConfig(
    tasks=("celecoxib_rediscovery", "zaleplon_mpo"),
    seeds=(0,),
    sampled=30,
    rounds=1,
    mutants=10,
    parents=8,
    children=12,
)
ATOMS = ConfiguredObjective(
    ObjectiveConfig.parse_tables({"name": "atoms", "component": [{"property": "heavy_atoms"}]})
)


@pytest.fixture(scope="module")
def record(tiny_model, few_molecules):
    return benchmark_credit(tiny_model, few_molecules, SMALL)


def without_times(record):
    return [{**row, "milliseconds": None} for row in record["runs"]]


def population_of(*smiles):
    population = Population()
    for molecule in clean_smiles(smiles, StandardizeConfig(min_heavy_atoms=1)):
        population.add(molecule, float(sum(map(str.isalpha, molecule.smiles))))
    return population


def test_every_source_is_measured_for_every_task(record):
    assert list(record["sources"]) == list(SMALL.sources)
    assert len(record["runs"]) == len(SMALL.sources) * len(SMALL.tasks)
    for row in record["runs"]:
        shares = [row[name] for name in ("new", "better", "top", "unrepaired", "similarity")]
        assert all(share is None or 0.0 <= share <= 1.0 for share in shares)
    graph = record["sources"]["graph"]
    assert graph["unrepaired"] == 1.0
    assert graph["milliseconds"] > 0.0
    # Molecules of a file have no parents.
    assert record["sources"]["pool"]["better"] is None
    assert record["sources"]["pool"]["new"] > 0.0


def test_the_mean_over_tasks_and_seeds_is_shown(record):
    rows = [row["better"] for row in record["runs"] if row["source"] == "graph"]
    assert record["sources"]["graph"]["better"] == pytest.approx(np.mean(rows))
    lines = credit_text(record).splitlines()
    assert len(lines) == len(SMALL.sources) + 1
    assert f"{np.mean(rows):.1%}" in next(line for line in lines if line.startswith("graph"))


def test_the_same_seed_gives_the_same_figures_whatever_else_is_measured(
    record, tiny_model, few_molecules
):
    few = SMALL.with_changes({"sources": ["edits", "graph"]})
    again = benchmark_credit(tiny_model, few_molecules, few)
    mine = [row for row in without_times(record) if row["source"] in ("edits", "graph")]
    order = sorted(without_times(again), key=str)
    assert order == sorted(mine, key=str)


def test_figures_of_four_children_by_hand():
    # Scores are numbers of heavy atoms: 3, 4, 5.
    population = population_of("CCO", "CCCO", "CCCCO")
    children = [
        Candidate("CCCCCO", parent="CCO", selfies=("[C]",) * 5 + ("[O]",)),
        Candidate("CC", parent="CCO", selfies=("[C]", "[C]", "[Ring1]", "[C]")),
        # Twice, and known.
        Candidate("CC", parent="CCCO"),
        Candidate("CCO", parent="CCCO"),
    ]
    credit = credit_of(children, 8, 0.5, population, ATOMS, n_parents=2)
    assert credit.new == 2 / 8
    assert credit.better == 0.5
    assert credit.top == 0.5
    assert credit.unrepaired == 0.5
    assert credit.milliseconds == 250.0
    assert 0.0 < credit.similarity < 1.0


def test_a_source_without_new_children_has_no_figures():
    credit = credit_of([], 8, 0.5, population_of("CCO", "CCCO"), ATOMS, n_parents=2)
    assert credit.new == 0.0
    assert credit.better is credit.top is credit.milliseconds is None


def test_parents_are_better_than_the_sample_they_descend_from(few_molecules):
    texts = [line.split(",")[0] for line in few_molecules.read_text().splitlines()[1:40]]
    sample = [molecule for molecule in clean_smiles(texts, StandardizeConfig()) if molecule]
    before, after = (
        evolve(ATOMS, sample, SMALL.with_changes({"rounds": rounds}), seed=0) for rounds in (0, 3)
    )
    assert len(after) > len(before)
    assert after.top_threshold() > before.top_threshold()


def test_too_small_a_file_and_unknown_tasks_are_refused(tiny_model, few_molecules):
    with pytest.raises(DataError, match="sampled"):
        benchmark_credit(tiny_model, few_molecules, SMALL.with_changes({"sampled": 10_000}))
    with pytest.raises(ConfigError, match="pmo"):
        benchmark_credit(tiny_model, few_molecules, SMALL.with_changes({"tasks": ["nothing"]}))
