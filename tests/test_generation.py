import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.errors import ConfigError
from molvae.generation import GenerateConfig, generate
from molvae.model.decoding import GREEDY, DecodingConfig


def smiles(generation):
    return [molecule.smiles for molecule in generation.molecules]


def test_as_many_distinct_canonical_molecules_come_as_were_asked_for(tiny_model):
    found = generate(tiny_model, GenerateConfig(n=100))
    assert found.is_complete
    assert found.shortfall() is None
    assert len(set(smiles(found))) == 100
    assert all(Molecule.parse(text).smiles == text for text in smiles(found))
    assert found.drawn == 100 + sum(found.refused.values())


def test_same_seed_same_molecules_whatever_the_number_of_workers(tiny_model):
    alone, together = (generate(tiny_model, GenerateConfig(n=80, workers=n)) for n in (1, 2))
    assert alone.molecules == together.molecules
    assert smiles(alone) != smiles(generate(tiny_model, GenerateConfig(n=80, seed=1)))


def test_each_molecule_comes_with_the_point_it_decodes_from(tiny_model):
    found = generate(tiny_model, GenerateConfig(n=50, decoding=GREEDY))
    decoded = [molecule.smiles for molecule in tiny_model.decode(found.points)]
    assert decoded == smiles(found)


def test_known_molecules_do_not_come_again(tiny_model):
    first = generate(tiny_model, GenerateConfig(n=40))
    second = generate(tiny_model, GenerateConfig(n=40), known=set(smiles(first)[:20]))
    assert not set(smiles(second)) & set(smiles(first)[:20])
    assert second.refused["known already"] >= 20


def test_conditions_and_patterns_hold_for_all_that_comes(tiny_model):
    config = GenerateConfig(
        n=20, where="weight < 250 and logp > 0", keep=("[#6]",), avoid=("[F,Cl,Br,I]",)
    )
    for text in smiles(generate(tiny_model, config)):
        molecule = Molecule.parse(text)
        values = property_values(molecule, ["weight", "logp"])
        assert values["weight"] < 250
        assert values["logp"] > 0
        assert "C" in text.upper()
        assert not {"F", "Cl", "Br", "I"} & {atom.GetSymbol() for atom in molecule.mol.GetAtoms()}


def test_properties_are_those_of_the_molecule(tiny_model):
    found = generate(tiny_model, GenerateConfig(n=5, properties=("tpsa", "rings")))
    for molecule in found.molecules:
        assert molecule.values == property_values(
            Molecule.parse(molecule.smiles), ["tpsa", "rings"]
        )


def test_a_filter_that_nothing_meets_ends_with_a_clear_word(tiny_model):
    found = generate(tiny_model, GenerateConfig(n=10, where="weight > 100000", most_draws=5))
    assert found.molecules == []
    assert found.points.shape == (0, tiny_model.latent_size)
    assert "0 of 10 molecules after 50 draws (condition not met" in found.shortfall()


def test_a_faulty_filter_is_refused_before_any_work(tiny_model):
    with pytest.raises(ConfigError, match="did you mean 'weight'"):
        generate(tiny_model, GenerateConfig(n=10, where="wieght < 3"))


def test_temperature_zero_writes_what_greedy_decoding_writes(tiny_model):
    points = tiny_model.prior_points(10, np.random.default_rng(0))
    cold = DecodingConfig(temperature=0.0)
    assert tiny_model.decode(points, cold) == tiny_model.decode(points)


def test_the_time_of_each_stage_is_told(tiny_model):
    seconds = generate(tiny_model, GenerateConfig(n=20)).seconds
    assert seconds["network"] > 0
    stages = sum(spent for stage, spent in seconds.items() if stage != "all")
    assert 0.5 * seconds["all"] < stages <= seconds["all"]
