import subprocess
import sys
from copy import deepcopy

import numpy as np
import pandas
import pytest
import torch
from rdkit import Chem

from molvae.chem.molecule import Molecule
from molvae.chem.notation import is_unrepaired, to_selfies
from molvae.errors import ConfigError, ModelError, MoleculeError
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.special_ids import END
from molvae.training.run import train

SMILES = ["CCO", "c1ccccc1", "CC(=O)Nc1ccc(O)cc1", "CCO"]
# Sildenafil and apixaban, which no shipped model gives back from the posterior mean.
DRUGS = [
    "CCCc1nn(C)c2c(=O)[nH]c(-c3cc(S(=O)(=O)N4CCN(C)CC4)ccc3OCC)nc12",
    "COc1ccc(-n2nc(C(N)=O)c3c2C(=O)N(c2ccc(N4CCCCC4=O)cc2)CC3)cc1",
]


def test_a_code_does_not_depend_on_the_other_molecules(tiny_model):
    together = tiny_model.encode(SMILES)
    for place, smiles in enumerate(SMILES):
        np.testing.assert_allclose(tiny_model.encode([smiles])[0], together[place], atol=1e-5)
    np.testing.assert_array_equal(together[0], together[3])


def test_two_spellings_of_a_molecule_have_one_code(tiny_model):
    np.testing.assert_array_equal(tiny_model.encode(["OCC"]), tiny_model.encode(["CCO"]))


def test_molecules_and_smiles_are_taken_alike(tiny_model):
    molecules = [Molecule.parse(smiles) for smiles in SMILES]
    np.testing.assert_array_equal(tiny_model.encode(molecules), tiny_model.encode(SMILES))


def test_refined_latent_vectors_decode_to_the_molecules():
    model = MoleculeVAE.from_pretrained("zinc250k", "cpu")
    smiles = ["CCO", *DRUGS]
    molecules = [Molecule.parse(text) for text in smiles]
    plain, refined = (model.encode(smiles, refine=refine) for refine in (False, True))
    assert model.decode(plain)[1:] != molecules[1:]
    assert model.decode(refined) == molecules
    assert model.reconstruct(smiles, refine=True) == molecules
    # Typical samples of N(0, I) are about as far from the origin.
    assert np.linalg.norm(refined, axis=1).max() < 2 * np.sqrt(model.latent_size)


def test_neighbors_at_no_distance_are_the_refined_latent_vectors(tiny_model):
    molecules = [Molecule.parse(text) for text in ("CCO", "CCN", "CCO")]
    generator = np.random.default_rng(0)
    np.testing.assert_allclose(
        tiny_model.neighbors(molecules, 0.0, generator),
        tiny_model.encode(molecules, refine=True),
        atol=1e-4,
    )


def test_latent_vectors_of_another_space_are_not_refined(tiny_model):
    with pytest.raises(ModelError, match="latent vectors of this model"):
        tiny_model.refine([to_selfies(Molecule.parse("CCO"))], np.zeros((1, 3), np.float32))


def test_fewer_samples_than_none_are_refused(tiny_model):
    with pytest.raises(ConfigError, match="n = -1"):
        tiny_model.sample(-1)
    with pytest.raises(ConfigError, match="n = -1"):
        tiny_model.write(-1, np.random.default_rng(0))


def test_nothing_encodes_to_nothing(tiny_model):
    assert tiny_model.encode([]).shape == (0, tiny_model.latent_size)
    assert tiny_model.decode(np.zeros((0, tiny_model.latent_size), np.float32)) == []


def test_one_text_is_not_taken_for_its_letters(tiny_model):
    for method in tiny_model.encode, tiny_model.reconstruct:
        with pytest.raises(ConfigError, match=r"write \['CCO'\]"):
            method("CCO")


def test_a_molecule_in_several_parts_is_refused_with_a_way_out(tiny_model):
    with pytest.raises(MoleculeError, match=r"mixture of molecules: .*: give a single molecule"):
        tiny_model.encode(["CCO.Cl"])


def test_no_draws_are_none(tiny_model):
    for model in tiny_model, MoleculeVAE.from_pretrained("moses"):
        assert model.sample(0) == []


def test_a_model_of_long_molecules_reads_and_writes_them_whole(tiny_model):
    card = {**tiny_model.card, "max_symbols": 300}
    long = MoleculeVAE(tiny_model.vocabulary, deepcopy(tiny_model.network), card=card)
    with torch.no_grad():
        # Never an end.
        long.network.decoder.to_logits.bias[END] = -1e9
    for model, most in (long, 300), (tiny_model, 200):
        assert (model.card.max_symbols, model.greedy.max_symbols) == (most, most)
    [selfies] = long.decode_symbols(long.encode(["CCO"]))
    assert len(selfies) == 300


