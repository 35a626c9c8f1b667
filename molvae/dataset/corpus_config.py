"""Settings of a corpus; reading them loads no RDKit."""

from typing import Annotated, Literal

from pydantic import Field

from molvae.chem.standardize_config import StandardizeConfig
from molvae.settings import Settings

MAX_SYMBOLS = 200
"""Default largest number of symbols of a molecule."""

DuplicateRule = Literal["mean", "median", "first", "refuse"]
QualifierRule = Literal["use", "refuse"]


class CorpusConfig(Settings):
    """Columns to read from a file of molecules, and rules for accepting its rows."""

    smiles_column: str | None = None
    """Column that holds the SMILES; None finds it by its name, else by its content."""
    selfies_column: str | None = None
    """Column that holds SELFIES, read instead of SMILES."""
    property_columns: tuple[str, ...] = ()
    """Columns of numbers to keep beside the molecules."""
    duplicates: DuplicateRule = "median"
    """Property value of a molecule whose rows disagree: mean or median of its rows, the value of
    the first row, or no value (refuse)."""
    qualified_values: QualifierRule = "use"
    """Values with a qualifier, such as `>6.3` or `~5`: use the number and keep the qualifier beside
    it, or refuse the value."""
    max_symbols: Annotated[int, Field(ge=1, le=10_000)] = MAX_SYMBOLS
    """Largest number of SELFIES symbols of a molecule."""
    standardize: StandardizeConfig = StandardizeConfig()
    """How molecules are cleaned, and which are refused."""
