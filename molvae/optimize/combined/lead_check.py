"""Checks that the combined search can start from a lead, and how to clean its candidates."""

from collections.abc import Sequence

from molvae.chem.clean_molecules import clean_or_raise, clean_smiles
from molvae.chem.molecule import Molecule
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import MoleculeError
from molvae.optimize.constraints import HardConstraints, Violation

_REASON = "unsuitable lead"


def check_lead(lead: Molecule, cleaning: StandardizeConfig, constraints: HardConstraints) -> None:
    """Check that the search can start from a lead.

    Raises:
        MoleculeError: it has several parts, is refused by the cleaning, or loses a required pattern
            with its stereo descriptors.
    """
    try:
        flat = clean_or_raise(lead.smiles, cleaning)
    except MoleculeError as error:
        raise MoleculeError(_REASON, f"{lead.smiles} ({error})") from None
    before, after = constraints.violations([lead, Molecule.parse(flat.smiles)])
    if after is Violation.PATTERN_MISSING and before is not after:
        raise MoleculeError(
            _REASON,
            f"{lead.smiles} lacks what `keep` requires once its stereo descriptors are removed, "
            "and the search proposes flat molecules; set `combined.keep_stereo=True`",
        )


def cleaning_for(cleaning: StandardizeConfig, leads: Sequence[str]) -> StandardizeConfig:
    """The cleaning, without neutralization where it would change a lead."""
    charged = cleaning.with_changes({"neutralize": False})
    neutral, given = (
        [molecule.smiles for molecule in clean_smiles(leads, settings) if molecule]
        for settings in (cleaning, charged)
    )
    return cleaning if neutral == given else charged
