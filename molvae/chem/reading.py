"""Parsing of SMILES and CXSMILES, with a record of information that is removed."""

import re
from collections import Counter
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import Atom, Bond, BondDir, BondStereo, BondType, ChiralType, Mol, RWMol, rdqueries

from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError

MAX_CHARACTERS = 5_000
"""Maximum length of a SMILES, which bounds RDKit's running time and recursion."""

STEREO_MARKS = frozenset("@/\\")
"""Characters of which a SMILES with stereochemistry has at least one."""

_BRIDGED_RING, _CAGE_RING = 8, 5
"""Largest rings that fix the configuration of a bridgehead, and of an atom in three rings."""

_CHIRAL = rdqueries.HasChiralTagQueryAtom()
_CXSMILES = re.compile(r"\|[^|]*\|")
_ATOM_MAP = re.compile(r":\d+(?=\])")
_OTHER_NOTATION = re.compile(r"(InChI=)|(?<!-)>")
"""Sign of an InChI or of a reaction; `->` is a dative bond."""
_CENTER = re.compile(r"\[[^\]@]*@")
_DIRECTIONS = frozenset({BondDir.ENDUPRIGHT, BondDir.ENDDOWNRIGHT})
_ATROPISOMERS = frozenset({BondStereo.STEREOATROPCW, BondStereo.STEREOATROPCCW})

# Atom lists are 3,5; bond lists may also be atom.bond. Coordinates, lone pairs, fragment groups
# and values attached to atoms do not affect a canonical SMILES; RDKit parses the others and
# refuses the text if they are malformed. Not supported are features that RDKit ignores (link
# nodes, variable attachment) and features that SMILES cannot express (polymers, labels, queries).
_FEATURE = re.compile(
    r"\((?P<coordinates>[^()]*)\)|\$_AV:[^$]*\$|atomProp(?::\d+\.[^:,|]*\.[^:,|]*)+"
    r"|(?P<racemic>r)(?![a-zA-Z:])|(?P<group>a|[&o]\d+):(?P<atoms>\d+(?:,\d+)*)"
    r"|(?P<wavy>w):(?P<ends>\d+\.\d+(?:,\d+\.\d+)*)"
    r"|w[UD]:(?P<wedges>\d+\.\d+(?:,\d+\.\d+)*)"
    r"|(?:C|f|lp|c|t|ctu|\^[1-7]):\d+(?:[.:]\d+)*(?:,\d+(?:[.:]\d+)*)*"
)


class Change(StrEnum):
    """Change made to a molecule by parsing or cleaning."""

    FRAGMENTS = "smaller fragments removed"
    METALS = "metal salts split into ions"
    CHARGE_FORM = "charge forms normalized"
    CHARGES = "charges neutralized"
    STEREO = "marks of stereochemistry removed"
    ATOM_MAPS = "atom map numbers removed"


class NamedSmiles(NamedTuple):
    """SMILES and name in a line of a SMI file."""

    smiles: str
    """SMILES with its CXSMILES block, if any."""
    name: str
    """Text after the SMILES; empty if there is none."""


class Reading(NamedTuple):
    """A sanitized molecule with implicit hydrogens, and the changes made by parsing."""

    mol: Mol
    changes: tuple[Change, ...] = ()


def split_name(line: str) -> NamedSmiles:
    """The SMILES at the start of a line and the name after it.

    >>> split_name("CCO ethanol 96 %")
    NamedSmiles(smiles='CCO', name='ethanol 96 %')
    """
    smiles, extension, name = _split(line)
    return NamedSmiles(f"{smiles} {extension}".rstrip(), name)


