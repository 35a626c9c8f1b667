import pytest
from rdkit import Chem
from rdkit.Chem import rdDepictor, rdDistGeom

from molvae.chem.reading import Change, read_smiles
from molvae.chem.sdf import read_sdf, sdf_field_names, sdf_record
from molvae.errors import MoleculeError


def test_records_are_read_again_as_the_same_molecules_with_their_fields():
    smiles = ["C[C@H](N)C(=O)O", "O=C([O-])c1ccccc1", "C/C=C/C"]
    text = "".join(sdf_record(one, {"smiles": one, "qed": "0.5"}) for one in smiles)
    supplier = Chem.SDMolSupplier()
    supplier.SetData(text)
    read = list(supplier)
    assert [Chem.MolToSmiles(mol) for mol in read] == smiles
    assert [mol.GetProp("smiles") for mol in read] == smiles
    assert {mol.GetProp("qed") for mol in read} == {"0.5"}


def test_atoms_are_drawn_apart():
    mol = Chem.MolFromMolBlock(sdf_record("c1ccccc1", {}))
    places = {tuple(place) for place in mol.GetConformer().GetPositions().round(2).tolist()}
    assert len(places) == 6


@pytest.mark.parametrize(
    ("old", "new", "is_read"),
    [
        (" O  ", " Q  ", False),
        (" O  ", " A  ", False),
        (" O  ", " X  ", False),
        (" O  ", " *  ", True),
        (" O  ", " R# ", True),
        ("  2  3  1", "  2  3  5", False),
        ("  2  3  1", "  2  3  8", False),
        ("M  END", "M  ALS   3  2 F N   O   \nM  END", False),
    ],
)
def test_query_atoms_and_bonds_are_refused_and_never_read_as_any_atom(old, new, is_read):
    (record,) = read_sdf(
        [line for part in block_of("CCO") for line in part.replace(old, new).split("\n")]
    )
    if is_read:
        assert Chem.MolToSmiles(read_smiles(record.smiles).mol) == "*CC"
    else:
        with pytest.raises(MoleculeError, match="SMILES"):
            read_smiles(record.smiles)


def block_of(smiles, dimensions=2, *, v3000=False):
    """A record as a program writes it that perceives all stereochemistry."""
    Chem.SetUseLegacyStereoPerception(False)
    try:
        mol = Chem.MolFromSmiles(smiles)
        if dimensions == 3:
            mol = Chem.AddHs(mol)
            rdDistGeom.EmbedMolecule(mol, randomSeed=1)
        else:
            rdDepictor.Compute2DCoords(mol)
        return [*Chem.MolToMolBlock(mol, forceV3000=v3000).splitlines(), "$$$$"]
    finally:
        Chem.SetUseLegacyStereoPerception(True)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(
    ("smiles", "is_lost"),
    [
        (r"CC/C=C1\C[C@H](O)C1", True),
        (r"F/C=C1/C[C@@H](Cl)C1", True),
        # Small rings allow no other configuration of a bridgehead, so that marks mean nothing.
        ("C1C[C@H]2CC[C@@H]1CC2", False),
        ("C1[C@H]2C[C@@H]3C[C@H]1C[C@H](C2)C3", False),
        ("OC(=O)[C@]12C[C@H](C1)C2", False),
        ("[C@H]12[C@@H]3[C@@H]4[C@H]1[C@@H]1[C@H]2[C@H]3[C@H]41", False),
        ("C1C[C@@]23CCC[C@]2(C1)CCC3", False),
        (r"CC/C=C1\C[C@H](CC[C@@H]2C[C@H]3CC[C@@H]2C3)C1", True),
        (r"CC/C=C1\C[C@H](C[C@]23CC[C@H](CC2)CC3)C1", True),
        ("C1C[C@@H]2CCC[C@H]3CCC[C@@H](C1)[C@@H]23", True),
        ("C[C@H](C)O", False),
        ("CC(C)C[C@H](N)C(=O)O", False),
        (r"C/C=C/[C@H](O)/C=C\C", False),
        ("C[C@@H]1CC[C@H](C)CC1", False),
        ("C[S@](=O)CC", False),
        ("c1ccccc1CC(C)(C)C", False),
    ],
)
def test_stereochemistry_that_rdkit_drops_is_reported(smiles, is_lost, dimensions):
    (record,) = read_sdf(block_of(smiles, dimensions))
    read, direct = read_smiles(record.smiles), read_smiles(smiles)
    assert Chem.MolToSmiles(read.mol) == Chem.MolToSmiles(direct.mol)
    assert read.changes == ((Change.STEREO,) if is_lost else ())


