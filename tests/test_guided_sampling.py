import logging

import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.errors import ConfigError
from molvae.generation import generate, resolve_config
from molvae.generation_config import GenerateConfig
from molvae.molecule_vae import MoleculeVAE

LOW = {"target": {"logp": 0.5}, "tolerance": {"logp": 0.3}}


@pytest.fixture(scope="module")
def zinc():
    return MoleculeVAE.from_pretrained("zinc250k", "cpu")


@pytest.fixture(scope="module")
def guided(zinc):
    """8 molecules of a log P that is rare among the samples of the model."""
    return generate(zinc, GenerateConfig(n=8, properties=("sa",), **LOW))


def smiles(generation):
    return [molecule.smiles for molecule in generation.molecules]


def test_molecules_are_within_the_tolerance_and_have_the_value(guided):
    assert len(set(smiles(guided))) == 8
    for molecule in guided.molecules:
        assert list(molecule.values) == ["sa", "logp"]
        exact = property_values(Molecule.parse(molecule.smiles), ["logp"])["logp"]
        assert molecule.values["logp"] == pytest.approx(exact)
        assert exact == pytest.approx(0.5, abs=0.3 + 1e-9)
    assert list(guided.to_frame().columns) == ["smiles", "sa", "logp"]


def test_moves_need_fewer_samples_than_rejection(zinc, guided):
    assert 0 < guided.moved < guided.drawn
    assert guided.drawn == 8 + sum(guided.refused.values())
    rejection = GenerateConfig(n=8, where="0.2 <= logp <= 0.8", most_draws=1.3 * guided.drawn / 8)
    assert not generate(zinc, rejection).is_complete


def test_the_seed_decides_and_few_molecules_are_the_first_of_many(zinc, guided):
    few = generate(zinc, GenerateConfig(n=3, properties=("sa",), **LOW))
    assert few.molecules == guided.molecules[:3]
    other_seed = generate(zinc, GenerateConfig(n=2, seed=1, **LOW))
    assert smiles(other_seed) != smiles(few)[:2]


def test_filters_apply_to_moved_molecules_too(zinc):
    config = GenerateConfig(
        n=5, where="rings > 1", avoid=("Cl",), target={"logp": 2.0}, tolerance={"logp": 0.3}
    )
    generation = generate(zinc, config)
    assert generation.moved > 0
    for text in smiles(generation):
        assert property_values(Molecule.parse(text), ["rings"])["rings"] > 1
        assert "Cl" not in text


def test_a_tolerance_that_is_not_given_is_a_round_share_of_the_spread(zinc):
    generation = generate(zinc, GenerateConfig(n=3, target={"logp": 2.0, "qed": 0.8}))
    tolerance = generation.config.tolerance
    assert 0.1 <= tolerance["logp"] <= 0.5
    assert 0.01 <= tolerance["qed"] <= 0.05
    for molecule in generation.molecules:
        assert abs(molecule.values["logp"] - 2.0) <= tolerance["logp"]
        assert abs(molecule.values["qed"] - 0.8) <= tolerance["qed"]


def test_what_cannot_be_reached_says_so(zinc):
    generation = generate(
        zinc,
        GenerateConfig(n=1, most_draws=100, target={"logp": 40.0}, tolerance={"logp": 0.1}),
    )
    assert generation.molecules == []
    assert "`tolerance`" in (generation.shortfall() or "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": {"ic50": 1.0}}, "ic50"),
        ({"target": {"mw": 300.0}}, "weight"),
        ({"target": {"qed": 2.0}}, "qed"),
        ({"tolerance": {"logp": 0.2}}, "tolerance"),
        ({"target": {"logp": 1.0}, "round_trips": True}, "round_trips"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(zinc, changes, words):
    with pytest.raises(ConfigError, match=words):
        resolve_config(GenerateConfig(**changes), zinc)


def test_a_property_that_the_model_predicts_can_be_a_target(zinc):
    model = zinc.extend((), ("ic50",))
    generation = generate(
        model, GenerateConfig(n=4, target={"ic50": 0.1}, tolerance={"ic50": 0.02})
    )
    for molecule in generation.molecules:
        assert "ic50" not in molecule.values
        predicted = model.predict(model.posterior([molecule.selfies])[0])[0, 0]
        assert molecule.values["predicted_ic50"] == pytest.approx(predicted, abs=1e-4)
        assert predicted == pytest.approx(0.1, abs=0.02 + 1e-4)


def test_a_condition_of_the_model_needs_no_moves(zinc, caplog):
    model = zinc.extend((), (), condition_on=("weight",))
    with caplog.at_level(logging.WARNING, "molvae"):
        plain = generate(model, GenerateConfig(n=5, target={"weight": 300.0}))
    assert "weight = 300 is outside" in caplog.text
    assert (plain.moved, plain.is_complete) == (0, True)
    assert "weight" in plain.molecules[0].values
    checked = generate(
        model,
        GenerateConfig(n=5, target={"weight": 300.0}, tolerance={"weight": 20.0}),
    )
    assert checked.moved == 0
    assert all(abs(molecule.values["weight"] - 300) <= 20 for molecule in checked.molecules)


def test_moves_start_from_samples_of_the_normal_prior_too(tiny_model):
    config = GenerateConfig(n=3, prior="normal", target={"weight": 240.0})
    generation = generate(tiny_model, config)
    assert generation.is_complete
    assert generation.moved > 0
