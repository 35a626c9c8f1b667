"""HardConstraints: decides which molecules may be scored, before a call is spent on them.

The guardrails are for objectives that can be maximized by molecules that nobody wants (Renz et al.
2019): without them, penalized logP rises with each carbon of an alkane.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from molvae.chem.alerts import alerts
from molvae.chem.catalogues import Catalogue
from molvae.chem.environments import (
    RARE,
    RARE_DETAILED,
    rare_detailed_environments,
    rare_environments,
)
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits, scaffold_pattern
from molvae.errors import ConfigError, MoleculeError
from molvae.optimize.constraints_config import ConstraintsConfig, GuardrailsConfig

_RADIUS, _BITS = 2, 2048
"""Fingerprint of similarity-constrained optimization (You et al. 2018 and later papers)."""
_REMEMBERED = 100_000
_STEREO = re.compile(r"[@/\\]")
_ISOTOPE = re.compile(r"\[\d")


class Violation(StrEnum):
    """Why a molecule is not scored; the value is the text that users read.

    Conditions of an objective file are reported by their own text instead.
    """

    UNLIKE_LEAD = "too dissimilar to the lead"
    PATTERN_MISSING = "required pattern missing"
    UNWANTED_PATTERN = "unwanted pattern"
    SCAFFOLD_MISSING = "lead's scaffold missing"
    STEREO = "stereochemistry"
    ISOTOPE = "isotope label"
    SEVERAL_PARTS = "several fragments"
    RADICAL = "radical"
    HEAVY_ATOMS = "too many heavy atoms"
    RING = "ring too large"
    BRIDGED_AROMATIC = "bridged aromatic ring"
    CHAIN = "carbon chain too long"
    ROTATABLE_BONDS = "too many rotatable bonds"
    SA = "too hard to synthesize"
    ALERT = "structural alert"
    REACTIVE = "reactive group"
    RARE_ENVIRONMENT = "rare atom environment"
    SCAFFOLD_FULL = "scaffold scored often enough"
    IMPROBABLE = "too unlikely under the prior"


_ADVICE = {
    Violation.UNLIKE_LEAD: "lower `min_similarity`, or search closer to the lead (`lead_scale`)",
    Violation.PATTERN_MISSING: "require less with `keep`",
    Violation.UNWANTED_PATTERN: "exclude less with `avoid`",
    Violation.SCAFFOLD_MISSING: "leave out `keep_scaffold`, or `keep` only a part of the scaffold",
    Violation.STEREO: "leave out `flat`",
    Violation.ISOTOPE: "leave out `flat`",
    Violation.SCAFFOLD_FULL: "raise `scaffold_bucket`",
    Violation.IMPROBABLE: "raise `combined.improbable`; 0 admits everything",
}


def advice_for(reason: str) -> str:
    """How to relax the constraint that a molecule violates."""
    if reason not in set(Violation):
        return "relax that condition of the objective"
    default = "raise that limit, or turn the guardrails off (`guardrails=False`)"
    return _ADVICE.get(Violation(reason), default)


@runtime_checkable
class ConditionalObjective(Protocol):
    """An objective with conditions that can be judged without asking its scorers."""

    def violations(self, molecules: Sequence[Molecule]) -> list[str | None]:
        """The first condition that each molecule breaks, in words; None: it breaks none."""
        ...


def similarities(lead: Molecule, molecules: Sequence[Molecule]) -> Float64[np.ndarray, " molecule"]:
    """Tanimoto similarity of each molecule to the lead: Morgan bits, radius 2."""
    # Not in 8 bits, as the sums go beyond 255; those of floats are exact to 2 ** 24.
    bits = morgan_bits([lead, *molecules], _RADIUS, _BITS).astype(np.float32)
    shared = (bits[1:] @ bits[0]).astype(np.float64)
    union = bits[0].sum() + bits[1:].sum(axis=1) - shared
    return np.asarray(shared / union, dtype=np.float64)


class HardConstraints:
    """Judges molecules and counts the rejected ones.

    The verdict on a molecule depends on its SMILES alone and is remembered, so asking twice costs
    nothing.
    """

    def __init__(
        self,
        config: ConstraintsConfig,
        lead: Molecule | None,
        objective: ConditionalObjective | None = None,
    ) -> None:
        self.lead = lead
        self.min_similarity = config.min_similarity
        self.rejections: Counter[str] = Counter()
        """Rejected candidates by reason, over the whole search."""
        self._tests = tuple(_tests(config, lead))
        self._objective = objective
        self._verdicts: dict[str, str | None] = {}

    @classmethod
    def parse(cls, config: ConstraintsConfig, objective: object | None = None) -> "HardConstraints":
        """The constraints of the settings, and of the objective where it states any.

        Raises:
            ConfigError: the lead is no SMILES, a pattern no SMARTS, or they contradict each other.
        """
        lead = _check(config)
        conditional = objective if isinstance(objective, ConditionalObjective) else None
        return cls(config, lead, conditional)

    def check(self, molecules: Sequence[Molecule]) -> list[str | None]:
        """The reason for which each molecule is rejected, and counted; None: it may be scored."""
        reasons = self.violations(molecules)
        self.rejections.update(reason for reason in reasons if reason)
        return reasons

    def violations(self, molecules: Sequence[Molecule]) -> list[str | None]:
        """As `check`, without counting."""
        new = {
            molecule.smiles: molecule
            for molecule in molecules
            if molecule.smiles not in self._verdicts
        }
        self._verdicts.update(zip(new, self._judge(list(new.values())), strict=True))
        verdicts = [self._verdicts[molecule.smiles] for molecule in molecules]
        while len(self._verdicts) > _REMEMBERED:
            del self._verdicts[next(iter(self._verdicts))]
        return verdicts

    def similarities(self, molecules: Sequence[Molecule]) -> Float64[np.ndarray, " molecule"]:
        """Tanimoto similarity of each molecule to the lead; 1 when there is no lead."""
        return np.ones(len(molecules)) if self.lead is None else similarities(self.lead, molecules)

    def _judge(self, molecules: Sequence[Molecule]) -> list[str | None]:
        similar = np.ones(len(molecules), dtype=np.bool_)
        if self.min_similarity:
            similar = self.similarities(molecules) >= self.min_similarity
        verdicts: list[str | None] = []
        for molecule, is_similar in zip(molecules, similar, strict=True):
            reasons = (reason for reason, applies in self._tests if applies(molecule))
            verdicts.append(next(reasons, None) if is_similar else Violation.UNLIKE_LEAD)
        passing = [row for row, reason in enumerate(verdicts) if reason is None]
        if self._objective is not None and passing:
            answers = self._objective.violations([molecules[row] for row in passing])
            for row, reason in zip(passing, answers, strict=True):
                verdicts[row] = reason
        return verdicts


Test = tuple[Violation, Callable[[Molecule], bool]]
"""A violation, and whether a molecule commits it."""


def _tests(config: ConstraintsConfig, lead: Molecule | None) -> Iterator[Test]:
    """Tests of a single molecule, the cheap ones first."""
    if config.flat:
        yield Violation.STEREO, lambda molecule: _STEREO.search(molecule.smiles) is not None
        yield Violation.ISOTOPE, lambda molecule: _ISOTOPE.search(molecule.smiles) is not None
    if config.guardrails:
        yield from _cheap_guardrails(config.limits)
    keep = [Pattern.parse(smarts) for smarts in config.keep]
    avoid = [Pattern.parse(smarts) for smarts in config.avoid]
    if keep:
        yield Violation.PATTERN_MISSING, lambda molecule: not all(map(molecule.contains, keep))
    if avoid:
        yield Violation.UNWANTED_PATTERN, lambda molecule: any(map(molecule.contains, avoid))
    core = scaffold_pattern(lead) if config.keep_scaffold and lead else None
    if core:
        yield Violation.SCAFFOLD_MISSING, lambda molecule: not molecule.contains(core)
    if config.guardrails:
        yield from _costly_guardrails(config.limits, lead)


def _cheap_guardrails(limits: GuardrailsConfig) -> Iterator[Test]:
    chain = Pattern.parse("~".join(["[#6;!R;D1,D2]"] * (limits.max_chain + 1)))
    yield Violation.SEVERAL_PARTS, lambda molecule: "." in molecule.smiles
    yield Violation.RADICAL, lambda molecule: molecule.has_radicals
    yield Violation.HEAVY_ATOMS, lambda molecule: molecule.heavy_atoms > limits.max_heavy_atoms
    yield Violation.RING, _exceeds("largest_ring", limits.max_ring_size)
    yield Violation.BRIDGED_AROMATIC, lambda molecule: molecule.has_bridged_aromatic_ring
    yield Violation.CHAIN, lambda molecule: molecule.contains(chain)
    yield Violation.ROTATABLE_BONDS, _exceeds("rotatable_bonds", limits.max_rotatable_bonds)


def _costly_guardrails(limits: GuardrailsConfig, lead: Molecule | None) -> Iterator[Test]:
    """Tests that take 0.3 ms (SA) to several ms (a catalogue such as PAINS) per molecule."""
    yield Violation.SA, _exceeds("sa", limits.max_sa)
    rate = limits.min_environment_rate
    if rate:
        # A lead is a real molecule, however rare its environments are.
        known = _rare_environments(lead, rate) if lead else set()
        yield (
            Violation.RARE_ENVIRONMENT,
            lambda molecule: not _rare_environments(molecule, rate) <= known,
        )
    if not limits.allow_reactive:
        yield Violation.REACTIVE, lambda molecule: bool(alerts(molecule, Catalogue.REACTIVE))
    yield (
        Violation.ALERT,
        lambda molecule: any(alerts(molecule, catalogue) for catalogue in limits.alerts),
    )


def _rare_environments(molecule: Molecule, rate: float) -> set[str]:
    """Rare environments of both kinds; detailed ones are rare at a proportionally lower rate."""
    lower = rate * RARE_DETAILED / RARE
    return {*rare_environments(molecule, rate), *rare_detailed_environments(molecule, lower)}


def _exceeds(name: str, limit: int | float) -> Callable[[Molecule], bool]:
    """Whether a property is above a limit, or cannot be computed."""
    return lambda molecule: not property_values(molecule, (name,))[name] <= limit


def _check(config: ConstraintsConfig) -> Molecule | None:
    """The lead, once the settings are known to be consistent."""
    problems = list(config.contradictions())
    for smarts in (*config.keep, *config.avoid):
        try:
            Pattern.parse(smarts)
        except ConfigError as error:
            problems.append(str(error))
    lead = None
    try:
        lead = None if config.lead is None else Molecule.parse(config.lead)
    except MoleculeError as error:
        problems.append(f"lead = {config.lead!r}: expected a SMILES, {error}")
    if lead and config.keep_scaffold and scaffold_pattern(lead) is None:
        problems.append("the lead has no ring, and so no scaffold; leave out `keep_scaffold`")
    if problems:
        raise ConfigError("; ".join(problems))
    missing = [
        smarts for smarts in config.keep if lead and not lead.contains(Pattern.parse(smarts))
    ]
    if missing:
        raise ConfigError(f"the lead itself lacks {missing}, which `keep` requires; correct either")
    return lead
