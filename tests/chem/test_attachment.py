import numpy as np
import pytest
from rdkit import Chem

from molvae.chem.attachment import Scaffold, extend, heavy_atoms_in, spell_prefixes, spell_tail
from molvae.errors import ConfigError

PHENYL = ("[C]", "[=C]", "[C]", "[=C]", "[C]", "[=C]", "[Ring1]", "[=Branch1]")
METHOXY = ("[O]", "[C]")
SCAFFOLDS = [
    "[*:1]c1c[nH]c2ccccc12",
    "[*:1]/C=C/c1ccc(O)cc1",
    "[*:1]/C=C\\c1ccc(O)cc1",
    "[*:1][C@H](C)c1ccncc1",
    "C[C@]([*:1])(N)O",
    "O=C(N)N[C@@H]1CC[C@H]([*:1])C1",
    "CC1(C)S[C@@H]2[C@H](N[*:1])C(=O)N2[C@H]1C(=O)O",
    "[*:1]n1cccc1",
    "[*:1]c1ccc2c(c1)OCO2",
    "C[C@H]1C[C@@H](O)c2cc([*:1])ccc21",
    "[*:1]c1cc[n+]([O-])cc1",
]


def completions(scaffold, symbols, n=8):
    """Structures that add symbols at the first attachment point."""
    generator = np.random.default_rng(0)
    prefixes = spell_prefixes(scaffold.fragments[0], scaffold.labels[0], n, generator)
    assert prefixes
    return [extend(prefix, symbols) for prefix in prefixes]


def matches(molecule, scaffold):
    """Whether RDKit finds the scaffold, its attachment points on any atom, in the molecule."""
    query = Chem.MolFromSmiles(scaffold)
    parameters = Chem.AdjustQueryParameters.NoAdjustments()
    parameters.makeDummiesQueries = True
    query = Chem.AdjustQueryProperties(query, parameters)
    return molecule.HasSubstructMatch(query, useChirality=True)


@pytest.mark.parametrize("text", SCAFFOLDS)
@pytest.mark.parametrize(("symbols", "part"), [(PHENYL, "[*:1]c1ccccc1"), (METHOXY, "[*:1]OC")])
def test_each_spelling_keeps_the_scaffold_and_its_stereochemistry(text, symbols, part):
    scaffold = Scaffold.parse(text)
    for selfies, structure in completions(scaffold, symbols):
        assert scaffold.parts_of(structure) == {"r1": part}
        assert selfies[-len(symbols) + 1 :] == symbols[1:]
        assert matches(Chem.MolFromSmiles(Chem.MolToSmiles(structure)), text)


def test_a_ring_closed_to_the_scaffold_does_not_keep_it():
    scaffold = Scaffold.parse("[*:1]CCCC")
    ring = ("[C]", "[C]", "[Ring1]", "[=Branch1]")
    assert all(scaffold.parts_of(structure) is None for _, structure in completions(scaffold, ring))


def test_the_other_enantiomer_does_not_keep_the_scaffold():
    scaffold, mirror = Scaffold.parse("[*:1][C@H](C)N"), Scaffold.parse("[*:1][C@@H](C)N")
    ((_, structure), *_) = completions(scaffold, PHENYL)
    assert scaffold.parts_of(structure) is not None
    assert mirror.parts_of(structure) is None


def test_several_attachment_points_are_completed_in_turn():
    scaffold = Scaffold.parse("[*:1]c1ccc([*:2])c(Cl)c1")
    ((_, structure), *_) = completions(scaffold, METHOXY)
    assert scaffold.parts_of(structure) is None
    (prefix,) = spell_prefixes(structure, 2, 1, np.random.default_rng(0))
    _, complete = extend(prefix, ("[F]",))
    assert scaffold.parts_of(complete) == {"r1": "[*:1]OC", "r2": "[*:2]F"}
    assert Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(complete))) == "COc1ccc(F)c(Cl)c1"


def test_a_stereocenter_with_two_attachment_points_is_kept():
    scaffold = Scaffold.parse("C[C@]([*:1])([*:2])O")
    for _, structure in completions(scaffold, PHENYL):
        (prefix,) = spell_prefixes(structure, 2, 1, np.random.default_rng(0))
        _, complete = extend(prefix, ("[N]",))
        assert scaffold.parts_of(complete) == {"r1": "[*:1]c1ccccc1", "r2": "[*:2]N"}


def test_a_linker_joins_two_fragments_at_their_attachment_points():
    scaffold = Scaffold.parse("[*:1]c1ccccc1.[*:2][C@H](C)N")
    first, second = scaffold.fragments
    tail = spell_tail(second, 2)
    (prefix, *_) = spell_prefixes(first, 1, 4, np.random.default_rng(0))
    _, structure = extend(prefix, ("[O]", "[C]"), tail)
    assert scaffold.parts_of(structure) == {"linker": "[*:1]OC[*:2]"}
    assert heavy_atoms_in("[*:1]OC[*:2]") == 2
    # A linker without atoms is none.
    assert extend(prefix, (), tail) is None


def test_attachment_points_without_numbers_are_numbered():
    assert Scaffold.parse("*c1ccc(*)cc1").smiles == "c1cc([*:2])ccc1[*:1]"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("c1ccccc1", "no attachment point"),
        ("[*:1]c1cccc", "expected a SMILES"),
        ("", "expected a SMILES"),
        ("[*:1]=C1CCCC1", "single bond"),
        ("[*:1][*:2]", "single bond"),
        ("C[*]C", "single bond"),
        ("[*:1]CC[*:1]", "of one number"),
        ("[*:1]C.C", "fragments"),
        ("[*:1]C[*:2].[*:3]C", "fragments"),
        ("[*:1]C.[*:2]C.[*:3]C", "fragments"),
    ],
)
def test_a_faulty_scaffold_is_refused(text, complaint):
    with pytest.raises(ConfigError, match=complaint):
        Scaffold.parse(text)
