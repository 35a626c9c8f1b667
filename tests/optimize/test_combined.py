import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from projection_model import ProjectionModel
from quick_search import strategy_of

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.errors import ConfigError, MoleculeError, RunError
from molvae.molecule_vae import MoleculeVAE
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.objective import Scores
from molvae.optimize.combined.combined_config import CombinedConfig
from molvae.optimize.combined.filters import LikelihoodFilter
from molvae.optimize.combined.posterior_cache import PosteriorCache
from molvae.optimize.combined.sources import SourceName
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.constraints_config import ConstraintsConfig
from molvae.optimize.methods import SearchConfig
from molvae.optimize.result import StopReason
from molvae.optimize.search import search
from molvae.optimize.state import State
from molvae.optimize.strategy import SearchContext
from molvae.runs import RunDirectory

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
SMALL = {
    "start": 16,
    "children": 16,
    "generations": 2,
    "candidate_heavy_atoms": 30,
    "min_batch": 8,
    "workers": 1,
    "retraining": {"interval": 16, "updates": 2, "batch_size": 8, "rehearsed": 4},
}
OPEN = ConstraintsConfig(guardrails=False)


def objective(name="qed"):
    return ConfiguredObjective(
        ObjectiveConfig.parse_tables({"name": name, "component": [{"property": name}]})
    )


def config(**changes):
    combined = {**SMALL, **changes.pop("combined", {})}
    values = {"budget": 40, "seed": 1, "constraints": OPEN, **changes, "combined": combined}
    return SearchConfig.parse(values)


def test_a_pool_that_is_used_up_is_told_as_that(tiny_model, tmp_path):
    two = tmp_path / "two.smi"
    two.write_text("CCO\nc1ccccc1O\n")
    result = search(
        tiny_model, objective(), config(combined={"pool": two, "sources": ("pool",)}, patience=3)
    )
    assert result.stop is StopReason.NOTHING_NEW
    assert result.calls == 2
    with pytest.raises(ConfigError, match="pool"):
        config(combined={"sources": ("pool",)})


def test_a_search_is_not_resumed_with_another_pool(tiny_model, pool, tmp_path):
    mine = tmp_path / "mine.smi"
    mine.write_text(pool.read_text())
    run = RunDirectory.create(tmp_path / "run")
    settings = config(combined={"pool": mine}, budget=10)
    search(tiny_model, objective(), settings, run)
    # The same molecules elsewhere are the same pool.
    moved = config(combined={"pool": pool}, budget=12)
    assert search(tiny_model, objective(), moved, run, resume=True).calls == 12
    mine.write_text("CCO\n")
    with pytest.raises(RunError, match="pool"):
        search(tiny_model, objective(), settings, run, resume=True)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with SAMPLE.open(encoding="utf-8") as stream:
        smiles = [row["smiles"] for row in csv.DictReader(stream)][200:500]
    path = tmp_path_factory.mktemp("pool") / "pool.smi"
    path.write_text("\n".join(smiles) + "\n")
    return path


def found(model, settings, run=None, resume=False):
    result = search(model, objective(), settings, run, resume=resume)
    return sorted(result.evaluations, key=lambda one: one.call)


@pytest.fixture(scope="module")
def whole(tiny_model, pool):
    """The candidates of a search with all its parts."""
    return found(tiny_model, config(combined={"pool": pool}))


@pytest.mark.slow
def test_it_finds_better_molecules_than_random_draws(tiny_model, pool):
    def best(**changes):
        scores = [
            np.sort([one.score for one in found(tiny_model, config(seed=seed, **changes))])[-10:]
            for seed in range(2)
        ]
        return np.mean(scores)

    combined = best(budget=60, combined={"pool": pool})
    assert combined > best(budget=60, method="random") + 0.1


@pytest.mark.parametrize("source", list(SourceName))
def test_every_source_serves_alone(tiny_model, pool, source):
    only = {"sources": (source,), "pool": pool}
    candidates = found(tiny_model, config(budget=24, combined=only))
    later = {one.source for one in candidates[16:]}
    assert later <= {source}
    assert len(candidates) >= 16


