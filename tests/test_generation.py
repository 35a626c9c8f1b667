from dataclasses import replace

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, is_canonical
from molvae.chem.properties import property_values
from molvae.chem.refusal import Refusal
from molvae.errors import ConfigError, ModelError
from molvae.generation import generate, resolve_config
from molvae.generation_config import GenerateConfig
from molvae.latents_file import Latents
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.molecule_vae import MoleculeVAE


def settings(**changes):
    """Points of a normal prior: the tiny model keeps next to no code of its learned one."""
    return GenerateConfig(**{"prior": "normal", **changes})


SHORT = DecodingConfig(max_symbols=25)


def smiles(generation):
    return [molecule.smiles for molecule in generation.molecules]


def test_as_many_distinct_canonical_molecules_come_as_were_asked_for(tiny_model):
    found = generate(tiny_model, settings(n=100))
    assert found.is_complete
    assert found.shortfall() is None
    assert len(set(smiles(found))) == 100
    assert all(Molecule.parse(text).smiles == text for text in smiles(found))
    assert found.drawn == 100 + sum(found.refused.values())


def test_same_seed_same_molecules_whatever_the_number_of_workers(tiny_model):
    alone, together = (generate(tiny_model, settings(n=80, workers=n)) for n in (1, 2))
    assert alone.molecules == together.molecules
    assert smiles(alone) != smiles(generate(tiny_model, settings(n=80, seed=1)))


@pytest.mark.parametrize(
    ("prior", "typed", "expected"),
    [("learned", {}, 0.7), ("learned", {"temperature": 1.0}, 1.0), ("normal", {}, 1.0)],
)
def test_the_language_model_is_sampled_at_the_temperature_on_the_card(
    tiny_model, prior, typed, expected
):
    card = {**tiny_model.card, "sampling_temperature": 0.7}
    model = MoleculeVAE(tiny_model.vocabulary, tiny_model.network, (), card)
    config = resolve_config(GenerateConfig(prior=prior, decoding=DecodingConfig(**typed)), model)
    assert config.decoding.temperature == expected
    assert config.decoding.max_symbols == model.card.max_symbols


def test_few_molecules_are_the_first_of_many_under_the_same_seed(tiny_model):
    few, many = (smiles(generate(tiny_model, settings(n=n))) for n in (20, 150))
    assert many[:20] == few


def test_molecules_of_a_normal_prior_come_with_the_vector_they_are_decoded_from(tiny_model):
    found = generate(tiny_model, settings(n=5, prior="normal", decoding=GREEDY))
    decoded = [molecule.smiles for molecule in tiny_model.decode(found.latents, GREEDY)]
    assert decoded == smiles(found)


@pytest.mark.parametrize("round_trips", [False, True])
def test_molecules_of_a_learned_prior_come_with_the_vector_they_are_encoded_to(round_trips):
    model = MoleculeVAE.from_pretrained("moses", "cpu")
    found = generate(
        model, GenerateConfig(n=60, prior="push-forward", round_trips=round_trips, strict=True)
    )
    np.testing.assert_allclose(model.encode(smiles(found)), found.latents, atol=1e-4)
    reconstructed = [molecule.smiles for molecule in model.reconstruct(smiles(found))]
    assert (reconstructed == smiles(found)) is round_trips


def test_a_molecule_is_returned_in_its_canonical_selfies_however_it_was_written():
    model = MoleculeVAE.from_pretrained("moses", "cpu")
    found = generate(model, GenerateConfig(n=60, prior="push-forward", strict=True))
    written = model.write(200, np.random.default_rng(0), DecodingConfig(max_symbols=60))
    assert any(not is_canonical(selfies, from_selfies(selfies)) for selfies in written)
    for molecule in found.molecules:
        assert is_canonical(molecule.selfies, Molecule.parse(molecule.smiles))
    assert "non-canonical SELFIES" not in found.refused


def test_a_molecule_whose_canonical_selfies_the_model_cannot_read_is_refused():
    model = MoleculeVAE.from_pretrained("moses", "cpu")
    found = generate(
        model, GenerateConfig(n=300, prior="push-forward", strict=False, properties=())
    )
    assert found.refused["unknown symbol"] > 0
    for molecule in found.molecules:
        assert all(symbol in model.vocabulary for symbol in molecule.selfies)


def test_known_molecules_do_not_come_again(tiny_model):
    first = generate(tiny_model, settings(n=40))
    second = generate(tiny_model, settings(n=40), known=set(smiles(first)[:20]))
    assert not set(smiles(second)) & set(smiles(first)[:20])
    assert second.refused["known already"] >= 20


