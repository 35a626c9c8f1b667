"""What passes the screen is measured; what does not has its reason."""

import cloudpickle
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.chem.properties import property_values
from molvae.chem.refusal import Refusal
from molvae.chem.screening import MoleculeFilter, judge_selfies
from molvae.errors import ConfigError
from molvae.parallel import ordered_map

TOLUENE, PHENOL, HEXANE = (
    to_selfies(Molecule.parse(text)) for text in ("Cc1ccccc1", "Oc1ccccc1", "C" * 6)
)


def refusals(selfies_rows, molecule_filter):
    return [judged.refusal for judged in judge_selfies(selfies_rows, molecule_filter)]


def test_without_conditions_all_molecules_pass():
    passed = judge_selfies([HEXANE, TOLUENE])
    assert [judged.smiles for judged in passed] == ["CCCCCC", "Cc1ccccc1"]
    assert all(judged.is_unrepaired and judged.is_canonical for judged in passed)
    assert refusals([HEXANE, TOLUENE], MoleculeFilter()) == [None, None]


def test_no_rows_give_no_answers():
    assert judge_selfies([], MoleculeFilter(where="qed > 0.5")) == []


def test_another_selfies_of_the_molecule_is_not_canonical():
    backwards = ("[O]", "[C]", "[C]")
    forwards = to_selfies(Molecule.parse("CCO"))
    judged = judge_selfies([backwards, forwards])
    assert [row.smiles for row in judged] == ["CCO", "CCO"]
    assert [row.is_canonical for row in judged] == [False, True]
    canonical = MoleculeFilter(canonical_only=True)
    assert refusals([backwards, forwards], canonical) == [Refusal.NOT_CANONICAL, None]


def test_a_repaired_selfies_is_a_molecule_and_refused_when_strict():
    repaired = ("[C]", "[=O]", "[C]")
    [judged] = judge_selfies([repaired])
    assert (judged.smiles, judged.refusal, judged.is_unrepaired) == ("C=O", None, False)
    assert judged.repair is not None
    assert refusals([repaired], MoleculeFilter(strict=True)) == [Refusal.REPAIRED]


def test_the_first_condition_that_fails_is_the_reason():
    molecule_filter = MoleculeFilter(where="logp > 1.5", keep=("c1ccccc1",), avoid=("C#N",))
    nitrile = to_selfies(Molecule.parse("N#Cc1ccccc1"))
    assert refusals([(), HEXANE, nitrile, PHENOL, TOLUENE], molecule_filter) == [
        Refusal.INVALID,
        Refusal.PATTERN_MISSING,
        Refusal.UNWANTED_PATTERN,
        Refusal.CONDITION_NOT_MET,
        None,
    ]


def test_all_patterns_to_keep_must_match():
    assert refusals([PHENOL], MoleculeFilter(keep=("c", "N"))) == [Refusal.PATTERN_MISSING]
    assert refusals([PHENOL], MoleculeFilter(keep=("c", "O"))) == [None]


def test_the_values_are_those_asked_for_in_that_order():
    screen = MoleculeFilter(properties=("weight", "logp"), where="qed > 0.1 and logp > 0")
    [passed] = judge_selfies([TOLUENE], screen)
    assert list(passed.values) == ["weight", "logp"]
    assert passed.values == property_values(Molecule.parse("Cc1ccccc1"), ["weight", "logp"])


@pytest.mark.parametrize(
    "screen",
    [
        MoleculeFilter(properties=("qde",)),
        MoleculeFilter(where="qde > 1"),
        MoleculeFilter(keep=("[",)),
        MoleculeFilter(avoid=("",)),
    ],
)
def test_a_faulty_screen_is_found_before_any_work(screen):
    with pytest.raises(ConfigError):
        screen.check()


def test_a_sound_screen_passes_its_check():
    MoleculeFilter(properties=("qed",), where="qed > 0.5", keep=("c",), avoid=("N",)).check()


def test_a_screen_travels_to_other_processes_and_its_answers_come_back():
    screen = MoleculeFilter(properties=("logp",), where="logp > 0", keep=("c",))
    assert cloudpickle.loads(cloudpickle.dumps(screen)) == screen
    found = judge_selfies([TOLUENE, HEXANE], screen)
    assert cloudpickle.loads(cloudpickle.dumps(found)) == found
    answers = ordered_map(
        lambda rows: judge_selfies(rows, screen), enumerate([[TOLUENE], [HEXANE]]), 1
    )
    assert list(answers) == [(0, found[:1]), (1, found[1:])]


def test_reactive_groups_and_rare_environments_are_refused_where_asked_for():
    peroxide, oxaziridine = (to_selfies(Molecule.parse(text)) for text in ("COOC", "CC1ON1C"))
    rows = [peroxide, oxaziridine, TOLUENE]
    assert refusals(rows, MoleculeFilter()) == [None, None, None]
    assert refusals(rows, MoleculeFilter(allow_reactive=False))[0] == Refusal.REACTIVE
    refused = refusals(rows, MoleculeFilter(min_environment_rate=5e-5))
    assert refused[1:] == [Refusal.RARE_ENVIRONMENT, None]


def test_a_repaired_selfies_is_refused_before_it_is_decoded():
    (judged,) = judge_selfies([("[C]", "[#C]", "[#C]", "[#C]")], MoleculeFilter(strict=True))
    assert (judged.refusal, judged.smiles, judged.is_unrepaired) == (Refusal.REPAIRED, None, False)


def test_the_canonical_selfies_is_given_whatever_was_written():
    written = [("[C]", "[C]", "[=O]"), ("[O]", "[=C]", "[C]")]
    judged = judge_selfies(written)
    assert [sample.canonical for sample in judged] == [written[0], written[0]]
    assert [sample.is_canonical for sample in judged] == [True, False]
