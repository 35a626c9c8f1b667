"""StandardizeConfig: which molecules are accepted, and how they are cleaned. Needs no RDKit."""

from typing import Any

from pydantic import PositiveInt, field_validator

from molvae.settings import Settings, split_words

_ELEMENTS = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al",
    "Si", "P", "S", "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe",
    "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te",
    "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb",
    "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt",
    "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa",
    "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf",
    "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts",
    "Og",
)  # fmt: skip


class StandardizeConfig(Settings):
    """What is accepted, and what is done to it before."""

    max_heavy_atoms: PositiveInt = 100
    """Of the molecule that remains after salts are removed."""
    min_heavy_atoms: PositiveInt = 1
    """Of the same; smaller ones are refused."""
    elements: tuple[str, ...] = (
        "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I",
    )  # fmt: skip
    """Element symbols; hydrogen is always allowed where it is implicit."""
    largest_fragment: bool = True
    """Keep only the largest fragment with carbon; otherwise salts stay as they are."""
    neutralize: bool = True
    """Move protons so that charges vanish where they can; quaternary nitrogen and such stay."""
    keep_stereo: bool = True
    """Keep the marks of stereochemistry; otherwise they are removed."""
    allow_isotopes: bool = False
    """Accept atoms with an isotope label."""
    allow_radicals: bool = False
    """Accept atoms with an unpaired electron."""

    # Any: whatever a caller typed; pydantic checks it.
    @field_validator("elements", mode="before")
    @classmethod
    def _split_elements(cls, symbols: Any) -> Any:
        """Accept `C,N,O`, as a flag gives it and as the default is shown."""
        return split_words(symbols) if isinstance(symbols, list | tuple) else symbols

    @field_validator("elements")
    @classmethod
    def _known_elements(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [symbol for symbol in symbols if symbol not in _ELEMENTS]
        if unknown or not symbols:
            raise ValueError(f"expected element symbols such as 'C' or 'Cl', got {unknown}")
        return symbols