def read_smiles(text: str) -> Reading:
    """The molecule of a SMILES or CXSMILES.

    Atom map numbers are removed, and so is stereochemistry that a canonical SMILES cannot express:
    racemic and relative centers, axes, centers that only RDKit's newer perception recognizes, and
    those of the few cages whose canonical SMILES RDKit reads as a stereoisomer.

    Raises:
        MoleculeError: the text is empty or too long, other text follows the SMILES, or RDKit does
            not accept it.
    """
    smiles, extension, name = _split(text)
    _check_text(smiles, extension, name)
    changes: tuple[Change, ...] = ()
    if ":" in smiles and _ATOM_MAP.search(smiles):
        smiles = _ATOM_MAP.sub("", smiles)
        changes = (Change.ATOM_MAPS,)
    mol = read_plain(smiles)
    loses_stereo = False
    if "[H]" in smiles and (bare := _without_hydrogens(mol)):
        mol, loses_stereo = bare, True
    loses_stereo |= not STEREO_MARKS.isdisjoint(smiles) and _loses_stereo(smiles, mol)
    if extension:
        mol, removes_marks = _read_extension(smiles, extension)
        loses_stereo |= removes_marks
    if "@" in smiles and (stable := _with_stable_stereo(mol)):
        mol, loses_stereo = stable, True
    return Reading(mol, (*changes, Change.STEREO) if loses_stereo else changes)


def _check_text(smiles: str, extension: str, name: str) -> None:
    if not smiles:
        raise MoleculeError(Refusal.NO_SMILES)
    if name:
        raise MoleculeError(Refusal.TEXT_AFTER_SMILES, f"{name[:40]!r} after {smiles[:40]!r}")
    if len(smiles) + len(extension) > MAX_CHARACTERS:
        detail = f"{len(smiles) + len(extension)} characters, {MAX_CHARACTERS} allowed"
        raise MoleculeError(Refusal.TOO_LONG, detail)
    if not smiles.isascii():
        raise MoleculeError(Refusal.INVALID, "SMILES are ASCII text")
    if notation := _OTHER_NOTATION.search(smiles):
        kind = "an InChI" if notation.group(1) else "a reaction"
        raise MoleculeError(Refusal.INVALID, f"it is {kind}")
    if extension:
        _features(extension.strip("|"))


def read_plain(smiles: str) -> Mol:
    """The molecule of a SMILES without any other text, as parsed by RDKit.

    Raises:
        MoleculeError: RDKit does not accept it; the detail says why.
    """
    with rdBase.BlockLogs():
        mol: Mol | None = Chem.MolFromSmiles(smiles)
        if mol is not None:
            return mol
        unsanitized: Mol | None = Chem.MolFromSmiles(smiles, sanitize=False)
        try:
            problems = Chem.DetectChemistryProblems(unsanitized) if unsanitized else ()
        except RuntimeError:  # RDKit 2026.9 on more than 31 hydrogens at one atom.
            problems = ()
    detail = str(problems[0].Message()) if problems else "RDKit cannot read it as SMILES"
    raise MoleculeError(Refusal.INVALID, detail)


def cxsmiles(mol: Mol, *, canonical: bool = True) -> str:
    """CXSMILES of a molecule from another source, to be parsed by `read_smiles`.

    It includes racemic and relative centers and atropisomers, but no names, and coordinates only
    if an atropisomer needs them.
    """
    fields = Chem.CXSmilesFields
    kept = fields.CX_ENHANCEDSTEREO | fields.CX_RADICALS
    if any(bond.GetStereo() in _ATROPISOMERS for bond in mol.GetBonds()):
        kept |= fields.CX_COORDS | fields.CX_BOND_CFG | fields.CX_BOND_ATROPISOMER
    parameters = Chem.SmilesWriteParams()
    # RDKit's stubs give this attribute the wrong type.
    parameters.canonical = canonical  # type: ignore[assignment]
    return str(Chem.MolToCXSmiles(mol, parameters, int(kept)))


def _split(text: str) -> tuple[str, str, str]:
    """SMILES, CXSMILES block and name, separated by any white space, including U+00A0."""
    smiles, rest = (*text.split(maxsplit=1), "", "")[:2]
    rest = rest.rstrip()
    block = _CXSMILES.match(rest)
    # A single bar does not begin a block, and neither does one within a name.
    if block is None:
        return smiles, "", rest
    return smiles, block.group(), rest[block.end() :].strip()


