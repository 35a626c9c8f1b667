import pytest
from rdkit import Chem

from molvae.chem.molecule import Molecule, Pattern
from molvae.errors import ConfigError
from molvae.generation import generate
from molvae.generation_config import GenerateConfig

# A model trained for seconds writes radicals and SELFIES that decoding repairs.
LAX = {"radicals": True, "strict": False, "most_draws": 400, "properties": ("weight",)}


def config(**settings):
    return GenerateConfig(**{**LAX, **settings})


@pytest.mark.parametrize(
    ("scaffold", "pattern"),
    [
        ("c1ccncc1", "c1ccncc1"),
        ("[*:1]c1ccncc1", "[!#1]c1cc[n]cc1"),
        ("[*:1]c1ccncc1.[*:2]OC", "c1ccncc1.OC"),
    ],
)
def test_every_molecule_contains_the_scaffold(tiny_model, scaffold, pattern):
    generation = generate(tiny_model, config(n=6, scaffold=scaffold))
    assert generation.is_complete
    assert len({molecule.smiles for molecule in generation.molecules}) == 6
    kept = Pattern.parse(pattern)
    for molecule in generation.molecules:
        assert Molecule.parse(molecule.smiles).contains(kept)
        assert molecule.values.keys() == {"weight"}


def test_substituents_come_at_several_positions(tiny_model):
    generation = generate(tiny_model, config(n=20, scaffold="Cc1ccncc1"))
    patterns = [
        Pattern.parse(text)
        for text in ("[!#1][CH2]c1ccncc1", "Cc1c([!#1;!$([cR0])])cncc1", "Cc1cc([!#1])ncc1")
    ]
    molecules = [Molecule.parse(molecule.smiles) for molecule in generation.molecules]
    hit = [any(molecule.contains(pattern) for molecule in molecules) for pattern in patterns]
    assert sum(hit) > 1


def test_a_scaffold_gets_one_to_three_substituents(tiny_model):
    generation = generate(tiny_model, config(n=20, scaffold="c1ccncc1"))
    pyridine = Chem.MolFromSmarts("c1ccncc1")
    numbers = set()
    for molecule in generation.molecules:
        mol = Chem.MolFromSmiles(molecule.smiles)
        # The fewest of all pyridines in the molecule, as a substituent may be one, too.
        matches = map(set, mol.GetSubstructMatches(pyridine))
        numbers.add(
            min(
                sum(
                    (bond.GetBeginAtomIdx() in ring) != (bond.GetEndAtomIdx() in ring)
                    for bond in mol.GetBonds()
                )
                for ring in matches
            )
        )
    assert len(numbers) > 1
    assert numbers <= {1, 2, 3}


def test_the_seed_and_not_the_number_of_workers_decides_the_molecules(tiny_model):
    first, again, more = (
        generate(tiny_model, config(n=n, scaffold="c1ccncc1", workers=workers))
        for n, workers in ((4, 1), (4, 2), (6, 1))
    )
    assert first.molecules == again.molecules
    assert more.molecules[:4] == first.molecules
    other = generate(tiny_model, config(n=4, scaffold="c1ccncc1", seed=1))
    assert other.molecules != first.molecules


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"scaffold": "C1CC"}, "scaffold"),
        ({"scaffold": "FC(F)(F)F"}, "scaffold"),
        ({"scaffold": "[*:1]=C"}, "attachment"),
        ({"scaffold": "CC", "prior": "normal"}, "prior"),
        ({"scaffold": "CC", "round_trips": True}, "round_trips"),
        ({"scaffold": "CC", "target": {"logp": 1.0}}, "target"),
    ],
)
def test_what_cannot_be_combined_with_a_scaffold_is_refused(tiny_model, settings, name):
    with pytest.raises(ConfigError, match=name):
        generate(tiny_model, config(n=1, **settings))


def test_a_model_without_a_learned_prior_cannot_keep_a_scaffold(model_without_prior):
    with pytest.raises(ConfigError, match="learned prior"):
        generate(model_without_prior, config(n=1, scaffold="CC"))
