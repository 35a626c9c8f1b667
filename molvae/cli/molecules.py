"""Molecules that are typed on the command line."""

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError, MoleculeError


def typed_molecule(smiles: str) -> Molecule:
    """The molecule.

    Raises:
        ConfigError: RDKit does not accept the text.
    """
    try:
        return Molecule.parse(smiles)
    except MoleculeError as error:
        raise ConfigError(f"expected a SMILES, got {smiles!r}, {error}") from None
