"""What passes the screen is measured; what does not has its reason."""

import cloudpickle
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.chem.properties import property_values
from molvae.chem.refusal import Refusal
from molvae.chem.screening import MoleculeFilter, ScreenedMolecule, screen_selfies
from molvae.errors import ConfigError
from molvae.parallel import ordered_map

TOLUENE, PHENOL, HEXANE = (
    to_selfies(Molecule.parse(text)) for text in ("Cc1ccccc1", "Oc1ccccc1", "C" * 6)
)


def test_without_demands_every_molecule_passes():
    passed = screen_selfies([HEXANE, TOLUENE], MoleculeFilter())
    assert passed == [ScreenedMolecule("CCCCCC", {}), ScreenedMolecule("Cc1ccccc1", {})]


def test_nothing_to_screen_gives_nothing():
    assert screen_selfies([], MoleculeFilter(where="qed > 0.5")) == []


def test_on_demand_a_molecule_passes_in_its_own_spelling_only():
    backwards = ("[O]", "[C]", "[C]")
    forwards = to_selfies(Molecule.parse("CCO"))
    assert screen_selfies([backwards], MoleculeFilter()) == [ScreenedMolecule("CCO", {})]
    found = screen_selfies([backwards, forwards], MoleculeFilter(canonical_only=True))
    assert found == [Refusal.NOT_CANONICAL, ScreenedMolecule("CCO", {})]


def test_each_refusal_has_its_reason_and_its_place():
    screen = MoleculeFilter(where="logp > 1.5", keep=("c1ccccc1",), avoid=("C#N",))
    nitrile = to_selfies(Molecule.parse("N#Cc1ccccc1"))
    found = screen_selfies([(), HEXANE, nitrile, PHENOL, TOLUENE], screen)
    assert found == [
        Refusal.INVALID,
        Refusal.PATTERN_MISSING,
        Refusal.UNWANTED_PATTERN,
        Refusal.CONDITION_NOT_MET,
        ScreenedMolecule("Cc1ccccc1", {}),
    ]


def test_all_patterns_to_keep_must_be_there():
    assert screen_selfies([PHENOL], MoleculeFilter(keep=("c", "N"))) == [Refusal.PATTERN_MISSING]
    assert screen_selfies([PHENOL], MoleculeFilter(keep=("c", "O"))) == [
        ScreenedMolecule("Oc1ccccc1", {})
    ]


def test_the_values_are_those_asked_for_in_that_order():
    screen = MoleculeFilter(properties=("weight", "logp"), where="qed > 0.1 and logp > 0")
    [passed] = screen_selfies([TOLUENE], screen)
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
    found = screen_selfies([TOLUENE, HEXANE], screen)
    assert cloudpickle.loads(cloudpickle.dumps(found)) == found
    answers = ordered_map(
        lambda rows: screen_selfies(rows, screen), enumerate([[TOLUENE], [HEXANE]]), 1
    )
    assert list(answers) == [(0, found[:1]), (1, found[1:])]


def test_reactive_groups_and_rare_environments_are_refused_where_asked_for():
    peroxide, oxaziridine = (to_selfies(Molecule.parse(text)) for text in ("COOC", "CC1ON1C"))
    rows = [peroxide, oxaziridine, TOLUENE]
    assert not any(isinstance(row, str) for row in screen_selfies(rows, MoleculeFilter()))
    refused = screen_selfies(rows, MoleculeFilter(allow_reactive=False))
    assert refused[:1] == [Refusal.REACTIVE]
    refused = screen_selfies(rows, MoleculeFilter(min_environment_rate=5e-5))
    assert refused[1] == Refusal.RARE_ENVIRONMENT
    assert refused[2] == ScreenedMolecule("Cc1ccccc1", {})
