"""Molecules that are typed on the command line."""

from typing import TYPE_CHECKING

from molvae.errors import ConfigError, MoleculeError

if TYPE_CHECKING:
    import molvae.chem.molecule


def parse_molecule(smiles: str) -> "molvae.chem.molecule.Molecule":
    """The molecule of a SMILES.

    Raises:
        ConfigError: RDKit does not accept the SMILES.
    """
    from molvae.chem.molecule import Molecule

    try:
        return Molecule.parse(smiles)
    except MoleculeError as error:
        raise ConfigError(f"expected a SMILES, got {smiles!r}: {error}") from None
