"""CorpusConfig: what to take from a file of molecules. Needs neither NumPy nor RDKit."""

from typing import Annotated

from pydantic import Field

from molvae.chem.standardize_config import StandardizeConfig
from molvae.settings import Settings

MAX_SYMBOLS = 200
"""Of a molecule, unless more or fewer are asked for."""


class CorpusConfig(Settings):
    """What to take from a file of molecules, and what to accept."""

    smiles_column: str | None = None
    """Column that holds the SMILES; None finds it by its name, else by its content."""
    property_columns: tuple[str, ...] = ()
    """Columns of numbers to keep beside the molecules."""
    max_symbols: Annotated[int, Field(ge=1, le=10_000)] = MAX_SYMBOLS
    """SELFIES symbols of a molecule, at most."""
    standardize: StandardizeConfig = StandardizeConfig()
    """How molecules are cleaned, and which are refused."""
