import numpy as np
import pytest
import torch

from molvae.chem.attachment import Scaffold
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.notation import to_selfies
from molvae.errors import ConfigError, ModelError, MoleculeError
from molvae.model.decoding import sample
from molvae.model.decoding_config import DecodingConfig
from molvae.model.network_config import ModelConfig
from molvae.model.prompt import Prompts
from molvae.molecule_vae import MoleculeVAE
from molvae.scaffold_completion import complete
from molvae.scaffold_completion_config import CompleteConfig
from molvae.vocabulary import Vocabulary

# A model trained for seconds writes radicals and SELFIES that decoding repairs.
LAX = {"radicals": True, "strict": False, "most_draws": 400}
PYRIDINE = "[*:1]c1ccncc1"


def config(**settings):
    return CompleteConfig(**{**LAX, **settings})


def test_completions_are_distinct_and_keep_the_scaffold(tiny_model):
    completion = complete(tiny_model, PYRIDINE, config(n=5))
    smiles = [molecule.smiles for molecule in completion.molecules]
    assert completion.is_complete
    assert len(set(smiles)) == 5
    # A pyridine that has a substituent in position 4 and no other.
    kept = Pattern.parse("[!#1]-!@c1[cH][cH]n[cH][cH]1")
    assert all(Molecule.parse(text).contains(kept) for text in smiles)
    assert completion.drawn >= 5
    assert completion.columns().keys() == {"smiles", "r1", "log_likelihood"}


def test_the_likeliest_completion_comes_first(tiny_model):
    completion = complete(tiny_model, PYRIDINE, config(n=4))
    values = [molecule.log_likelihood for molecule in completion.molecules]
    assert values == sorted(values, reverse=True)
    selfies = to_selfies(Molecule.parse(completion.molecules[0].smiles))
    assert values[0] == pytest.approx(-float(tiny_model.nll([selfies])[0]), abs=1e-3)


def test_two_attachment_points_get_a_substituent_each(tiny_model):
    completion = complete(tiny_model, "[*:1]c1ccc([*:2])nc1", config(n=3))
    assert {frozenset(molecule.parts) for molecule in completion.molecules} == {
        frozenset({"r1", "r2"})
    }
    kept = Pattern.parse("[!#1]-!@c1[cH][cH]c(-!@[!#1])n[cH]1")
    assert all(Molecule.parse(molecule.smiles).contains(kept) for molecule in completion.molecules)


def test_a_linker_joins_both_fragments(tiny_model):
    completion = complete(tiny_model, "[*:1]c1ccccc1.[*:2]N1CCOCC1", config(n=3, max_atoms=6))
    assert len(completion.molecules) == 3
    for molecule in completion.molecules:
        linker = molecule.parts["linker"]
        assert linker.count("[*:1]") == linker.count("[*:2]") == 1
        assert Molecule.parse(molecule.smiles).contains(Pattern.parse("[cR1]1ccccc1.N1CCOCC1"))


def test_substituents_have_at_most_the_atoms_asked_for(tiny_model):
    completion = complete(tiny_model, PYRIDINE, config(n=3, max_atoms=1))
    sizes = [Molecule.parse(molecule.smiles).heavy_atoms for molecule in completion.molecules]
    assert set(sizes) <= {7}


def test_filters_and_properties_are_those_of_generate(tiny_model):
    completion = complete(
        tiny_model, PYRIDINE, config(n=2, where="weight < 150", properties=("weight",))
    )
    assert all(molecule.values["weight"] < 150 for molecule in completion.molecules)
    assert "weight" in completion.columns()


def test_the_seed_decides_the_completions(tiny_model):
    first, again = (complete(tiny_model, PYRIDINE, config(n=3, seed=5)) for _ in range(2))
    assert first.molecules == again.molecules
    assert complete(tiny_model, PYRIDINE, config(n=3, seed=6)).molecules != first.molecules


@pytest.mark.parametrize(("typed", "expected"), [({}, 0.7), ({"temperature": 1.2}, 1.2)])
def test_substituents_are_sampled_at_the_temperature_on_the_card(tiny_model, typed, expected):
    card = {**tiny_model.card, "sampling_temperature": 0.7}
    model = MoleculeVAE(tiny_model.vocabulary, tiny_model.network, (), card)
    completion = complete(model, PYRIDINE, config(n=1, decoding=DecodingConfig(**typed)))
    assert completion.config.decoding.temperature == expected


def test_a_shortfall_names_the_reasons(tiny_model):
    completion = complete(
        tiny_model, PYRIDINE, CompleteConfig(n=3, where="weight < 1", most_draws=2)
    )
    assert completion.molecules == []
    assert "0 of 3 molecules after 6 samples" in completion.shortfall()


def test_unknown_symbols_and_faulty_filters_are_errors(tiny_model):
    with pytest.raises(MoleculeError, match="unknown symbol"):
        complete(tiny_model, "[*:1]c1ccc([U])cc1", config(n=1))
    with pytest.raises(ConfigError):
        complete(tiny_model, PYRIDINE, config(n=1, where="wieght < 3"))
    with pytest.raises(ConfigError, match="max_symbols"):
        complete(tiny_model, f"[*:1]{'C' * 400}", config(n=1))


def test_a_model_without_a_learned_prior_cannot_complete(model_without_prior):
    with pytest.raises(ModelError, match="learned prior"):
        complete(model_without_prior, PYRIDINE)


@pytest.fixture(scope="module")
def shared():
    """An untrained model of the shared kind, whose vocabulary has merges."""
    rows = [to_selfies(Molecule.parse("CC(=O)Nc1ccc(O)cc1"))] * 3
    vocabulary = Vocabulary.from_symbols([]).with_merges(12, rows)
    network = ModelConfig(embedding_size=8, encoder_size=8, decoder_size=16, latent_size=4)
    return MoleculeVAE.untrained(vocabulary, network)


def test_a_shared_decoder_with_merged_tokens_completes_scaffolds(shared):
    completion = complete(shared, PYRIDINE, config(n=3, max_atoms=40))
    scaffold = Scaffold.parse(PYRIDINE)
    assert completion.scaffold == scaffold.smiles
    assert len(completion.molecules) == 3


def test_a_continuation_begins_with_its_prefix_and_adds_a_single_bonded_atom(shared):
    prefix = ("[C]", "[C]", "[=Branch1]")
    generator = np.random.default_rng(0)
    rows = shared.continue_selfies([prefix] * 50, generator)
    assert {row[:3] for row in rows} == {prefix}
    assert all(row[3].startswith("[") and row[3][1] not in "=#" for row in rows)
    assert not any(row[3].startswith(("[Branch", "[Ring")) for row in rows)


def test_a_prefix_may_end_inside_a_merged_token(shared):
    merged = next(token for token in shared.vocabulary.tokens if token.startswith("[C][=C]"))
    with torch.no_grad():
        decoder = shared.network.decoder
        decoder.to_logits.weight.zero_()
        decoder.to_logits.bias.zero_()
        index = shared.vocabulary.tokens.index(merged) + 3
        decoder.to_logits.bias[index] = 50.0
    accept = {"[=C]"}.__contains__
    (first,) = shared.vocabulary.encode(["[C]"])
    prompts = Prompts.build(
        [[first]],
        [shared.vocabulary.extensions(first, accept)],
        shared.vocabulary.beginning_with(accept),
        len(shared.vocabulary),
        torch.device("cpu"),
    )
    context = torch.zeros(1, decoder.context_size)
    ids = sample(decoder, context, shared._sampling, torch.Generator(), prompts).ids
    assert int(ids[0, 0]) == index