@pytest.mark.slow
def test_the_parts_can_be_switched_off(tiny_model, pool, whole):
    for off in ({"surrogate": False}, {"retraining": {"updates": 0}}, {"generations": 1}):
        less = config(combined={"pool": pool, **off})
        other = found(tiny_model, less)
        assert [one.smiles for one in other] != [one.smiles for one in whole]
        # What is scored first does not depend on any of them.
        assert [one.smiles for one in other[:16]] == [one.smiles for one in whole[:16]]


def test_the_surrogate_is_trusted_with_further_generations_as_it_comes_to_know_more():
    settings = CombinedConfig(evolved=3)
    assert [settings.further_generations(known) for known in (0, 99, 250, 9_000)] == [0, 0, 2, 3]


def test_further_generations_use_no_source_that_is_switched_off(tiny_model, pool):
    only = {"pool": pool, "sources": ("prior", "pool"), "evolved": 10}
    assert "graph" not in {one.source for one in found(tiny_model, config(combined=only))}


def test_the_network_leaves_the_other_cores_to_those_who_read(tiny_model, pool, monkeypatch):
    threads = []
    encoded = MoleculeVAE.posterior

    def watched(model, selfies_rows):
        threads.append(torch.get_num_threads())
        return encoded(model, selfies_rows)

    monkeypatch.setattr(MoleculeVAE, "posterior", watched)
    strategy = strategy_of(config(combined={"pool": pool}), tiny_model)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        threads.clear()
        for _ in range(10):
            proposals = strategy.ask(8)
            strategy.tell(proposals, np.arange(len(proposals), dtype=np.float64))
        assert set(threads) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_any_number_of_cores_comes_to_the_same(tiny_model, pool):
    found = []
    for cores in 1, 2:
        few = {"pool": pool, "children": 64, "workers": cores}
        found.append(search(tiny_model, objective(), config(combined=few)).evaluations)
    assert found[0] == found[1]


@pytest.mark.slow
def test_it_begins_anew_where_the_ten_best_stall(tiny_model, pool):
    def turns_of(stagnation, most):
        strategy = strategy_of(
            config(combined={"pool": pool, "stagnation": stagnation}), tiny_model
        )
        begins = [0]
        while len(begins) < 3:
            proposals = strategy.ask(8)
            strategy.tell(proposals, np.zeros(len(proposals)))
            population = strategy.state().values["population"]
            if population["window_start"] != begins[-1]:
                begins.append(population["window_start"])
            if len(population["scores"]) > most:
                break
        return begins

    assert turns_of(0, most=60) == [0]
    begins = turns_of(10, most=100)
    # Away from what was scored; after as long a time without a rise, to all of it.
    assert begins[1] > 10
    assert begins[2:] == [0]


def test_where_there_is_nowhere_else_to_start_it_goes_on_with_what_it_has(tiny_model, tmp_path):
    # The pool is used up at the restart, and the prior gives no molecule with so many bromines.
    few = tmp_path / "few.smi"
    few.write_text("\n".join(f"BrC(Br)(Br){'C' * n}Br" for n in range(1, 12)) + "\n")
    settings = config(
        combined={"pool": few, "stagnation": 10, "sources": ("pool",)},
        constraints=ConstraintsConfig(guardrails=False, keep=("BrC(Br)Br",)),
    )
    strategy = strategy_of(settings, tiny_model)
    starts = []
    for _ in range(20):
        candidates = strategy.ask(8)
        strategy.tell(candidates, np.zeros(len(candidates)))
        starts.append(strategy.state().values["population"]["window_start"])
        if starts[-1] == 0 and 11 in starts:
            break
    assert 11 in starts
    assert starts[-1] == 0


@pytest.mark.slow
def test_it_leaves_out_what_the_prior_would_hardly_make_up(tiny_model, pool):
    def nll(improbable):
        settings = config(combined={"pool": pool, "improbable": improbable})
        selfies_rows = [
            to_selfies(Molecule.parse(one.smiles)) for one in found(tiny_model, settings)
        ]
        began_with, later = selfies_rows[: SMALL["start"]], selfies_rows[SMALL["start"] :]
        sizes = np.array([len(one) + 1 for one in later])
        highest = (tiny_model.nll(later) / sizes).max()
        return highest, LikelihoodFilter(tiny_model, began_with, 0.1).limit

    highest, bound = nll(0.1)
    unbound, same_bound = nll(0)
    assert bound == same_bound
    assert highest <= bound < unbound


