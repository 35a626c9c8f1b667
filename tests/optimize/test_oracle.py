import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molvae.chem.molecule import Molecule
from molvae.errors import FileError, ObjectiveError
from molvae.objectives.objective import Failure, Scores
from molvae.optimize.candidate import Candidate
from molvae.optimize.journal import Journal
from molvae.optimize.oracle import Oracle
from molvae.optimize.score_cache import ScoreCache

ABOUT = {"objective": "length"}


class LengthObjective:
    """The length of the SMILES; has no score for those given, and keeps what it was asked."""

    columns = ("length",)
    description = {"name": "length"}  # noqa: RUF012

    def __init__(self, without=(), of_infinity=()):
        self.asked = []
        self._without = without
        self._of_infinity = of_infinity

    def score(self, molecules):
        self.asked.append([molecule.smiles for molecule in molecules])
        lengths = np.array([self._length(one.smiles) for one in molecules])
        total = np.array([self._total(one.smiles) for one in molecules])
        return Scores(total, {"length": lengths}, {})

    def _length(self, smiles):
        return math.inf if smiles in self._of_infinity else float(len(smiles))

    def _total(self, smiles):
        return math.nan if smiles in self._without else self._length(smiles)


class MiscountingObjective(LengthObjective):
    """Gives a score too few."""

    def score(self, molecules):
        return super().score(molecules[1:])


def candidates(*texts):
    return [Candidate.of(Molecule.parse(text) if text else None, np.zeros(2)) for text in texts]


class FailingObjective(LengthObjective):
    """Says of those without a score that its program failed."""

    def score(self, molecules):
        scores = super().score(molecules)
        failures = [
            Failure(one, "length", "hung") for one in self.asked[-1] if one in self._without
        ]
        return Scores(scores.total, scores.values, {}, tuple(failures))


def oracle(objective, journal, budget=10, at_once=100, cache=None):
    return Oracle(objective, journal, budget, at_once, cache=cache)


@pytest.fixture
def journal():
    with Journal.open(None, ABOUT) as opened:
        yield opened


def test_each_distinct_molecule_is_asked_for_once(journal):
    objective = LengthObjective()
    asking = oracle(objective, journal)
    first = asking.evaluate(candidates("OCC", "CCO", None, "C"), 1)
    again = asking.evaluate(candidates("C(O)C", "CC"), 2)
    assert objective.asked == [["CCO", "C"], ["CC"]]
    np.testing.assert_array_equal(first.scores, [3, 3, math.nan, 1])
    np.testing.assert_array_equal(again.scores, [3, 2])
    assert asking.calls == 3
    assert (first.decoded, first.new, first.scored) == (3, 2, 2)
    assert (again.decoded, again.new, again.scored) == (2, 1, 1)


def test_a_round_beyond_the_budget_is_cut(journal):
    objective = LengthObjective()
    asking = oracle(objective, journal, budget=2)
    answers = asking.evaluate(candidates("C", None, "C", "CC", "CCC", "CC", "CCCC"), 1)
    assert objective.asked == [["C", "CC"]]
    np.testing.assert_array_equal(answers.scores, [1, math.nan, 1, 2, math.nan, 2, math.nan])
    assert answers.is_cut
    assert asking.remaining == 0


def test_a_round_that_just_fits_is_not_cut(journal):
    answers = oracle(LengthObjective(), journal, budget=2).evaluate(candidates("C", "CC", "C"), 1)
    assert not answers.is_cut


def test_an_answer_of_nan_costs_a_call_and_is_not_asked_for_again(journal):
    objective = LengthObjective(without=["CC"])
    asking = oracle(objective, journal)
    first = asking.evaluate(candidates("CC", "C"), 1)
    again = asking.evaluate(candidates("CC"), 2)
    assert objective.asked == [["CC", "C"]]
    assert np.isnan([first.scores[0], again.scores[0]]).all()
    assert asking.calls == 2
    assert (first.new, first.scored) == (2, 1)


def test_an_infinite_score_is_none(journal):
    answers = oracle(LengthObjective(of_infinity=["CC"]), journal).evaluate(candidates("CC"), 1)
    assert math.isnan(answers.scores[0])
    assert math.isnan(journal.evaluations()[0].score)


