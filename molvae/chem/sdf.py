"""Reading and writing of SD files."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import BondStereo, ChiralType, Mol, StereoSpecified, StereoType, rdDepictor

from molvae.chem.molecule import Molecule
from molvae.chem.reading import Change, cxsmiles, read_smiles
from molvae.chem.refusal import none_if_refused

_RECORD_END = "$$$$"
_STRUCTURE_END = "M  END"
_FIELD_NAME = re.compile(r">.*?<(.+)>")
_NEXT_FIELD = re.compile(r"> .*<[^<>]+>[ \t]*(?:\([^()]*\))?[ \t]*\Z")
"""Name of a field, as it is recognized where the blank line before it is missing."""
_NAMELESS = "unnamed"
"""Name of fields without one."""
_QUERY = "|$query$|"
_POLYMERS = ("SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY")
"""Types of substance groups that are repeated."""
_HYDROGENS_AND_NUMBERS = re.compile(r"H\d*|[\d+-]")
"""Text that the label of an atom may have beside its symbol, as H3C has, and OMe has not."""
_LONGEST_RECORD = 200_000
"""Maximum number of lines of a record, so that a file without record ends does not fill memory."""


class SdfRecord(NamedTuple):
    """A record of an SD file."""

    line: int
    """1-based line number of its first line."""
    smiles: str
    """Canonical SMILES, or CXSMILES if it has enhanced stereochemistry; empty if RDKit cannot read
    the structure, the record is too long, or there are several structures because an end of record
    is missing. Not canonical if it has marks of stereochemistry that RDKit drops."""
    name: str
    """Title line."""
    fields: dict[str, str]


def read_sdf(lines: Iterable[str]) -> Iterator[SdfRecord]:
    """The records of an SD file or the molecule of a MOL file.

    A structure with impossible valences is returned as unchecked SMILES, which `Molecule.parse`
    refuses with the reason.
    """
    return (_read_record(begin, record) for begin, record in _split_records(lines))


def sdf_field_names(lines: Iterable[str]) -> tuple[list[str], bool]:
    """Names of all data fields in the order of first appearance, and whether a record has a title.

    No structure is read, so that this is fast for large files.
    """
    names: dict[str, None] = {}
    has_title = False
    for _, record in _split_records(lines):
        has_title |= bool(record and record[0].strip())
        names |= dict.fromkeys(_read_fields(record))
    return list(names), has_title


def _split_records(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The number of the first line of each record, and its lines, beyond a limit only the first."""
    record: list[str] = []
    begin = 1
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith(_RECORD_END):
            yield begin, record
            record, begin = [], number + 1
        elif len(record) <= _LONGEST_RECORD:
            record.append(line)
    if any(map(str.strip, record)):
        yield begin, record


def _read_fields(lines: Iterable[str]) -> dict[str, str]:
    """The data fields of a record, with the lines of several fields of one name joined.

    Besides the format itself this reads what programs write: names without angle brackets, such as
    the number `DT12`, and values that hold blank lines or have none behind them.
    """
    fields: dict[str, list[str]] = {}
    name, is_value, is_structure = "", False, True
    for line in lines:
        if is_structure:
            is_structure = not line.startswith(_STRUCTURE_END)
        elif line.startswith(">") and (not is_value or _NEXT_FIELD.match(line)):
            match = _FIELD_NAME.match(line)
            name = (match.group(1) if match else line.strip("<> \t")).strip() or _NAMELESS
            fields.setdefault(name, [])
            is_value = True
        elif not line.strip():
            is_value = False
        elif name:
            if not is_value and fields[name]:
                fields[name].append("")
            is_value = True
            fields[name].append(line)
    return {name: "\n".join(value) for name, value in fields.items()}


def sdf_record(smiles: str, fields: Mapping[str, str], title: str = "") -> str:
    """Text of a record: the molecule with 2D coordinates, and a data field per entry of `fields`.

    Line breaks in a value become blanks and angle brackets in a name become parentheses, because
    the format does not allow them.

    Raises:
        MoleculeError: RDKit does not accept the SMILES.
    """
    mol = Chem.Mol(Molecule.parse(smiles).mol)
    mark_unspecified_bonds(mol)
    rdDepictor.Compute2DCoords(mol)
    mol.SetProp("_Name", " ".join(title.split()))
    for name, value in fields.items():
        plain = " ".join(name.translate({ord("<"): "(", ord(">"): ")"}).split())
        mol.SetProp(plain, " ".join(value.split("\n")) if "\n" in value else value)
    return str(Chem.SDWriter.GetText(mol))