def test_conditions_and_patterns_hold_for_all_that_comes(tiny_model):
    config = settings(
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
    found = generate(tiny_model, settings(n=5, properties=("tpsa", "rings")))
    for molecule in found.molecules:
        values = property_values(Molecule.parse(molecule.smiles), ["tpsa", "rings"])
        # The order of the atoms decides the last digit of a sum.
        assert molecule.values == pytest.approx(values)


def test_a_filter_that_nothing_meets_ends_with_a_clear_word(tiny_model):
    found = generate(tiny_model, settings(n=10, where="weight > 100000", most_draws=5))
    assert found.molecules == []
    assert found.latents.shape == (0, tiny_model.latent_size)
    assert "0 of 10 molecules after 50 samples (condition not met" in found.shortfall()


def test_a_faulty_filter_is_refused_before_any_work(tiny_model):
    with pytest.raises(ConfigError, match="did you mean 'weight'"):
        generate(tiny_model, settings(n=10, where="wieght < 3"))


def test_temperature_zero_writes_what_greedy_decoding_writes(tiny_model):
    latents = tiny_model.prior_latents(10, np.random.default_rng(0))
    cold = DecodingConfig(temperature=0.0)
    assert tiny_model.decode(latents, cold) == tiny_model.decode(latents)


def test_the_time_is_measured(tiny_model):
    assert generate(tiny_model, settings(n=20)).seconds > 0


def test_a_code_that_decodes_to_another_molecule_is_drawn_again(tiny_model):
    found = generate(
        tiny_model, GenerateConfig(n=2, round_trips=True, decoding=SHORT, most_draws=256)
    )
    assert found.refused["not reconstructed"] > 0
    assert found.drawn == len(found.molecules) + sum(found.refused.values())
    drawn = tiny_model.draw(512, np.random.default_rng(0), SHORT)
    kept = [
        selfies for selfies, kept in zip(drawn.selfies_rows, drawn.round_trips, strict=True) if kept
    ]
    read = [(selfies, from_selfies(selfies)) for selfies in kept if selfies]
    expected = [molecule.smiles for selfies, molecule in read if is_canonical(selfies, molecule)]
    assert smiles(found) == list(dict.fromkeys(expected))[:2]


def test_too_few_round_trips_end_with_advice(tiny_model):
    config = GenerateConfig(n=200, round_trips=True, decoding=SHORT, most_draws=1)
    found = generate(tiny_model, config)
    assert "not reconstructed" in found.shortfall()
    assert "`round_trips`" in found.shortfall()


def test_strict_generation_leaves_out_what_selfies_repairs(tiny_model):
    lax, strict = (generate(tiny_model, settings(n=60, strict=flag)) for flag in (False, True))
    assert lax.n_repaired > 0 == strict.n_repaired
    assert strict.refused["repaired SELFIES"] > 0


@pytest.mark.parametrize(("share", "is_strict"), [(0.5, True), (0.49, False), (None, False)])
def test_repairs_are_refused_where_the_model_is_faithful(tiny_model, share, is_strict):
    card = {} if share is None else {"validation": {"exact_reconstruction": share}}
    model = MoleculeVAE(tiny_model.vocabulary, tiny_model.network, card=card)
    assert resolve_config(GenerateConfig(), model).strict is is_strict
    assert resolve_config(GenerateConfig(prior="normal"), model).strict is is_strict
    assert resolve_config(GenerateConfig(strict=not is_strict), model).strict is not is_strict


def test_round_trips_are_not_asked_of_a_normal_prior(tiny_model):
    for config in settings(round_trips=True), settings(round_trips=True, strict=False):
        with pytest.raises(ConfigError, match="leave out `round_trips`"):
            resolve_config(config, tiny_model)


def test_too_many_repairs_end_with_advice(tiny_model):
    found = generate(tiny_model, settings(n=200, strict=True, most_draws=1))
    assert "repaired SELFIES" in found.shortfall()
    assert "`strict=False`" in found.shortfall()


def test_the_plain_prior_decodes_points_of_a_standard_normal(tiny_model):
    found = generate(tiny_model, settings(n=150))
    assert abs(found.latents.mean()) < 0.1
    assert found.latents.std() == pytest.approx(1.0, abs=0.05)


def test_points_are_written_for_decode_to_read(tiny_model, tmp_path):
    found = generate(tiny_model, settings(n=5, decoding=GREEDY))
    found.write_points(tmp_path / "points.npz")
    latents = Latents.read(tmp_path / "points.npz", tiny_model.latent_size)
    np.testing.assert_array_equal(latents.latents, found.latents)


def test_a_model_without_a_learned_prior_says_so(model_without_prior):
    with pytest.raises(ModelError, match="no learned prior"):
        generate(model_without_prior, GenerateConfig(n=1, prior="learned"))
    assert generate(model_without_prior, GenerateConfig(n=5, decoding=SHORT)).is_complete


def test_radicals_pass_only_where_the_training_data_had_them(tiny_model):
    def radicals(model, **settings):
        config = GenerateConfig(n=60, prior="normal", strict=False, **settings)
        made = generate(model, config).molecules
        return sum(Molecule.parse(one.smiles).has_radicals for one in made)

    assert radicals(tiny_model, radicals=True) > 0
    assert radicals(tiny_model) == 0


def test_too_many_radicals_end_with_advice(tiny_model):
    made = generate(tiny_model, settings(n=60, strict=False))
    told = replace(made, molecules=[], refused={Refusal.RADICAL: 5, Refusal.DUPLICATE: 2})
    assert "radical: 5" in told.shortfall()
    assert "`radicals=True`" in told.shortfall()