def test_a_symbol_outside_the_vocabulary_is_named(tiny_model):
    with pytest.raises(MoleculeError, match=r"\[13CH4\]|\[13C"):
        tiny_model.encode(["[13CH4]"])


def test_what_is_no_molecule_is_refused(tiny_model):
    with pytest.raises(MoleculeError, match="invalid SMILES"):
        tiny_model.encode(["C1CC"])


def test_any_point_decodes_to_a_molecule_or_none(tiny_model):
    latents = 4 * np.random.default_rng(0).standard_normal((60, tiny_model.latent_size))
    molecules = tiny_model.decode(latents.astype(np.float32))
    assert len(molecules) == 60
    for molecule in filter(None, molecules):
        assert Molecule.parse(molecule.smiles) == molecule


def test_same_seed_same_samples(tiny_model):
    assert tiny_model.sample(30, seed=1) == tiny_model.sample(30, seed=1)
    assert tiny_model.sample(30, seed=1) != tiny_model.sample(30, seed=2)


def test_greedy_decoding_does_not_depend_on_the_seed(tiny_model):
    latents = tiny_model.prior_latents(20, np.random.default_rng(0))
    assert tiny_model.decode(latents, seed=1) == tiny_model.decode(latents, seed=2)


def test_latent_vectors_are_decoded_with_the_grammar_unless_asked_otherwise(tiny_model):
    latents = np.random.default_rng(0).standard_normal((64, tiny_model.latent_size))
    without = tiny_model.greedy.with_changes({"grammar": False})
    free = list(tiny_model.decode_symbols(latents, without))
    assert all(map(is_unrepaired, tiny_model.decode_symbols(latents)))
    assert not all(map(is_unrepaired, free))


def test_the_limit_on_symbols_holds(tiny_model):
    latents = tiny_model.prior_latents(20, np.random.default_rng(0))
    selfies_rows = tiny_model.decode_symbols(latents, DecodingConfig(max_symbols=5))
    assert max(map(len, selfies_rows)) <= 5


def test_the_posterior_has_a_positive_deviation(tiny_model):
    mean, deviation = tiny_model.posterior([("[C]", "[C]", "[O]")])
    np.testing.assert_array_equal(mean, tiny_model.encode(["CCO"]))
    assert (deviation > 0).all()


def test_an_empty_selfies_is_refused(tiny_model):
    with pytest.raises(MoleculeError, match="empty SELFIES"):
        tiny_model.posterior([()])


def test_untrained_models_of_one_seed_are_one_model(tiny_model):
    def weights(seed):
        vocabulary, config = tiny_model.vocabulary, tiny_model.network.config
        network = MoleculeVAE.untrained(vocabulary, config, seed=seed).network
        return network.decoder.to_logits.weight.detach().numpy()

    np.testing.assert_array_equal(weights(3), weights(3))
    assert not np.array_equal(weights(3), weights(4))


def test_an_extended_model_still_says_the_same(tiny_model):
    symbols = [*tiny_model.vocabulary.symbols, "[13CH4]", "[2H]"]
    larger = tiny_model.extend(symbols, tiny_model.property_names)
    assert len(larger.vocabulary) > len(tiny_model.vocabulary)
    np.testing.assert_allclose(larger.encode(SMILES), tiny_model.encode(SMILES), atol=1e-6)
    assert larger.reconstruct(SMILES) == tiny_model.reconstruct(SMILES)
    assert larger.encode(["[13CH4]"]).shape == (1, tiny_model.latent_size)


def test_a_head_of_other_properties_begins_anew(tiny_model):
    other = tiny_model.extend((), ("tpsa",))
    assert other.predict(other.encode(SMILES)).shape == (4, 1)


def test_predictions_without_a_head_are_refused(tiny_model):
    bare = tiny_model.extend((), ())
    with pytest.raises(ModelError, match="`property_columns`"):
        bare.predict(np.zeros((1, bare.latent_size), np.float32))


def test_same_draws_of_a_resampled_prior_whatever_the_number_of_workers():
    model = MoleculeVAE.from_pretrained("moses")
    assert model.network.acceptance is not None
    # More than one lot is written for so many.
    alone, together = (
        model.draw(100, np.random.default_rng(5), workers=workers) for workers in (1, 2)
    )
    assert alone.selfies_rows == together.selfies_rows
    np.testing.assert_array_equal(alone.latents, together.latents)