def test_candidates_are_flat_neutral_and_in_one_piece(whole):
    for one in whole:
        assert not {*"@/\\.+"} & {*one.smiles.replace("[N+](=O)[O-]", "")}
        assert Molecule.parse(one.smiles).smiles == one.smiles


def test_a_search_that_is_broken_off_ends_as_an_undisturbed_one(tiny_model, pool, whole, tmp_path):
    settings = {"combined": {"pool": pool}}
    run = RunDirectory.create(tmp_path / "run")
    for budget in (10, 27, 40):
        again = found(tiny_model, config(budget=budget, **settings), run, resume=budget > 10)
    assert [(one.smiles, one.score, one.source) for one in again] == [
        (one.smiles, one.score, one.source) for one in whole
    ]


@pytest.mark.slow
@pytest.mark.parametrize("stagnation", [0, 10])
def test_a_restored_strategy_goes_on_to_the_bit(tiny_model, pool, stagnation):
    def told(strategy, rounds):
        smiles = []
        for _ in range(rounds):
            proposals = strategy.ask(8)
            # Where nothing gets better it begins anew.
            scores = [0.0 if stagnation else one.molecule.heavy_atoms / 40 for one in proposals]
            strategy.tell(proposals, np.array(scores))
            smiles += [one.molecule.smiles for one in proposals]
        return smiles

    settings = config(combined={"pool": pool, "stagnation": stagnation})
    first, second = (strategy_of(settings, tiny_model) for _ in "12")
    told(first, 5)
    state = first.state()
    assert bool(state.values["population"]["window_start"]) == bool(stagnation)
    second.restore(State.from_bytes(state.to_bytes()))
    assert told(first, 3) == told(second, 3)


def test_the_version_of_the_state_changes_with_the_weights_alone(tiny_model, pool):
    retraining = {"interval": 8, "updates": 1}
    strategy = strategy_of(config(combined={"pool": pool, "retraining": retraining}), tiny_model)
    while not strategy.state().arrays:
        proposals = strategy.ask(8)
        strategy.tell(proposals, np.arange(len(proposals), dtype=np.float64))
    version = strategy.state().version
    assert strategy.state().version == version
    strategy.restore(strategy.state())
    assert strategy.state().version != version


def test_codes_are_computed_once_until_the_cache_is_cleared(tiny_model, monkeypatch):
    # The last digits of a code depend on its batch, and a resumed search starts with no codes.
    batches = []
    posterior = MoleculeVAE.posterior

    def recorded(model, selfies_rows):
        batches.append(list(selfies_rows))
        return posterior(model, selfies_rows)

    known = ["CCO", "c1ccccc1"]
    monkeypatch.setattr(MoleculeVAE, "posterior", recorded)
    cache = PosteriorCache(tiny_model)
    for _ in range(2):
        cache.encode(known)
    selfies_rows = [to_selfies(Molecule.parse(smiles)) for smiles in known]
    assert batches == [selfies_rows]
    cache.clear()
    cache.encode(known)
    assert batches == [selfies_rows, selfies_rows]


def test_with_a_lead_all_that_is_scored_is_like_it(tiny_model):
    lead = "CC(=O)Nc1ccc(OC(C)C)cc1"
    rules = ConstraintsConfig(lead=lead, min_similarity=0.4, guardrails=False)
    candidates = found(tiny_model, config(constraints=rules, budget=40))
    assert Molecule.parse(lead).smiles in {one.smiles for one in candidates}
    assert len(candidates) >= 20


@pytest.mark.parametrize(("min_similarity", "has_prior"), [(0.4, False), (0.0, True)])
def test_no_prior_is_sampled_where_similarity_to_a_lead_is_required(
    tiny_model, min_similarity, has_prior
):
    rules = ConstraintsConfig(lead="CC(=O)Nc1ccc(OC(C)C)cc1", min_similarity=min_similarity)
    context = SearchContext(tiny_model, HardConstraints.parse(rules), objective(), 0, 1.0)
    assert ("prior" in mixed_sources(CombinedConfig(), context)) == has_prior
    alone = CombinedConfig(sources=("prior",))
    assert mixed_sources(alone, context) == {"prior"}


def mixed_sources(settings, context):
    return set(settings.build(context).state().values["mix"]["proposed"])