def _read_extension(smiles: str, extension: str) -> tuple[Mol, bool]:
    """The molecule without stereochemistry that its CXSMILES revokes, and whether it had any."""
    features = _features(extension.strip("|"))
    written = Chem.MolFromSmiles(smiles, sanitize=False)
    atoms = {int(atom) for feature in features for atom in _atoms(feature)}
    if atoms and max(atoms) >= written.GetNumAtoms():
        detail = f"{extension} refers to an atom that does not exist"
        raise MoleculeError(Refusal.CXSMILES, detail)
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(f"{smiles} {extension}")
    if mol is None:
        raise MoleculeError(Refusal.CXSMILES, f"RDKit does not accept {extension}")
    graph = RWMol(mol)
    removes_marks = _remove_marks(graph, is_racemic=any(feature["racemic"] for feature in features))
    wavy = [int(atom) for feature in features if feature["wavy"] for atom in _atoms(feature)]
    removes_marks |= any(_is_marked(written.GetAtomWithIdx(atom)) for atom in wavy)
    # A wedge that is not that of a marked center, such as one of an axis. RDKit reads wedges only
    # where there are coordinates.
    if all(feature["coordinates"] is None for feature in features):
        wedges = [feature for feature in features if feature["wedges"]]
        starts = [int(atom) for feature in wedges for atom in _atoms(feature)]
        removes_marks |= any(not _is_marked(written.GetAtomWithIdx(atom)) for atom in starts)
    # RDKit has perceived the molecule with the marks; parsing its SMILES again discards them.
    return read_plain(Chem.MolToSmiles(graph)), removes_marks


def _features(block: str) -> list[re.Match[str]]:
    """The features of a CXSMILES block.

    Raises:
        MoleculeError: it contains a feature that the toolkit does not support.
    """
    features: list[re.Match[str]] = []
    position = 0
    while position < len(block):
        feature = _FEATURE.match(block, position)
        if feature is None or block[feature.end() : feature.end() + 1] not in ("", ","):
            raise MoleculeError(Refusal.CXSMILES, f"{block[position:][:40]!r}")
        features.append(feature)
        position = feature.end() + 1
    return features


def _atoms(feature: re.Match[str]) -> list[str]:
    """Atom numbers in a stereo feature; a bond number follows its atom after a dot."""
    listed = feature["atoms"] or feature["ends"] or feature["wedges"]
    return [pair.partition(".")[0] for pair in listed.split(",")] if listed else []


def _remove_marks(mol: RWMol, *, is_racemic: bool) -> bool:
    """Remove the marks of racemic and relative centers and of axes; return whether any existed."""
    groups = [
        group
        for group in mol.GetStereoGroups()
        if group.GetGroupType() != Chem.StereoGroupType.STEREO_ABSOLUTE
    ]
    centers = [atom for group in groups for atom in group.GetAtoms()]
    centers = [atom for atom in (mol.GetAtoms() if is_racemic else centers) if _is_marked(atom)]
    axes = [bond for bond in mol.GetBonds() if bond.GetStereo() in _ATROPISOMERS]
    for atom in centers:
        atom.SetChiralTag(ChiralType.CHI_UNSPECIFIED)
    for bond in axes:
        bond.SetStereo(BondStereo.STEREONONE)
    mol.SetStereoGroups([])
    return bool(centers or axes)


def _loses_stereo(smiles: str, mol: Mol) -> bool:
    """Whether RDKit dropped meaningful stereochemistry.

    Its default perception drops all marks that it does not recognize. Most of these are
    meaningless, as in C[C@H](C)O; the newer perception, which is slower, identifies the others.
    """
    centers = len(mol.GetAtomsMatchingQuery(_CHIRAL))
    directions = smiles.count("/") + smiles.count("\\")
    bonds = mol.GetBonds() if directions else ()
    sides = sum(bond.GetStereo() > BondStereo.STEREOANY for bond in bonds)
    # True for nearly all molecules: two directions define a double bond, and none remains.
    if centers == len(_CENTER.findall(smiles)) and (directions, sides) in ((0, 0), (2, 1)):
        return False
    written = Chem.MolFromSmiles(smiles, sanitize=False)
    kept = centers + sides
    # Cumulated double bonds included.
    marked = sum(map(_is_marked, written.GetAtoms()))
    if kept == marked + sum(map(_is_directed, written.GetBonds())):
        return False
    # No perception of RDKit recognizes the axes of allenes and the sides of longer cumulenes.
    cumulated = {atom.GetIdx() for atom in written.GetAtoms() if _is_cumulated(atom)}
    if any(_is_marked(written.GetAtomWithIdx(atom)) for atom in cumulated) or any(
        cumulated.issuperset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        for bond in written.GetBonds()
    ):
        return True
    with rdBase.BlockLogs():
        Chem.SanitizeMol(written)
        Chem.SetBondStereoFromDirections(written)
        recognized = Chem.FindPotentialStereo(written, cleanIt=True, flagPossible=False)
    dependent = _dependent_centers(written)
    meaningful = [
        info
        for info in recognized
        if info.specified == Chem.StereoSpecified.Specified
        and not (info.type == Chem.StereoType.Atom_Tetrahedral and info.centeredOn in dependent)
    ]
    dependent = _dependent_centers(mol)
    free = [a for a in mol.GetAtomsMatchingQuery(_CHIRAL) if a.GetIdx() not in dependent]
    return bool(len(free) + sides < len(meaningful))


