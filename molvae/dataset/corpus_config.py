"""CorpusConfig: which columns and rows of a file are used. Needs neither NumPy nor RDKit."""

from typing import Annotated, Literal

from pydantic import Field

from molvae.chem.standardize_config import StandardizeConfig
from molvae.settings import Settings

MAX_SYMBOLS = 200
"""Default maximum of SELFIES symbols in a molecule."""

DuplicateRule = Literal["mean", "median", "first", "refuse"]
QualifierRule = Literal["use", "refuse"]


class CorpusConfig(Settings):
    """Columns to read from a file of molecules, and rules for accepting its rows."""

    smiles_column: str | None = None
    """Column with the SMILES. Default: found by its name or its content."""
    selfies_column: str | None = None
    """Column with SELFIES, read instead of SMILES."""
    property_columns: tuple[str, ...] = ()
    """Columns of numbers that a property head learns to predict."""
    unlabelled_files: bool = False
    """Accept files, among several, that have none of the property columns: their molecules have no
    values."""
    duplicates: DuplicateRule = "median"
    """Property of a molecule in several rows that disagree; refuse: no value."""
    qualified_values: QualifierRule = "use"
    """Values such as `>6.3` or `~5`: use the number and keep the qualifier, or refuse the value."""
    max_symbols: Annotated[int, Field(ge=1, le=10_000)] = MAX_SYMBOLS
    """SELFIES symbols in a molecule, at most."""
    standardize: StandardizeConfig = StandardizeConfig()
    """How molecules are cleaned, and which are refused."""
