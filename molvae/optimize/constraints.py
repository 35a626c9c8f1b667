"""HardConstraints: which molecules a search may spend a call on, looked at before the objective is.

The guardrails are for objectives that a search can satisfy with molecules that nobody wants (Renz
et al. 2019): without them, penalised logP rises with each carbon of an alkane.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import numpy as np
from jaxtyping import Float64
from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt

from molvae.chem.alerts import Catalogue, alerts
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits
from molvae.errors import ConfigError, MoleculeError
from molvae.settings import Settings

_RADIUS, _BITS = 2, 2048
"""The fingerprint of similarity-constrained optimisation (You et al. 2018 and those after it)."""
_REMEMBERED = 100_000
_STEREO = re.compile(r"[@/\\]")
_ISOTOPE = re.compile(r"\[\d")


class Violation(StrEnum):
    """Why a molecule is not to be scored; the value is what a person reads."""

    UNLIKE_LEAD = "too unlike the lead"
    PATTERN_MISSING = "pattern missing"
    UNWANTED_PATTERN = "unwanted pattern"
    STEREO = "stereochemistry"
    ISOTOPE = "isotope label"
    SEVERAL_PARTS = "more than one part"
    RADICAL = "unpaired electron"
    HEAVY_ATOMS = "too many heavy atoms"
    RING = "too large a ring"
    CHAIN = "too long a carbon chain"
    ROTATABLE_BONDS = "too many rotatable bonds"
    SA = "too hard to make"
    ALERT = "structural alert"
    SCAFFOLD_FULL = "scaffold met too often"
    IMPROBABLE = "too improbable"

    @property
    def advice(self) -> str:
        """What a person may do who wants more molecules past it."""
        return (
            _ADVICE.get(self) or "raise that limit, or turn the guardrails off (`guardrails=False`)"
        )


_ADVICE = {
    Violation.UNLIKE_LEAD: "lower `min_similarity`, or search closer to the lead (`lead_scale`)",
    Violation.PATTERN_MISSING: "ask for less with `keep`",
    Violation.UNWANTED_PATTERN: "rule out less with `avoid`",
    Violation.STEREO: "leave out `flat`",
    Violation.ISOTOPE: "leave out `flat`",
    Violation.SCAFFOLD_FULL: "raise `scaffold_bucket`",
    Violation.IMPROBABLE: "raise `combined.improbable`; 0 admits all",
}


class GuardrailsConfig(Settings):
    """What the guardrails let pass; the defaults leave room round what drugs look like."""

    max_heavy_atoms: PositiveInt = 50
    """Atoms but hydrogen; ZINC250k has 38 at most, ritonavir 50."""
    max_ring_size: Annotated[int, Field(ge=3)] = 8
    """Atoms of a ring; fewer than 1 in 1,000 of ZINC250k have a larger one."""
    max_chain: PositiveInt = 8
    """Carbons in a row, in no ring and without a branch; fingolimod has 8."""
    max_rotatable_bonds: NonNegativeInt = 20
    """Ritonavir has 17; keeps out long chains that a branch or another atom interrupts."""
    max_sa: Annotated[float, Field(ge=1, le=10)] = 6.0
    """Synthetic accessibility, from 1 to 10; beyond 6 is hard to make (Ertl & Schuffenhauer)."""
    alerts: tuple[Catalogue, ...] = (Catalogue.PAINS,)
    """Catalogues of which no alert may match; PAINS has 3 % of ZINC250k, BRENK 28 %."""

    def __str__(self) -> str:
        listed = "".join(f", no {catalogue.name} alert" for catalogue in self.alerts)
        return (
            f"one part, no radicals, at most {self.max_heavy_atoms} heavy atoms, "
            f"rings of {self.max_ring_size}, carbon chains of {self.max_chain}, "
            f"{self.max_rotatable_bonds} rotatable bonds, SA {self.max_sa:g}{listed}"
        )


class ConstraintsConfig(Settings):
    """What a molecule must be like before it is scored."""

    lead: str | None = None
    """SMILES of the molecule to improve: it is scored first, and the search begins round it."""
    min_similarity: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Lowest Tanimoto similarity to the lead, by Morgan bits of radius 2, folded to 2048."""
    keep: tuple[str, ...] = ()
    """SMARTS that must all match."""
    avoid: tuple[str, ...] = ()
    """SMARTS of which none may match."""
    flat: bool = False
    """Refuse stereochemistry and isotopes."""
    guardrails: bool = True
    """Refuse what breaks the limits below: molecules that score well and nobody wants."""
    limits: GuardrailsConfig = Field(default_factory=GuardrailsConfig)
    scaffold_bucket: PositiveInt | None = None
    """Molecules of one Murcko scaffold after which later rounds score no more of it; None: no end.

    Molecules without a ring count as of one scaffold.
    """
    scaffold_threshold: FiniteFloat | None = None
    """Only molecules that score above it fill the bucket; None: all that have a score."""
    hide_repeats: bool = False
    """Tell the method that a molecule met before has no score, so that it looks elsewhere."""


