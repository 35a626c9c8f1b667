"""The fixed reasons under which texts and spellings are refused and counted."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a text or a spelling is no acceptable molecule; the value is what a person reads."""

    NO_SMILES = "no SMILES in the row"
    TOO_LONG = "too long a text"
    NOT_A_MOLECULE = "not a molecule"
    NO_ORGANIC_FRAGMENT = "no organic fragment"
    SEVERAL_PARTS = "several parts"
    ELEMENT_NOT_ALLOWED = "element not allowed"
    BOND_NOT_ALLOWED = "bond type not allowed"
    ISOTOPE = "isotope label"
    RADICAL = "unpaired electron"
    TOO_MANY_HEAVY_ATOMS = "too many heavy atoms"
    TOO_FEW_HEAVY_ATOMS = "too few heavy atoms"
    NOT_KEPT_BY_SELFIES = "not kept by SELFIES"
    UNKNOWN_SYMBOL = "unknown symbol"
    TOO_MANY_SYMBOLS = "too many symbols"
    DUPLICATE = "duplicate"
    CONDITION_NOT_MET = "condition not met"
    PATTERN_MISSING = "pattern missing"
    UNWANTED_PATTERN = "unwanted pattern"
    REPAIRED = "repaired by SELFIES"
    NOT_CANONICAL = "not the molecule's own spelling"
