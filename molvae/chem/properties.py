"""Properties of a molecule: named scalars with unit, range and source."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cache
from math import inf, isfinite, nan
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32
from rdkit import rdBase
from rdkit.Chem import QED, GetFormalCharge, GraphDescriptors, Mol
from rdkit.Chem.rdMolDescriptors import (
    CalcCrippenDescriptors,
    CalcFractionCSP3,
    CalcNumAromaticRings,
    CalcNumAtomStereoCenters,
    CalcNumHBA,
    CalcNumHBD,
    CalcNumHeavyAtoms,
    CalcNumRings,
    CalcNumRotatableBonds,
    CalcTPSA,
    _CalcMolWt,
)

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, from_selfies_batch
from molvae.errors import ConfigError
from molvae.settings import suggestion

# Mean and standard deviation over ZINC250k of each term of the penalised logP, from the code of
# GCPN (You et al. 2018, bowenliu16/rl_graph_generation), which the later papers copied.
_ZINC_LOGP = (2.4570953396190123, 1.434324401111988)
_ZINC_SA = (-3.0525811293166134, 0.8335207024513095)
_ZINC_CYCLE = (-0.0485696876403053, 0.2860212110245455)


@dataclass(frozen=True, slots=True)
class Property:
    """A scalar property of molecules."""

    name: str
    unit: str
    """Unit; empty for a dimensionless number."""
    low: float
    high: float
    """Upper bound of the values; infinite if there is none."""
    source: str
    function: Callable[[Molecule], float]

    def of(self, molecule: Molecule) -> float:
        """Value for the molecule; NaN if it cannot be computed."""
        # Raised by RDKit for structures to which a formula does not apply.
        try:
            value = float(self.function(molecule))
        except (ArithmeticError, RuntimeError, ValueError):
            return nan
        return value if isfinite(value) else nan


def property_values(molecule: Molecule, names: Iterable[str]) -> dict[str, float]:
    """Values of the named properties; NaN where one cannot be computed.

    Raises:
        ConfigError: a name is unknown.
    """
    wanted = [find_property(name) for name in names]
    with rdBase.BlockLogs():
        return {entry.name: entry.of(molecule) for entry in wanted}


def property_table(
    selfies_rows: Sequence[Selfies], names: Sequence[str]
) -> Float32[np.ndarray, "molecule property"]:
    """Values of the named properties in the order of the SELFIES; NaN where there is none."""
    table = np.full((len(selfies_rows), len(names)), np.nan, np.float32)
    for row, molecule in zip(table, from_selfies_batch(selfies_rows), strict=True):
        if molecule is not None:
            row[:] = list(property_values(molecule, names).values())
    return table


_ABBREVIATIONS = {
    "mw": "weight",
    "molwt": "weight",
    "molecular_weight": "weight",
    "clogp": "logp",
    "psa": "tpsa",
    "fsp3": "fraction_csp3",
}
"""Property names by their usual abbreviations in other programs."""


def find_property(name: str) -> Property:
    """Property by name.

    Raises:
        ConfigError: the name is unknown; the message suggests a similar one.
    """
    if name not in PROPERTIES:
        raise ConfigError(f"there is no property {name!r}{property_suggestion(name)}")
    return PROPERTIES[name]


def property_suggestion(name: str) -> str:
    """`; did you mean 'weight'?` for an abbreviation or a similar name, otherwise all names."""
    known = _ABBREVIATIONS.get(name.lower())
    return f"; did you mean {known!r}?" if known else suggestion(name, list(PROPERTIES))


def _logp(molecule: Molecule) -> float:
    return float(CalcCrippenDescriptors(molecule.mol)[0])


def _sa(molecule: Molecule) -> float:
    # Imported here: reading its fragment table takes most of a second.
    from rdkit.Contrib.SA_Score import sascorer

    return float(sascorer.calculateScore(molecule.mol))


def _np_likeness(molecule: Molecule) -> float:
    from rdkit.Contrib.NP_Score import npscorer

    return float(npscorer.scoreMol(molecule.mol, _np_model()))


@cache
def _np_model() -> Mapping[int, float]:
    from rdkit.Contrib.NP_Score import npscorer

    # The scorer writes two lines to stderr, where progress bars are shown.
    with redirect_stderr(io.StringIO()):
        model: Mapping[int, float] = npscorer.readNPModel()
    return model


def _largest_ring(molecule: Molecule) -> float:
    return float(max(map(len, molecule.mol.GetRingInfo().AtomRings()), default=0))


def _gcpn_logp(molecule: Molecule) -> float:
    terms = (
        (_logp(molecule), _ZINC_LOGP),
        (-_sa(molecule), _ZINC_SA),
        (-max(_largest_ring(molecule) - 6, 0.0), _ZINC_CYCLE),
    )
    return sum((value - mean) / deviation for value, (mean, deviation) in terms)


def _of_mol(function: Callable[[Mol], float]) -> Callable[[Molecule], float]:
    return lambda molecule: function(molecule.mol)


def _count(name: str, function: Callable[[Mol], float], source: str) -> Property:
    return Property(name, "", 0.0, inf, source, _of_mol(function))


_ALL = (
    Property("logp", "", -inf, inf, "Wildman & Crippen 1999", _logp),
    Property("qed", "", 0.0, 1.0, "Bickerton et al. 2012, RDKit's mean weights", _of_mol(QED.qed)),
    Property("sa", "", 1.0, 10.0, "Ertl & Schuffenhauer 2009; 1 is easy to synthesize", _sa),
    Property("weight", "g/mol", 0.0, inf, "average mass", _of_mol(_CalcMolWt)),
    Property("tpsa", "Å²", 0.0, inf, "Ertl et al. 2000", _of_mol(CalcTPSA)),
    _count("hbd", CalcNumHBD, "hydrogen bond donors, RDKit"),
    _count("hba", CalcNumHBA, "hydrogen bond acceptors, RDKit"),
    _count("rotatable_bonds", CalcNumRotatableBonds, "RDKit, strict: amide bonds do not count"),
    _count("rings", CalcNumRings, "smallest set of smallest rings"),
    _count("aromatic_rings", CalcNumAromaticRings, "RDKit"),
    Property(
        "largest_ring",
        "atoms",
        0.0,
        inf,
        "in the smallest set of smallest rings; 0 if none",
        _largest_ring,
    ),
    _count("heavy_atoms", CalcNumHeavyAtoms, "atoms other than hydrogen"),
    Property("fraction_csp3", "", 0.0, 1.0, "Lovering 2009", _of_mol(CalcFractionCSP3)),
    Property("charge", "e", -inf, inf, "sum of formal charges", _of_mol(GetFormalCharge)),
    _count("stereocenters", CalcNumAtomStereoCenters, "assigned or unassigned atoms, RDKit"),
    Property("bertz", "", 0.0, inf, "Bertz 1981, complexity", _of_mol(GraphDescriptors.BertzCT)),
    Property(
        "np_likeness", "", -inf, inf, "Ertl et al. 2008; high for natural products", _np_likeness
    ),
    Property("penalized_logp", "", -inf, inf, "You et al. 2018, over ZINC250k", _gcpn_logp),
    Property(
        "plain_penalized_logp",
        "",
        -inf,
        inf,
        "logP - SA, Jin et al. 2018",
        lambda molecule: _logp(molecule) - _sa(molecule),
    ),
)

PROPERTIES: Mapping[str, Property] = MappingProxyType({entry.name: entry for entry in _ALL})
"""All properties by name, in display order."""
