"""What is done to decoded spellings, in worker processes: read, measure, filter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from molvae.chem.conditions import Conditions
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.notation import Repair, Selfies, from_selfies, is_canonical, repair
from molvae.chem.properties import find_property, property_values
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError


@dataclass(frozen=True, slots=True)
class MoleculeFilter:
    """What is asked of a decoded molecule: plain text, so that it travels to other processes."""

    properties: tuple[str, ...] = ()
    """Properties to be computed of what passes."""
    where: str | None = None
    """Conditions to be met, as `Conditions` reads them."""
    keep: tuple[str, ...] = ()
    """SMARTS, all of which must match."""
    avoid: tuple[str, ...] = ()
    """SMARTS, none of which may match."""
    strict: bool = False
    """Refuse spellings that SELFIES repairs."""
    radicals: bool = True
    """Let unpaired electrons pass."""
    own: bool = False
    """Refuse spellings other than that which `to_selfies` has for the molecule."""

    def check(self) -> None:
        """Find the mistakes in it before any work is done.

        Raises:
            ConfigError: an unknown property, a condition that cannot be read, a faulty SMARTS.
        """
        _compiled(self)
        for name in self.properties:
            find_property(name)


@dataclass(frozen=True, slots=True)
class ScreenedMolecule:
    """A molecule that passed, as plain text with its properties."""

    smiles: str
    values: dict[str, float]
    repair: Repair | None = None
    """What SELFIES had to repair in the spelling; None where it was taken as written."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    conditions: Conditions | None
    keep: tuple[Pattern, ...]
    avoid: tuple[Pattern, ...]


def screen_selfies(
    selfies_rows: Sequence[Selfies], screen: MoleculeFilter
) -> list[ScreenedMolecule | str]:
    """Per spelling the molecule that passed, or the reason (a `Refusal`) why there is none.

    Raises:
        ConfigError: the screen itself is faulty; see `MoleculeFilter.check`.
    """
    compiled = _compiled(screen)
    return [_screened(selfies, screen, compiled) for selfies in selfies_rows]


def _screened(
    selfies: Selfies, screen: MoleculeFilter, compiled: _Compiled
) -> ScreenedMolecule | str:
    try:
        molecule = from_selfies(selfies)
    except MoleculeError as error:
        return error.reason
    repaired = repair(selfies)
    if screen.strict and repaired:
        return Refusal.REPAIRED
    if screen.own and not is_canonical(selfies, molecule):
        return Refusal.NOT_CANONICAL
    if not screen.radicals and molecule.has_radicals:
        return Refusal.RADICAL
    if not all(molecule.contains(pattern) for pattern in compiled.keep):
        return Refusal.PATTERN_MISSING
    if any(molecule.contains(pattern) for pattern in compiled.avoid):
        return Refusal.UNWANTED_PATTERN
    measured = _measured(molecule, screen, compiled.conditions)
    return measured if isinstance(measured, str) else replace(measured, repair=repaired)


def _measured(
    molecule: Molecule, screen: MoleculeFilter, conditions: Conditions | None
) -> ScreenedMolecule | str:
    """The conditions are looked at first: properties only of what meets them."""
    values = property_values(molecule, conditions.names) if conditions else {}
    if conditions and not conditions.hold(values):
        return Refusal.CONDITION_NOT_MET
    missing = [name for name in screen.properties if name not in values]
    values |= property_values(molecule, missing)
    return ScreenedMolecule(molecule.smiles, {name: values[name] for name in screen.properties})


@lru_cache(maxsize=8)
def _compiled(screen: MoleculeFilter) -> _Compiled:
    return _Compiled(
        conditions=Conditions.parse(screen.where) if screen.where is not None else None,
        keep=tuple(Pattern.parse(smarts) for smarts in screen.keep),
        avoid=tuple(Pattern.parse(smarts) for smarts in screen.avoid),
    )