def mark_unspecified_bonds(mol: Mol) -> None:
    """Mark double bonds that may be E or Z and are neither as of unknown geometry.

    RDKit's writer leaves out the mark beside another double bond, and readers then take the
    geometry from the coordinates.
    """
    for element in Chem.FindPotentialStereo(mol):
        is_bond = element.type == StereoType.Bond_Double
        if is_bond and element.specified == StereoSpecified.Unspecified:
            mol.GetBondWithIdx(element.centeredOn).SetStereo(BondStereo.STEREOANY)


def smiles_of_mol(mol: Mol | None) -> str:
    """SMILES of an RDKit `Mol`, with a CXSMILES block if its stereochemistry requires it.

    A molecule with query atoms or bonds, such as a list of elements, gives a SMARTS with a block
    that `read_smiles` refuses, because its SMILES would have `*` in their place. So does a polymer,
    and any other structure of which a SMILES would show only a part.
    """
    if mol is None:
        return ""
    with rdBase.BlockLogs():
        # A `*` for any atom does not count as a query.
        has_query_atom = any(a.HasQuery() and a.GetSmarts() != "*" for a in mol.GetAtoms())
        if has_query_atom or any(bond.HasQuery() for bond in mol.GetBonds()):
            return f"{Chem.MolToSmarts(mol)} {_QUERY}"
        if feature := _hidden_feature(mol):
            return f"{Chem.MolToSmiles(mol)} |${feature}$|"
        return cxsmiles(mol)


def _hidden_feature(mol: Mol) -> str | None:
    """A feature of a mol block that its atoms and bonds do not show; None if there is none."""
    groups = {group.GetProp("TYPE") for group in Chem.GetMolSubstanceGroups(mol)}
    if not groups.isdisjoint(_POLYMERS):
        return "polymer"
    if mol.HasProp("_molLinkNodes"):
        return "repeated atom"
    if any(bond.HasProp("_MolFileBondEndPts") for bond in mol.GetBonds()):
        return "variable attachment"
    if any(atom.HasProp("molAttchpt") for atom in mol.GetAtoms()):
        return "attachment point"
    for atom in mol.GetAtoms():
        label = atom.GetProp("molFileAlias").strip() if atom.HasProp("molFileAlias") else ""
        if _HYDROGENS_AND_NUMBERS.sub("", label) not in ("", atom.GetSymbol()):
            return f"label {re.sub('[$|]', '', label)}"
    return None


def _read_record(begin: int, lines: list[str]) -> SdfRecord:
    text = "\n".join(lines) + "\n"
    title = lines[0].strip() if lines else ""
    if _count_structures(lines) > 1 or len(lines) > _LONGEST_RECORD:
        return SdfRecord(begin, "", title, {})
    with rdBase.BlockLogs():
        supplier = Chem.SDMolSupplier()
        supplier.SetData(text)
        mol = next(iter(supplier), None)
        # Without sanitization RDKit reads impossible valences, too.
        supplier.SetData(text, sanitize=False, removeHs=False)
        written = next(iter(supplier), None)
        smiles = smiles_of_mol(written if mol is None else mol)
        if mol is not None and written is not None and not smiles.endswith("$|"):
            smiles = _with_lost_stereo(mol, written) or smiles
        return SdfRecord(begin, smiles, title, _read_fields(lines))


def _count_structures(lines: Iterable[str]) -> int:
    """Number of structures in a record, of which RDKit reads only the first."""
    count, is_value = 0, False
    for line in lines:
        is_value = bool(line.strip()) if is_value else line.startswith(">")
        count += not is_value and line.startswith(_STRUCTURE_END)
    return count


def _with_lost_stereo(mol: Mol, written: Mol) -> str | None:
    """SMILES with the marks that RDKit's default perception dropped; None if it dropped none.

    `read_smiles` drops the same marks, and reports it.
    """
    written.UpdatePropertyCache(strict=False)
    written = Chem.RemoveHs(written, sanitize=False)
    for atom in written.GetAtoms():
        if atom.GetTotalNumHs() > 1:
            atom.SetChiralTag(ChiralType.CHI_UNSPECIFIED)
    Chem.FastFindRings(written)
    Chem.SetBondStereoFromDirections(written)
    if _count_marks(written) <= _count_marks(mol):
        return None
    # Otherwise RDKit drops the marks when it writes the SMILES.
    written.SetIntProp("_StereochemDone", 1)
    smiles = cxsmiles(written, canonical=False)
    reading = none_if_refused(read_smiles, smiles)
    # In three dimensions every tetrahedral atom is marked, and few marks have a meaning.
    return smiles if reading is not None and Change.STEREO in reading.changes else None


def _count_marks(mol: Mol) -> int:
    """Number of marked centers and double bonds."""
    centers: int = sum(atom.GetChiralTag() != ChiralType.CHI_UNSPECIFIED for atom in mol.GetAtoms())
    bonds: int = sum(bond.GetStereo() > BondStereo.STEREOANY for bond in mol.GetBonds())
    return centers + bonds
