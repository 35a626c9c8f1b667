"""Structural alerts: substructures that medicinal chemists avoid.

PAINS, Brenk and NIH are RDKit's catalogues. The tables `mcf.csv` and `moses_pains.csv` beside this
file are `moses/metrics/mcf.csv` and `wehi_pains.csv` of molsets 0.3.1 (Polykovskiy et al. 2020),
MIT licence, Copyright 2018 Insilico Medicine, Inc; the notice is in `data/README.md`. RDKit has
since corrected 18 of its PAINS patterns, so the filters of MOSES need the older table. The table
`reactive_groups.csv` is specific to this toolkit.
"""

import csv
from functools import cache
from importlib.resources import files

from rdkit import Chem, rdBase
from rdkit.Chem import Mol
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from molvae.chem.catalogues import Catalogue
from molvae.chem.molecule import Molecule, Pattern

_ALLOWED_ELEMENTS = frozenset({"C", "N", "S", "O", "F", "Cl", "Br", "H"})
_SMALLEST_FORBIDDEN_RING = 8
_parse_pattern = cache(Pattern.parse)


def alerts(molecule: Molecule, catalogue: Catalogue) -> tuple[str, ...]:
    """Names of the matching alerts, in catalogue order."""
    if catalogue is Catalogue.MCF:
        # Some MCF patterns match explicit hydrogens.
        mol = Chem.AddHs(molecule.mol)
        return tuple(name for name, query in _table("mcf") if mol.HasSubstructMatch(query))
    if catalogue is Catalogue.REACTIVE:
        rows = _rows("reactive_groups")
        return tuple(name for name, smarts in rows if molecule.contains(_parse_pattern(smarts)))
    matches = _rdkit(catalogue).GetMatches(molecule.mol)
    return tuple(str(entry.GetDescription()) for entry in matches)


def passes_moses_filters(molecule: Molecule) -> bool:
    """Whether a molecule passes the MOSES filters (molsets 0.3.1, `mol_passes_filters`).

    A molecule passes if its rings have at most seven atoms, it has no charged atom, no element
    other than C, N, S, O, F, Cl, Br and H, no MCF or PAINS alert, and if its SMILES without
    stereochemistry can be parsed again.
    """
    mol = molecule.mol
    if any(len(ring) >= _SMALLEST_FORBIDDEN_RING for ring in mol.GetRingInfo().AtomRings()):
        return False
    if any(
        atom.GetFormalCharge() or atom.GetSymbol() not in _ALLOWED_ELEMENTS
        for atom in mol.GetAtoms()
    ):
        return False
    with_hydrogens = Chem.AddHs(mol)
    if any(
        with_hydrogens.HasSubstructMatch(query)
        for table in ("mcf", "moses_pains")
        for _, query in _table(table)
    ):
        return False
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(Chem.MolToSmiles(mol, isomericSmiles=False)) is not None


@cache
def _rdkit(catalogue: Catalogue) -> FilterCatalog:
    known = FilterCatalogParams.FilterCatalogs
    return FilterCatalog(FilterCatalogParams(getattr(known, catalogue.name)))


@cache
def _table(name: str) -> tuple[tuple[str, Mol], ...]:
    """Names and queries of a MOSES table, with explicit hydrogens as in the MOSES code."""
    return tuple((alert, Chem.MolFromSmarts(smarts)) for alert, smarts in _rows(name))


@cache
def _rows(name: str) -> tuple[tuple[str, str], ...]:
    """Names and SMARTS in a CSV file of this folder."""
    with files("molvae.chem").joinpath(f"{name}.csv").open(encoding="utf-8") as stream:
        return tuple((row["names"], row["smarts"]) for row in csv.DictReader(stream))