# A process of its own, in which no types are checked: there these values come through.
WRONG_VALUES = """
import sys
import numpy as np
from molvae import MoleculeVAE
from molvae.errors import MolvaeError
model = MoleculeVAE.from_pretrained(sys.argv[1], "cpu")
point = np.zeros(model.latent_size)
for use in (model.decode, model.log_density, model.predict):
    for points in (point, np.zeros((2, model.latent_size + 1))):
        try:
            use(points)
        except MolvaeError as error:
            print(error)
for gap in (None, float("nan"), 7):
    try:
        model.encode(["CCO", gap])
    except MolvaeError as error:
        print(error)
"""


def test_wrong_values_are_told_in_one_line_each(trained):
    command = [sys.executable, "-c", WRONG_VALUES, str(trained[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shapes, gaps = done.stdout.splitlines()[:6], done.stdout.splitlines()[6:]
    expected = "expected latent vectors of this model, 16 numbers in each row; got the shape"
    assert shapes == [f"{expected} (16,)", f"{expected} (2, 17)"] * 3
    detail = "at index 1: expected a SMILES, got"
    assert gaps == [f"invalid SMILES: {gap} {detail} {gap}" for gap in ("None", "nan", "7")]


@pytest.mark.parametrize("number", [np.nan, np.inf, 1e300])
def test_latent_vectors_that_are_not_finite_are_refused(tiny_model, number):
    latents = np.zeros((3, tiny_model.latent_size))
    latents[1, 2] = number
    with pytest.raises(ModelError, match="row 1"), np.errstate(over="ignore"):
        tiny_model.decode(latents)


def test_unknown_names_of_devices_and_priors_are_refused_with_the_known_ones():
    # Without the run-time type checks of the tests, which would be first.
    code = """
import numpy as np, molvae
for ask in (lambda: molvae.MoleculeVAE.from_pretrained("moses", "cud"),
            lambda: molvae.MoleculeVAE.from_pretrained("moses", "cpu").draw(
                1, np.random.default_rng(0), prior="Normal")):
    try:
        ask()
    except molvae.MolvaeError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    device, prior = done.stdout.splitlines()
    assert "cud" in device
    assert "cuda:1" in device
    assert prior.startswith("no prior 'Normal'; did you mean 'normal'?")


@pytest.mark.parametrize(
    ("molecules", "named"),
    [(["CCO", "xx"], "'xx' at index 1"), (["CCO", "CCN", "C[13CH3]"], "'C[13CH3]' at index 2")],
)
def test_a_molecule_that_cannot_be_encoded_is_named_with_its_index(tiny_model, molecules, named):
    for method in (tiny_model.encode, tiny_model.reconstruct):
        with pytest.raises(MoleculeError) as caught:
            method(molecules)
        assert named in str(caught.value)


def test_molecules_are_encoded_from_any_object_that_holds_them(tiny_model):
    expected = tiny_model.encode(["CCO", "CCN"])
    mols = [Chem.MolFromSmiles("OCC"), Chem.MolFromSmiles("NCC")]
    series = pandas.Series(["CCO", "CCN"])
    frame = pandas.DataFrame({"id": ["a", "b"], "structure": ["OCC", "NCC"]})
    for source in (mols, series, frame):
        np.testing.assert_array_equal(tiny_model.encode(source), expected)


@pytest.fixture(scope="module")
def merging(tiny_plan, tmp_path_factory):
    """A trained model whose tokens are merged and whose decoder is shared."""
    network = tiny_plan.model.with_changes(
        {"tokens": 40, "decoder": "shared", "latent_input": "first"}
    )
    plan = tiny_plan.model_copy(update={"model": network})
    return train(plan, tmp_path_factory.mktemp("runs") / "merging").model


class TestMergedTokens:
    def test_samples_that_decode_to_themselves_round_trip_however_they_are_split(self, merging):
        draws = merging.draw(60, np.random.default_rng(0))
        latents, _ = merging.posterior(draws.selfies_rows)
        decoded = list(merging.decode_symbols(draws.latents))
        assert decoded == draws.selfies_rows
        # A sample round-trips exactly where its latent vector is that of what it decodes to.
        for latent, z, round_trips in zip(latents, draws.latents, draws.round_trips, strict=True):
            assert np.allclose(latent, z, atol=1e-4) or not round_trips

    def test_the_prior_has_a_density_at_its_own_samples(self, merging):
        z = merging.prior_latents(5, np.random.default_rng(0))
        assert np.isfinite(merging.log_density(z)).all()