def test_scores_are_in_the_journal_before_the_next_are_asked_for(journal):
    class Looking(LengthObjective):
        def score(self, molecules):
            in_journal.append(len(journal.evaluations()))
            return super().score(molecules)

    in_journal = []
    oracle(Looking(), journal, at_once=2).evaluate(candidates("C", "CC", "CCC", "CCCC", "N"), 1)
    assert in_journal == [0, 2, 4]
    assert [one.call for one in journal.evaluations()] == [1, 2, 3, 4, 5]


def test_an_oracle_goes_on_from_the_journal(journal):
    oracle(LengthObjective(), journal, budget=3).evaluate(candidates("C", "CC"), 1)
    objective = LengthObjective()
    resumed = oracle(objective, journal, budget=3)
    answers = resumed.evaluate(candidates("C", "N", "CC", "O"), 2)
    assert objective.asked == [["N"]]
    np.testing.assert_array_equal(answers.scores, [1, 1, 2, math.nan])
    assert resumed.calls == 3
    assert resumed.last_round == 2


# Otherwise a search killed in the middle of a round would count its patience otherwise.
def test_a_round_taken_up_again_counts_what_it_scored_before_as_new(journal):
    oracle(LengthObjective(), journal).evaluate(candidates("C", "CC"), 1)
    answers = oracle(LengthObjective(), journal).evaluate(candidates("C", "CC", "CCC"), 1)
    assert answers.new == 3


def test_an_objective_that_miscounts_is_an_error(journal):
    with pytest.raises(ObjectiveError, match="1 scores for 2 molecules"):
        oracle(MiscountingObjective(), journal).evaluate(candidates("C", "CC"), 1)
    assert journal.evaluations() == []


def shared(folder, objective):
    return ScoreCache.open(folder / "scores.sqlite", objective.description)


def test_what_another_run_paid_for_is_a_call_but_not_asked_for_again(journal, tmp_path):
    first, second = LengthObjective(without=["CC"]), LengthObjective(without=["CC"])
    with shared(tmp_path, first) as cache:
        paid = oracle(first, journal, cache=cache).evaluate(candidates("C", "CC", "CCO"), 1)
    with shared(tmp_path, second) as cache, Journal.open(None, ABOUT) as other:
        asking = oracle(second, other, cache=cache, budget=4)
        answers = asking.evaluate(candidates("N", "CCO", "CC", "C", "O"), 1)
        calls = [(one.call, one.smiles, one.values["length"]) for one in other.evaluations()]
    assert first.asked == [["C", "CC", "CCO"]]
    assert second.asked == [["N"]]
    np.testing.assert_array_equal(paid.scores, [1, math.nan, 3])
    np.testing.assert_array_equal(answers.scores, [1, 3, math.nan, 1, math.nan])
    assert (asking.calls, answers.is_cut) == (4, True)
    assert calls == [(1, "N", 1), (2, "CCO", 3), (3, "CC", 2), (4, "C", 1)]


def test_a_failure_is_not_shared(journal, tmp_path):
    first, second = FailingObjective(without=["CC"]), FailingObjective()
    with shared(tmp_path, first) as cache:
        oracle(first, journal, cache=cache).evaluate(candidates("C", "CC"), 1)
    with shared(tmp_path, second) as cache, Journal.open(None, ABOUT) as other:
        answers = oracle(second, other, cache=cache).evaluate(candidates("C", "CC"), 1)
    assert second.asked == [["CC"]]
    np.testing.assert_array_equal(answers.scores, [1, 2])


def test_what_was_paid_for_is_kept_where_nothing_else_can_be_written_to(tmp_path):
    def fail(*_):
        raise FileError("locked")

    objective = FailingObjective(without=["CC"])
    with Journal.open(None, ABOUT) as journal:
        with pytest.raises(FileError, match="locked"):
            Oracle(objective, journal, 10, 100, fail).evaluate(candidates("C", "CC"), 1)
        assert [one.smiles for one in journal.evaluations()] == ["C", "CC"]
    with shared(tmp_path, objective) as cache, Journal.open(None, ABOUT) as journal:
        cache.add = fail
        with pytest.raises(FileError, match="locked"):
            oracle(objective, journal, cache=cache).evaluate(candidates("C", "CC"), 1)
        assert [one.smiles for one in journal.evaluations()] == ["C", "CC"]