class HardConstraints:
    """What `ConstraintsConfig` asks for: the same answer for the same molecule, whenever asked."""

    def __init__(self, config: ConstraintsConfig, lead: Molecule | None) -> None:
        self.lead = lead
        self._config = config
        self._tests = tuple(_tests(config))
        self._judged: dict[str, Violation | None] = {}

    @classmethod
    def of(cls, config: ConstraintsConfig) -> "HardConstraints":
        """The constraints under these settings; equal settings share one, and what it remembers.

        Raises:
            ConfigError: the lead is no SMILES, a pattern no SMARTS, or they contradict each other.
        """
        return _admission(config)

    def judge(self, molecules: Sequence[Molecule]) -> list[Violation | None]:
        """The first objection to each molecule, the cheap ones first; None: it may be scored."""
        new = {one.smiles: one for one in molecules if one.smiles not in self._judged}
        self._judged.update(zip(new, self._objections(list(new.values())), strict=True))
        found = [self._judged[one.smiles] for one in molecules]
        while len(self._judged) > _REMEMBERED:
            del self._judged[next(iter(self._judged))]
        return found

    def similarities(self, molecules: Sequence[Molecule]) -> Float64[np.ndarray, " molecule"]:
        """Similarity of each molecule to the lead; 1 when there is none."""
        if self.lead is None:
            return np.ones(len(molecules))
        # Not in 8 bits, as the sums go beyond 255; those of floats are exact to 2 ** 24.
        bits = morgan_bits([self.lead, *molecules], _RADIUS, _BITS).astype(np.float32)
        lead, others = bits[0], bits[1:]
        shared = (others @ lead).astype(np.float64)
        every = lead.sum() + others.sum(axis=1) - shared
        return np.asarray(shared / every, dtype=np.float64)

    def _objections(self, molecules: Sequence[Molecule]) -> list[Violation | None]:
        if self._config.min_similarity == 0:
            return [self._objection(one) for one in molecules]
        alike = self.similarities(molecules) >= self._config.min_similarity
        return [
            self._objection(one) if near else Violation.UNLIKE_LEAD
            for one, near in zip(molecules, alike, strict=True)
        ]

    def _objection(self, molecule: Molecule) -> Violation | None:
        return next((found for found, applies in self._tests if applies(molecule)), None)


Test = tuple[Violation, Callable[[Molecule], bool]]
"""An objection, and whether it is to be made to a molecule."""


def _tests(config: ConstraintsConfig) -> Iterator[Test]:
    """What may be objected to a molecule by itself, in the order in which it is looked at."""
    if config.flat:
        yield Violation.STEREO, lambda one: _STEREO.search(one.smiles) is not None
        yield Violation.ISOTOPE, lambda one: _ISOTOPE.search(one.smiles) is not None
    if config.guardrails:
        yield from _cheap_guardrails(config.limits)
    keep, avoid = ([Pattern.parse(one) for one in some] for some in (config.keep, config.avoid))
    if keep:
        yield Violation.PATTERN_MISSING, lambda one: not all(map(one.contains, keep))
    if avoid:
        yield Violation.UNWANTED_PATTERN, lambda one: any(map(one.contains, avoid))
    if config.guardrails:
        yield from _costly_guardrails(config.limits)


def _cheap_guardrails(limits: GuardrailsConfig) -> Iterator[Test]:
    links = ["[#6;!R;D1,D2]"] * (limits.max_chain + 1)
    chain = Pattern.parse("~".join(links))
    yield Violation.SEVERAL_PARTS, lambda one: "." in one.smiles
    yield Violation.RADICAL, lambda one: one.has_radicals
    yield Violation.HEAVY_ATOMS, lambda one: one.heavy_atoms > limits.max_heavy_atoms
    yield Violation.RING, _beyond("largest_ring", limits.max_ring_size)
    yield Violation.CHAIN, lambda one: one.contains(chain)
    yield Violation.ROTATABLE_BONDS, _beyond("rotatable_bonds", limits.max_rotatable_bonds)


def _costly_guardrails(limits: GuardrailsConfig) -> Iterator[Test]:
    """A third of a millisecond for SA, several for a catalogue such as PAINS."""
    yield Violation.SA, _beyond("sa", limits.max_sa)
    yield Violation.ALERT, lambda one: any(alerts(one, each) for each in limits.alerts)


def _beyond(name: str, limit: int | float) -> Callable[[Molecule], bool]:
    """Whether a property lies above a limit, or cannot be computed."""
    return lambda one: not property_values(one, (name,))[name] <= limit


@lru_cache(maxsize=8)
def _admission(config: ConstraintsConfig) -> HardConstraints:
    problems = list(_contradictions(config))
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
    if problems:
        raise ConfigError("; ".join(problems))
    lacking = [one for one in config.keep if lead and not lead.contains(Pattern.parse(one))]
    if lacking:
        raise ConfigError(
            f"the lead itself lacks {lacking}, which `keep` asks for; correct one of them"
        )
    return HardConstraints(config, lead)


def _contradictions(config: ConstraintsConfig) -> Iterator[str]:
    if config.min_similarity > 0 and config.lead is None:
        yield f"`min_similarity={config.min_similarity:g}` needs a lead; give one as `lead`"
    if both := sorted({*config.keep} & {*config.avoid}):
        yield f"{both} cannot be kept and avoided at once; leave it out of `keep` or of `avoid`"
    if config.scaffold_threshold is not None and config.scaffold_bucket is None:
        yield "`scaffold_threshold` needs the size of a bucket; give one as `scaffold_bucket`"
