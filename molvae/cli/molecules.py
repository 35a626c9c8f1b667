"""Molecules that are typed on the command line."""

from typing import TYPE_CHECKING

from molvae.errors import ConfigError, MoleculeError

if TYPE_CHECKING:
    import molvae.chem.molecule


def parse_molecule(smiles: str) -> "molvae.chem.molecule.Molecule":
    """The molecule of a SMILES; a warning is logged if reading changed it.

    Raises:
        ConfigError: RDKit does not accept the SMILES.
    """
    from molvae.chem.molecule import Molecule
    from molvae.dataset.changed import warn_of_changes

    try:
        molecule = Molecule.parse(smiles)
    except MoleculeError as error:
        raise ConfigError(f"expected a SMILES, got {smiles!r}: {error}") from None
    warn_of_changes(molecule.changes, smiles, molecule.smiles)
    return molecule
