"""Screening of decoded SELFIES in worker processes: read them, filter them, compute properties."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from molvae.chem.alerts import Catalogue, alerts
from molvae.chem.conditions import Conditions
from molvae.chem.environments import rare_environments
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.notation import Repair, Selfies, from_selfies, is_canonical, repair
from molvae.chem.properties import find_property, property_values
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError


@dataclass(frozen=True, slots=True)
class MoleculeFilter:
    """Conditions on a decoded molecule, as plain text that travels to other processes."""

    properties: tuple[str, ...] = ()
    """Properties to compute for the molecules that pass."""
    where: str | None = None
    """Conditions on properties, as `Conditions` reads them."""
    keep: tuple[str, ...] = ()
    """SMARTS that must all match."""
    avoid: tuple[str, ...] = ()
    """SMARTS of which none may match."""
    strict: bool = False
    """Refuse SELFIES that decoding repairs."""
    canonical_only: bool = False
    """Refuse SELFIES other than those that `to_selfies` gives for the molecule."""
    allow_radicals: bool = True
    """Let molecules with unpaired electrons pass."""
    allow_reactive: bool = True
    """Let groups of `Catalogue.REACTIVE` pass."""
    min_environment_rate: float = 0.0
    """Share of real molecules that must have an atom environment; 0 lets all environments pass."""

    def check(self) -> None:
        """Find the mistakes in the filter before any work is done.

        Raises:
            ConfigError: an unknown property, a condition that cannot be read, a faulty SMARTS.
        """
        _compile(self)
        for name in self.properties:
            find_property(name)


@dataclass(frozen=True, slots=True)
class ScreenedMolecule:
    """A molecule that passed, as plain text with its properties."""

    smiles: str
    values: dict[str, float]
    repair: Repair | None = None
    """First repair that decoding made to the SELFIES; None if they were taken as written."""


@dataclass(frozen=True, slots=True)
class _Queries:
    conditions: Conditions | None
    keep: tuple[Pattern, ...]
    avoid: tuple[Pattern, ...]


def screen_selfies(
    selfies_rows: Sequence[Selfies], screen: MoleculeFilter
) -> list[ScreenedMolecule | str]:
    """Per SELFIES the molecule that passed, or the reason (a `Refusal`) why it did not.

    Raises:
        ConfigError: the filter itself is faulty; see `MoleculeFilter.check`.
    """
    queries = _compile(screen)
    return [_screen(selfies, screen, queries) for selfies in selfies_rows]


def _screen(selfies: Selfies, screen: MoleculeFilter, queries: _Queries) -> ScreenedMolecule | str:
    try:
        molecule = from_selfies(selfies)
    except MoleculeError as error:
        return error.reason
    repaired = repair(selfies)
    if screen.strict and repaired:
        return Refusal.REPAIRED
    if screen.canonical_only and not is_canonical(selfies, molecule):
        return Refusal.NOT_CANONICAL
    if refusal := _objection(molecule, screen, queries):
        return refusal
    # The properties that the conditions need come first; the others only if these are met.
    values = property_values(molecule, queries.conditions.names) if queries.conditions else {}
    if queries.conditions and not queries.conditions.hold(values):
        return Refusal.CONDITION_NOT_MET
    values |= property_values(molecule, [name for name in screen.properties if name not in values])
    wanted = {name: values[name] for name in screen.properties}
    return ScreenedMolecule(molecule.smiles, wanted, repaired)


def _objection(molecule: Molecule, screen: MoleculeFilter, queries: _Queries) -> Refusal | None:
    """The reason why the structure does not pass, the cheapest tests first."""
    if not screen.allow_radicals and molecule.has_radicals:
        return Refusal.RADICAL
    if not all(molecule.contains(pattern) for pattern in queries.keep):
        return Refusal.PATTERN_MISSING
    if any(molecule.contains(pattern) for pattern in queries.avoid):
        return Refusal.UNWANTED_PATTERN
    if not screen.allow_reactive and alerts(molecule, Catalogue.REACTIVE):
        return Refusal.REACTIVE
    if screen.min_environment_rate and rare_environments(molecule, screen.min_environment_rate):
        return Refusal.RARE_ENVIRONMENT
    return None


@lru_cache(maxsize=8)
def _compile(screen: MoleculeFilter) -> _Queries:
    return _Queries(
        conditions=Conditions.parse(screen.where) if screen.where is not None else None,
        keep=tuple(Pattern.parse(smarts) for smarts in screen.keep),
        avoid=tuple(Pattern.parse(smarts) for smarts in screen.avoid),
    )
