"""StandardizeConfig: which molecules are accepted, and how they are cleaned."""

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
    """How molecules are cleaned, and which are accepted."""

    max_heavy_atoms: PositiveInt = 100
    """Maximum number of heavy atoms after salts are removed."""
    min_heavy_atoms: PositiveInt = 1
    """Minimum number of heavy atoms after salts are removed."""
    elements: tuple[str, ...] = (
        "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I",
    )  # fmt: skip
    """Allowed elements; implicit hydrogen is always allowed."""
    largest_fragment: bool = True
    """Keep only the largest fragment that contains carbon, which removes salts."""
    neutralize: bool = True
    """Add or remove protons to neutralize charges; quaternary nitrogen, for example, stays."""
    keep_stereo: bool = True
    """Keep stereochemistry; otherwise it is removed."""
    allow_isotopes: bool = False
    """Accept isotope labels, deuterium and tritium among them."""
    allow_radicals: bool = False
    """Accept radicals."""

    # Any: unvalidated input; pydantic checks it.
    @field_validator("elements", mode="before")
    @classmethod
    def _split_elements(cls, symbols: Any) -> Any:
        """Accept the form `C,N,O` that flags have."""
        return split_words(symbols) if isinstance(symbols, list | tuple) else symbols

    @field_validator("elements")
    @classmethod
    def _check_elements(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [symbol for symbol in symbols if symbol not in _ELEMENTS]
        if unknown or not symbols:
            raise ValueError(f"expected element symbols such as 'C' or 'Cl', got {unknown}")
        return symbols
