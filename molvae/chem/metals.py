"""Splitting of metal salts into ions, and recognition of organometallic compounds."""

import re

from rdkit import Chem, rdBase
from rdkit.Chem import Mol
from rdkit.Chem.MolStandardize import rdMolStandardize

# Metals whose salts are the same substance to a chemist as their acid or base. The first group
# forms salts with any anion but a carbanion; the second is bound to anionic nitrogen and cyanide,
# as in porphyrins and Prussian blue, and is not an ion unless it is charged.
_ALKALI = frozenset({"Li", "Na", "K", "Rb", "Cs", "Be", "Mg", "Ca", "Sr", "Ba"})
_COUNTERIONS = frozenset({"Ag", "Al", "Bi", "Cu", "Fe", "Mn", "Zn"})
_METAL = Chem.MolFromSmarts(
    "[#3,#4,#11,#12,#13,#19,#20,#21,#22,#23,#24,#25,#26,#27,#28,#29,#30,#31,#37,#38,#39,#40,#41,"
    "#42,#43,#44,#45,#46,#47,#48,#49,#50,#55,#56,#57,#58,#59,#60,#61,#62,#63,#64,#65,#66,#67,#68,"
    "#69,#70,#71,#72,#73,#74,#75,#76,#77,#78,#79,#80,#81,#82,#83,#84,#87,#88,#89,#90,#91,#92,#93,"
    "#94,#95,#96]"
)
_SALT_METAL = re.compile(r"\[\d*(?:Li|Na|K|Rb|Cs|Mg|Ca|Sr|Ba|Al|Zn|Ag)(?![a-z])")
# A metal in a ring is chelated: its ligand alone is a different substance.
_SALT_BOND = Chem.MolFromSmarts(
    "[Li,Na,K,Rb,Cs,Mg,Ca,Sr,Ba,Al,Zn,Ag;!R;!$(*~[!#7;!#8;!#9;!#16;!#17;!#35;!#53])]"
    "~[#7,#8,#9,#16,#17,#35,#53]"
)
_DISCONNECTOR = rdMolStandardize.MetalDisconnector()
_DISCONNECTOR.SetMetalNof(_SALT_BOND)
# A pattern that never matches: RDKit's default would split Grignard reagents.
_DISCONNECTOR.SetMetalNon(Chem.MolFromSmarts("[#2]#[#2]"))
# Not the carbanion of a diazo compound, a cyanide or an enolate.
_CARBANION = Chem.MolFromSmarts("[#6-;!$(*~[+]);!$(C#N);!$(*~[#6,#7,#16]=,#[#7,#8])]")
# Anionic nitrogen and cyanide bind transition metals.
_STRONG_LIGAND = Chem.MolFromSmarts("[#7-,$([C-]#N);!$(*~[+])]")


def split_salts(mol: Mol, smiles: str) -> Mol:
    """The molecule with the metals of salts as separate ions; the same object if there are none.

    `smiles` is the text that it was parsed from, which is faster to search.
    """
    if not _SALT_METAL.search(smiles) or not mol.HasSubstructMatch(_SALT_BOND):
        return mol
    with rdBase.BlockLogs():
        return _DISCONNECTOR.Disconnect(mol)


def organometallic_metal(mol: Mol) -> str | None:
    """Symbol of a metal that is not just a counterion; None if there is none.

    Ferrocene and carboplatin without their metal are different substances; sodium acetate is not.
    """
    metals = [mol.GetAtomWithIdx(atom) for (atom,) in mol.GetSubstructMatches(_METAL)]
    has_carbanion = bool(metals) and mol.HasSubstructMatch(_CARBANION)
    has_ligand = bool(metals) and mol.HasSubstructMatch(_STRONG_LIGAND)
    for metal in metals:
        symbol = str(metal.GetSymbol())
        is_counterion = symbol in _COUNTERIONS and metal.GetFormalCharge() > 0 and not has_ligand
        if has_carbanion or not (symbol in _ALKALI or is_counterion):
            return symbol
    return None
