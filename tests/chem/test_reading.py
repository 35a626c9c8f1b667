"""What is read of a SMILES, a CXSMILES and of what follows them."""

import pytest
from rdkit import Chem

from molvae.chem.molecule import Molecule
from molvae.chem.reading import MAX_CHARACTERS, Change, cxsmiles, read_smiles, split_name
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError

STEREO = (Change.STEREO,)


def refusal(text):
    with pytest.raises(MoleculeError) as refused:
        Molecule.parse(text)
    return refused.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "CCO ethanol",
        "c1ccccc1 CO",
        "CC(C)C O",
        "CC(C)C\u00a0O",
        "CC\u2009O",
        "CCO\tname 2",
        "CCO\nCCN",
        "CCO | lone bar",
        "CCO |a:1| name",
        "CCO |$_AV:a b;;$| name",
    ],
)
def test_text_after_the_smiles_is_refused(text):
    assert refusal(text) == Refusal.TEXT_AFTER_SMILES


@pytest.mark.parametrize("text", ["CCO ", " CCO", "\tCCO\n", "\u00a0CCO\u00a0", "CCO\r\n"])
def test_blanks_around_the_smiles_mean_nothing(text):
    assert Molecule.parse(text).smiles == "CCO"


@pytest.mark.parametrize(
    ("line", "smiles", "name"),
    [
        ("CCO", "CCO", ""),
        ("CCO ethanol 96 %", "CCO", "ethanol 96 %"),
        ("CCO\tZINC1\t0.5\n", "CCO", "ZINC1\t0.5"),
        ("C[C@H](O)F |&1:1| rac-1", "C[C@H](O)F |&1:1|", "rac-1"),
        ("CC |$_AV:a b;$|", "CC |$_AV:a b;$|", ""),
        ("CC a|b|c", "CC", "a|b|c"),
        ("", "", ""),
    ],
)
def test_a_line_is_a_smiles_and_a_name(line, smiles, name):
    assert split_name(line) == (smiles, name)


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("C[C@H](O)F |&1:1|", "CC(O)F"),
        ("C[C@H](O)F |o1:1|", "CC(O)F"),
        ("C[C@H](O)F |r|", "CC(O)F"),
        ("C[C@H](O)F |w:1.0|", "CC(O)F"),
        ("C[C@H](O)[C@H](N)F |&1:1,3|", "CC(O)C(N)F"),
        ("Cc1cccc(Cl)c1-c1c(C)cccc1Cl |wU:1.1|", "Cc1cccc(Cl)c1-c1c(C)cccc1Cl"),
        ("C[C@H](O)[C@H](N)F |o1:1,&2:3|", "CC(O)C(N)F"),
        ("C[C@H](O)[C@H](N)F |o1:1,a:3|", "CC(O)[C@H](N)F"),
        ("[H][C@](C)(O)F |&1:1|", "CC(O)F"),
        ("C[C@H](O)F |(1,2,;3,4,;1,1,;0,0,),&1:1|", "CC(O)F"),
    ],
)
def test_marks_of_racemic_and_relative_centers_are_removed(text, smiles):
    molecule = Molecule.parse(text)
    assert molecule.smiles == smiles
    assert molecule.changes == STEREO


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("CC(O)F |&1:1|", "CC(O)F"),
        ("C[C@H](O)F |a:1|", "C[C@H](O)F"),
        ("CC=CC |c:1|", "C/C=C\\C"),
        ("CC=CC |t:1|", "C/C=C/C"),
        ("CC=CC |ctu:1|", "CC=CC"),
        ("CC |(1,2,;3,4,)|", "CC"),
        ("CC |lp:0:1|", "CC"),
        ("CC |$_AV:first;second$|", "CC"),
        ("C.C |f:0.1|", "C.C"),
        ("CC |atomProp:0.x.y|", "CC"),
        ("CC |^1:0|", "[CH2]C"),
        ("CN |C:1.0|", "C<-N"),
        ("C[C@H](O)F |wU:1.0|", "C[C@H](O)F"),
        ("CC(O)F |(-1,0,;0,0,;0.5,0.9,;0.5,-0.9,),wU:1.0|", "C[C@@H](O)F"),
        ("CC ||", "CC"),
    ],
)
def test_other_extensions_that_a_smiles_can_carry_are_honored(text, smiles):
    molecule = Molecule.parse(text)
    assert molecule.smiles == smiles
    assert molecule.changes == ()


@pytest.mark.parametrize(
    "block",
    [
        "$foo;bar$",
        "$;R1$",
        "m:0:1.2",
        "LN:0:1.2",
        "Sg:n:0:1:ht",
        "SgD:0:name:value",
        "s:0:2",
        "u:0",
        "rb:0:2",
        "H:0.1",
        "TLB:1",
        "&1:9",
        "garbage",
        "a:0;",
        "racemate",
    ],
)
def test_extensions_that_a_smiles_cannot_carry_are_refused(block):
    assert refusal(f"CC |{block}|") == Refusal.CXSMILES