def test_what_it_leaves_out_itself_is_counted_as_refused(tiny_model, pool):
    constraints = {"guardrails": True, "limits": {"max_sa": 2.0}}
    settings = config(constraints=constraints, combined={"pool": pool, "start": 4})
    result = search(tiny_model, objective(), settings)
    assert result.rejected["too hard to synthesize"] > 0
    refused = sum(result.rejected.values())
    assert result.undecodable + refused + result.repeats + result.calls == result.proposed
    assert refused < result.proposed


def test_a_search_of_which_nothing_has_a_score_says_so(tiny_model, pool):
    class Unscored:
        columns = ("x",)
        description = {"name": "x"}  # noqa: RUF012

        def score(self, molecules):
            nothing = np.full(len(molecules), np.nan)
            return Scores(nothing, {"x": nothing}, {})

    chosen = config(combined={"pool": pool}, patience=8)
    result = search(tiny_model, Unscored(), chosen)
    assert result.stop is StopReason.NOTHING_SCORED
    assert result.calls > 16


def test_a_lead_that_cannot_be_searched_round_is_refused_with_the_reason(tiny_model):
    def refusal(lead, combined=None, **constraints):
        asked = ConstraintsConfig(lead=lead, guardrails=False, **constraints)
        chosen = config(constraints=asked, combined=combined or {})
        with pytest.raises(MoleculeError) as told:
            search(tiny_model, objective(), chosen)
        return str(told.value)

    assert "mixture of molecules" in refusal("CCOc1ccccc1.Cl")
    assert "40 heavy atoms, at most 30" in refusal("C" * 40)
    stereo = {"lead": "C[C@H](O)c1ccccc1", "keep": ["C[C@H](O)c"]}
    assert "`combined.keep_stereo=True`" in refusal(**stereo)
    kept = ConstraintsConfig(guardrails=False, **stereo)
    search(tiny_model, objective(), config(constraints=kept, combined={"keep_stereo": True}))


def test_it_looks_as_far_from_the_lead_as_it_is_told(tiny_model):
    lead = "CC(=O)Nc1ccc(O)cc1"

    def alike(scale):
        chosen = config(
            constraints=ConstraintsConfig(lead=lead, guardrails=False), lead_scale=scale
        )
        result = search(tiny_model, objective(), chosen.with_changes({"budget": 16}))
        fixed = HardConstraints.parse(chosen.constraints)
        return fixed.similarities([Molecule.parse(one.smiles) for one in result.evaluations]).mean()

    assert alike(0.2) > alike(3.0)


def test_a_search_of_which_nothing_is_admitted_says_so(tiny_model, pool):
    gold = ConstraintsConfig(guardrails=False, keep=("[Au]",))
    result = search(tiny_model, objective(), config(constraints=gold, combined={"pool": pool}))
    assert result.stop is StopReason.NOTHING_ADMITTED
    assert list(result.rejected) == ["required pattern missing"]
    assert "required pattern missing (require less with `keep`)" in result.advice


def test_a_charged_lead_keeps_its_charges(tiny_model):
    lead = "C[NH+](C)Cc1ccc(C[NH+](C)C)cc1"
    rules = ConstraintsConfig(lead=lead, min_similarity=0.4, guardrails=False)
    candidates = found(tiny_model, config(constraints=rules, budget=20))
    assert len(candidates) == 20
    assert any("+" in one.smiles for one in candidates[1:])


def test_another_model_than_ours_is_refused():
    with pytest.raises(ConfigError, match="MoleculeVAE"):
        strategy_of(SearchConfig(), ProjectionModel())


def test_sources_are_named_in_the_settings():
    assert CombinedConfig.parse({"sources": ["prior", "graph"]}).sources == (
        SourceName.PRIOR,
        SourceName.GRAPH,
    )
    with pytest.raises(ConfigError, match="sources"):
        CombinedConfig.parse({"sources": ["nowhere"]})


def test_rounds_grow_with_the_calls():
    sizes = [
        CombinedConfig().batch_size(calls) for calls in (0, 119, 120, 160, 499, 500, 1_999, 2_000)
    ]
    assert sizes == [4, 4, 6, 8, 8, 25, 25, 100]
    assert CombinedConfig(min_batch=10).batch_size(200) == 10