def test_a_score_is_in_the_cache_before_the_next_is_asked_for(journal, tmp_path):
    class Looking(LengthObjective):
        def score(self, molecules):
            in_cache.append(sorted(cache.find(["C", "CC", "CCC"])))
            return super().score(molecules)

    in_cache = []
    objective = Looking()
    with shared(tmp_path, objective) as cache:
        oracle(objective, journal, at_once=1, cache=cache).evaluate(candidates("C", "CC", "CCC"), 1)
    assert in_cache == [[], ["C"], ["C", "CC"]]


@settings(deadline=None)
@given(
    rounds=st.lists(st.lists(st.sampled_from([None, "C", "CC", "CO", "OC", "N", "O"]))),
    budget=st.integers(1, 8),
    at_once=st.integers(1, 4),
)
def test_calls_are_the_distinct_molecules_and_never_exceed_the_budget(rounds, budget, at_once):
    objective = LengthObjective()
    with Journal.open(None, ABOUT) as journal:
        asking = oracle(objective, journal, budget, at_once)
        for number, texts in enumerate(rounds, start=1):
            asking.evaluate(candidates(*texts), number)
        asked = [smiles for batch in objective.asked for smiles in batch]
        distinct = {Molecule.parse(text).smiles for texts in rounds for text in texts if text}
        assert len(asked) == len(set(asked)) == asking.calls == min(budget, len(distinct))
        assert [one.smiles for one in journal.evaluations()] == asked


class DownObjective(LengthObjective):
    """Fails on every molecule until it is repaired."""

    is_down = True

    def score(self, molecules):
        scores = super().score(molecules)
        if not self.is_down:
            return scores
        nothing = np.full(len(molecules), math.nan)
        failures = [Failure(one.smiles, "docking", "exit status 5") for one in molecules]
        return Scores(nothing, {"length": nothing}, {}, tuple(failures))


ALKANES = ["C" * length for length in range(1, 31)]


@pytest.mark.parametrize("at_once", [1, 4, 30])
def test_a_scorer_that_is_down_ends_the_search_within_a_batch(journal, at_once):
    asking = oracle(DownObjective(), journal, budget=100, at_once=at_once)
    with pytest.raises(ObjectiveError, match="docking"):
        asking.evaluate(candidates(*ALKANES), 1)
    assert len(journal.evaluations()) < 10


def test_molecules_that_no_scorer_answered_for_are_asked_for_again(journal):
    objective = DownObjective()
    oracle(objective, journal, at_once=2).evaluate(candidates("C", "CC", "CCC"), 1)
    assert [row.is_unanswered for row in journal.evaluations()] == [True] * 3
    objective.is_down = False
    resumed = oracle(objective, journal)
    assert resumed.ask_again(last_round=1) == {"C": 1, "CC": 2, "CCC": 3}
    assert [(row.call, row.score) for row in journal.evaluations()] == [(1, 1), (2, 2), (3, 3)]
    assert resumed.ask_again(last_round=1) == {}


def test_a_molecule_that_a_scorer_cannot_take_costs_a_call_while_others_are_answered(journal):
    objective = FailingObjective(without=ALKANES[1:])
    oracle(objective, journal, budget=100).evaluate(candidates(*ALKANES), 1)
    assert len(journal.evaluations()) == 30


def test_an_answer_that_is_no_number_is_not_asked_for_again(journal):
    class Answering(LengthObjective):
        def score(self, molecules):
            failures = [Failure(one.smiles, "x", "gave 'nan'", is_answer=True) for one in molecules]
            nothing = np.full(len(molecules), math.nan)
            return Scores(nothing, {"length": nothing}, {}, tuple(failures))

    asking = oracle(Answering(), journal, budget=100)
    asking.evaluate(candidates(*ALKANES), 1)
    assert asking.calls == 30
    assert asking.ask_again(last_round=1) == {}