@pytest.mark.parametrize(
    "text",
    [
        # RDKit's default perception drops these marks, its newer one keeps them.
        "CC/C=C1\\C[C@H](O)C1",
        "CC/C=C1/C[C@H](O)C1",
        "O[C@H]1C/C(=C/C)C1",
        "C[C@@H]1CC[C@@]2(CC1)CC[C@@H](C)CC2",
        # No perception of RDKit keeps the axis of an allene or the sides of a butatriene.
        "CC=[C@]=CC",
        "CC(Cl)=[C@@]=C(F)C",
        "C/C=C=C=C/C",
        # A hydrogen that only says on which side of C=N it is has no atom in a canonical SMILES.
        "[H]/N=C(/C)c1ccccc1",
        "[H]\\N=C(\\N)CC",
    ],
)
def test_lost_stereochemistry_counts_as_removed(text):
    molecule = Molecule.parse(text)
    assert molecule.changes == STEREO
    assert not set("@/\\").intersection(molecule.smiles) or "2(" in text
    assert Molecule.parse(molecule.smiles).changes == ()


@pytest.mark.parametrize(
    "text",
    [
        "C[C@H](C)O",
        "C/C=CC",
        "C/C=C(/C)C",
        "C[N@](CC)CCC",
        "C[C@H]1CC[C@@H](C)CC1",
        "F/C=C/C=C/F",
        "F/C=C/C=C\\F",
        "C1=C/CCCCCC/1",
        "C[S@](=O)CC",
        "C[Si@H](F)CC",
        "C[C@@H](F)/C=C/[C@H](F)C",
        "[H][C@@](C)(F)O",
        "[H]/C(C)=C/C",
        "OC[C@@H]1O[C@H](O)[C@@H](O)[C@H](O)[C@H]1O",
    ],
)
def test_marks_that_are_kept_or_mean_nothing_are_no_change(text):
    assert Molecule.parse(text).changes == ()


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("[CH3:1][CH2:2][OH:3]", "CCO"),
        ("[CH3:3][CH2:2][OH:1]", "CCO"),
        ("C[C@H:7](N)[C:12](=O)O", "C[C@H](N)C(=O)O"),
        ("[13CH3:1]C", "C[13CH3]"),
        ("[CH3:1][C@H:2](O)[CH3:3]", "CC(C)O"),
        ("[NH3+:1]C", "C[NH3+]"),
        ("[CH3:0]C", "CC"),
    ],
)
def test_atom_map_numbers_are_removed_and_counted(text, smiles):
    molecule = Molecule.parse(text)
    assert molecule.smiles == smiles
    assert molecule.changes == (Change.ATOM_MAPS,)


def test_an_aromatic_bond_is_no_map_number():
    assert read_smiles("c1:c:c:c:c:c:1").changes == ()


def test_the_extension_counts_towards_the_longest_text():
    assert refusal(f"C |(0,0,){' ' * MAX_CHARACTERS}|") == Refusal.TOO_LONG


@pytest.mark.parametrize("text", ["C[C@H](O)F |&1:1|", "C[C@H](O)F |o1:1|", "C[C@H](O)F"])
def test_a_mol_is_read_as_its_text_is(text):
    again = Molecule.parse(cxsmiles(Chem.MolFromSmiles(text)))
    assert again == Molecule.parse(text)
    assert again.changes == Molecule.parse(text).changes


def test_the_axis_of_a_biaryl_counts_as_removed():
    mol = Chem.MolFromSmiles(
        "Cc1cccc(I)c1-c1c(C)cccc1I |(-1.7,2.1,;-0.9,0.9,;-1.7,-0.4,;-0.9,-1.7,;0.6,-1.7,;1.3,-0.4,;"
        "2.8,-0.4,;0.6,0.9,;1.4,2.2,;0.6,3.5,;-0.9,3.5,;1.4,4.8,;2.9,4.8,;3.6,3.5,;2.9,2.2,;"
        "3.7,0.9,),wU:7.6|"
    )
    assert any("ATROP" in str(bond.GetStereo()) for bond in mol.GetBonds())
    assert Molecule.parse(cxsmiles(mol)).changes == STEREO


@pytest.mark.parametrize("aryl", ["c1cccc(O)c1", "c1ccc(O)cc1"])
def test_a_cage_whose_smiles_rdkit_reads_as_a_stereoisomer_loses_its_marks_and_says_so(aryl):
    smiles = (
        "OC[C@]12C3N(Cc4ccccc4)C4[C@]5(CO)C(N(Cc6ccccc6)C1[C@@]3(CO)"
        f"[C@@H]5{aryl})[C@@]4(CO)[C@@H]2{aryl}"
    )
    reading = read_smiles(smiles)
    assert Change.STEREO in reading.changes
    written = Chem.MolToSmiles(reading.mol)
    assert read_smiles(written).changes == ()
    assert Chem.MolToSmiles(read_smiles(written).mol) == written


@pytest.mark.parametrize("smiles", ["CC1(C)[C@@H]2CC[C@]1(C)C(=O)C2", "C1[C@H]2CC[C@@H]1CC2"])
def test_other_cages_keep_their_marks(smiles):
    reading = read_smiles(smiles)
    assert reading.changes == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("CCO>>CC=O", "reaction"),
        ("CC>[Pd]>N", "reaction"),
        ("InChI=1S/CH4/h1H4", "InChI"),
    ],
)
def test_other_notations_are_refused_by_name(text, reason):
    with pytest.raises(MoleculeError, match=reason):
        read_smiles(text)


def test_a_dative_bond_is_no_reaction():
    assert read_smiles("CC(=O)[O-]->[Na+]").mol.GetNumAtoms() == 5