def _dependent_centers(mol: Mol) -> set[int]:
    """Atoms whose configuration follows from that of others, because small rings allow no other.

    They are the bridgeheads of rings of up to 8 atoms, as in bicyclo[2.2.2]octane and adamantane,
    and the atoms that three rings of up to 5 atoms share, as in cubane.
    """
    rings = [set(ring) for ring in mol.GetRingInfo().AtomRings() if len(ring) <= _BRIDGED_RING]
    dependent = set[int]()
    for first, second in combinations(rings, 2):
        shared = first & second
        if len(shared) > 2:
            for atom in shared:
                neighbors = {end.GetIdx() for end in mol.GetAtomWithIdx(atom).GetNeighbors()}
                if len(neighbors & shared) == 1:
                    dependent.add(atom)
    small = Counter(atom for ring in rings if len(ring) <= _CAGE_RING for atom in ring)
    return dependent | {atom for atom, count in small.items() if count > 2}


def _with_stable_stereo(mol: Mol) -> Mol | None:
    """The molecule without its marks of centers if its canonical SMILES inverts some of them.

    None if it does not, as for all but 3 of 547,000 molecules of ChEMBL (RDKit 2026.9).
    """
    rings = mol.GetRingInfo()
    centers = [atom.GetIdx() for atom in mol.GetAtomsMatchingQuery(_CHIRAL)]
    # Only cages are affected, and other molecules need not be read again.
    if not any(rings.NumAtomRings(center) > 2 for center in centers):
        return None
    smiles = Chem.MolToSmiles(mol)
    if Chem.MolToSmiles(read_plain(smiles)) == smiles:
        return None
    graph = RWMol(mol)
    for center in centers:
        graph.GetAtomWithIdx(center).SetChiralTag(ChiralType.CHI_UNSPECIFIED)
    return read_plain(Chem.MolToSmiles(graph))


def _without_hydrogens(mol: Mol) -> Mol | None:
    """The molecule without explicit hydrogens that define the geometry of C=NH.

    None if there are no such hydrogens.
    """
    parameters = Chem.RemoveHsParameters()
    # RDKit's stubs give this attribute the wrong type.
    parameters.removeDefiningBondStereo = True  # type: ignore[assignment]
    bare = Chem.RemoveHs(mol, parameters)
    if bare.GetNumAtoms() == mol.GetNumAtoms():
        return None
    return read_plain(Chem.MolToSmiles(bare))


def _is_marked(atom: Atom) -> bool:
    return bool(atom.GetChiralTag() != ChiralType.CHI_UNSPECIFIED)


def _is_cumulated(atom: Atom) -> bool:
    orders = [bond.GetBondType() for bond in atom.GetBonds()]
    return orders.count(BondType.DOUBLE) > 1


def _is_directed(bond: Bond) -> bool:
    """Whether bond directions define the geometry of a double bond."""
    if bond.GetBondType() != BondType.DOUBLE:
        return False
    return all(
        any(neighbor.GetBondDir() in _DIRECTIONS for neighbor in end.GetBonds())
        or _is_cumulated(end)
        for end in (bond.GetBeginAtom(), bond.GetEndAtom())
    )
