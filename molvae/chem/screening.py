"""Filtering of decoded SELFIES and computation of properties, in worker processes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from molvae.chem.alerts import alerts
from molvae.chem.catalogues import Catalogue
from molvae.chem.conditions import Conditions
from molvae.chem.environments import rare_environments
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.notation import Repair, Selfies, from_selfies, repair, to_selfies
from molvae.chem.properties import find_property, property_values
from molvae.chem.refusal import Refusal
from molvae.errors import MoleculeError


@dataclass(frozen=True, slots=True)
class MoleculeFilter:
    """Conditions on a decoded molecule, as plain values that can be sent to other processes."""

    properties: tuple[str, ...] = ()
    """Properties to compute for molecules that pass."""
    where: str | None = None
    """Conditions on properties, in the syntax of `Conditions`."""
    keep: tuple[str, ...] = ()
    """SMARTS that must all match."""
    avoid: tuple[str, ...] = ()
    """SMARTS of which none may match."""
    strict: bool = False
    """Refuse SELFIES that decoding repairs."""
    canonical_only: bool = False
    """Refuse SELFIES other than those that `to_selfies` returns for the molecule."""
    allow_radicals: bool = True
    """Accept molecules with unpaired electrons."""
    allow_reactive: bool = True
    """Accept the groups of `Catalogue.REACTIVE`."""
    min_environment_rate: float = 0.0
    """Minimum frequency of each atom environment in real molecules; 0 accepts all."""

    def check(self) -> None:
        """Check the filter before it is used.

        Raises:
            ConfigError: an unknown property, a condition that cannot be read, a faulty SMARTS.
        """
        _compile(self)
        for name in self.properties:
            find_property(name)


@dataclass(frozen=True, slots=True)
class JudgedSelfies:
    """A decoded SELFIES, its molecule, and whether it passes a filter."""

    selfies: Selfies
    smiles: str | None = None
    """Canonical SMILES; None if there is no molecule, or it was rejected before it was decoded."""
    repair: Repair | None = None
    """First repair that decoding made; None if every symbol decodes as written."""
    canonical: Selfies | None = None
    """The SELFIES that `to_selfies` returns for the molecule; None if it was not needed, as for
    most molecules that are rejected, or there is none."""
    refusal: str | None = None
    """Reason (a `Refusal`) why the filter rejects it; None if it passes."""
    values: dict[str, float] = field(default_factory=dict)
    """The filter's properties; empty if it is rejected."""

    @property
    def is_unrepaired(self) -> bool:
        """Whether it decodes to a molecule without any repair."""
        return self.smiles is not None and self.repair is None

    @property
    def is_canonical(self) -> bool:
        """Whether it is the SELFIES that `to_selfies` returns for the molecule."""
        return self.canonical == self.selfies


@dataclass(frozen=True, slots=True)
class _Queries:
    conditions: Conditions | None
    keep: tuple[Pattern, ...]
    avoid: tuple[Pattern, ...]


def judge_selfies(
    selfies_rows: Sequence[Selfies],
    molecule_filter: MoleculeFilter = MoleculeFilter(),
) -> list[JudgedSelfies]:
    """Decode each SELFIES and apply the filter to its molecule.

    Raises:
        ConfigError: the filter is faulty; see `MoleculeFilter.check`.
    """
    queries = _compile(molecule_filter)
    return [_judge(selfies, molecule_filter, queries) for selfies in selfies_rows]


def _judge(selfies: Selfies, molecule_filter: MoleculeFilter, queries: _Queries) -> JudgedSelfies:
    try:
        first_repair = repair(selfies)
        if molecule_filter.strict and first_repair is not None:
            return JudgedSelfies(selfies, repair=first_repair, refusal=Refusal.REPAIRED)
        molecule = from_selfies(selfies)
    except MoleculeError as error:
        return JudgedSelfies(selfies, refusal=error.reason)
    judged = JudgedSelfies(selfies, molecule.smiles, first_repair)
    if refusal := _objection(molecule, molecule_filter, queries):
        return replace(judged, refusal=refusal)
    try:
        judged = replace(judged, canonical=to_selfies(molecule, selfies))
    except MoleculeError as error:
        return replace(judged, refusal=error.reason)
    if molecule_filter.canonical_only and not judged.is_canonical:
        return replace(judged, refusal=Refusal.NOT_CANONICAL)
    # Properties that the conditions need are computed first, the others only if these are met.
    values = property_values(molecule, queries.conditions.names) if queries.conditions else {}
    if queries.conditions and not queries.conditions.hold(values):
        return replace(judged, refusal=Refusal.CONDITION_NOT_MET)
    names = molecule_filter.properties
    values |= property_values(molecule, [name for name in names if name not in values])
    return replace(judged, values={name: values[name] for name in names})


def _objection(molecule: Molecule, screen: MoleculeFilter, queries: _Queries) -> Refusal | None:
    """Reason why the structure does not pass; the cheapest tests come first."""
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