@pytest.mark.parametrize(
    ("smiles", "changes"),
    [
        ("C[C@H](O)F |&1:1|", (Change.STEREO,)),
        ("C[C@H](O)F |o2:1|", (Change.STEREO,)),
        ("C[C@H](F)[C@H](C)O |o1:1,&1:3|", (Change.STEREO,)),
        (r"CC/C=C1\C[C@H](O)C1 |&1:5|", (Change.STEREO,)),
        ("C[C@H](O)F |a:1|", ()),
    ],
)
def test_enhanced_stereo_groups_are_reported(smiles, changes):
    (record,) = read_sdf(block_of(smiles, v3000=True))
    assert read_smiles(record.smiles).changes == changes


# RDKit's writer did not mark a double bond of unknown geometry beside another one.
@pytest.mark.parametrize("smiles", ["CCCN=C/C=C1\\CC(C(C)C)CCC1C", "CC=CC=C/C=C/C", "CC=CC"])
def test_a_double_bond_of_unknown_geometry_stays_unknown(smiles):
    mol = Chem.MolFromMolBlock(sdf_record(smiles, {}))
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(smiles)


def test_records_that_are_not_ended_properly_lose_no_molecule_in_silence():
    first, second = sdf_record("CCO", {"y": "1"}), sdf_record("CCN", {"y": "2"})
    indented = first.replace("$$$$", " $$$$") + second
    assert [record.smiles for record in read_sdf(indented.splitlines())] == ["CCO", "CCN"]
    joined = first.replace("$$$$\n", "") + second
    assert [record.smiles for record in read_sdf(joined.splitlines())] == [""]
    structures = "".join(text.partition(">")[0] for text in (first, second))
    assert [record.smiles for record in read_sdf(structures.splitlines())] == [""]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("M  STY  1   1 SRU\nM  SAL   1  1   2\nM  SMT   1 n\n", "polymer"),
        ("M  APO  1   3   1\n", "attachment point"),
        ("M  LIN  1   2   2   1   3\n", "repeated atom"),
        ("A    3\nOMe\n", "label OMe"),
        ("A    3\nPh\n", "label Ph"),
        ("A    3\nCH3\n", "label CH3"),
        ("M  ALS   3  2 F N   O   \n", "query"),
        ("A    3\nOH\n", None),
        ("A    3\n12\n", None),
        ("M  STY  1   1 DAT\nM  SAL   1  1   2\nM  SDT   1 x\nM  SED   1 text\n", None),
    ],
)
def test_a_structure_of_which_smiles_would_show_a_part_is_refused(lines, reason):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).replace("M  END", f"{lines}M  END")
    (record,) = read_sdf(block.splitlines())
    if reason is None:
        assert record.smiles == "CCO"
        return
    with pytest.raises(MoleculeError, match=reason):
        read_smiles(record.smiles)


def test_a_variable_attachment_is_refused():
    block = Chem.MolToV3KMolBlock(Chem.MolFromSmiles("CCO"))
    changed = block.replace("2 1 2 3", "2 1 2 3 ENDPTS=(2 1 3) ATTACH=ANY")
    assert changed != block
    (record,) = read_sdf(changed.splitlines())
    with pytest.raises(MoleculeError, match="variable attachment"):
        read_smiles(record.smiles)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ("> <y>\n1\n> <z>\n2\n\n", {"y": "1", "z": "2"}),
        ("> DT12\n5\n\n", {"DT12": "5"}),
        ("> 25 <melting point> DT12\n5\n\n", {"melting point": "5"}),
        ("> <open\n3\n\n", {"open": "3"}),
        (">\n3\n\n", {"unnamed": "3"}),
        ("> <_ID>\n7\n\n", {"_ID": "7"}),
        ("> <a>b>\n1\n\n", {"a>b": "1"}),
        ("> <y>\n>5\n\n", {"y": ">5"}),
        ("> <y>\n> 5\n\n", {"y": "> 5"}),
        ("> <y>\n>5 <6\n\n", {"y": ">5 <6"}),
        ("> <y>\nfirst\n\nsecond\n\n> <z>\n3\n\n", {"y": "first\n\nsecond", "z": "3"}),
        ("> <synonym>\na\n\n> <synonym>\nb\n\n", {"synonym": "a\nb"}),
        ("> <y>\n\n> <z>\n1\n\n", {"y": "", "z": "1"}),
        ("> <y>\n5\n", {"y": "5"}),
        ("> < y >\n5\n\n", {"y": "5"}),
    ],
)
def test_no_data_field_is_lost(data, fields):
    structure = sdf_record("CCO", {}).partition("$$$$")[0]
    lines = f"{structure}{data}$$$$\n{structure}$$$$\n".splitlines()
    first, second = read_sdf(lines)
    assert (first.fields, second.fields) == (fields, {})
    assert sdf_field_names(lines) == (list(fields), False)
