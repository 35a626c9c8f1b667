"""Settings of the conditions that a molecule must meet before it is scored."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt

from molvae.chem.catalogues import Catalogue
from molvae.settings import Settings


class GuardrailsConfig(Settings):
    """Limits of the guardrails; the defaults leave some room around drug-like molecules."""

    max_heavy_atoms: PositiveInt = 50
    """Non-hydrogen atoms; ZINC250k has at most 38, ritonavir has 50."""
    max_ring_size: Annotated[int, Field(ge=3)] = 8
    """Atoms in a ring; fewer than 1 in 1,000 molecules of ZINC250k have a larger ring."""
    max_chain: PositiveInt = 8
    """Consecutive unbranched carbons outside rings; fingolimod has 8."""
    max_rotatable_bonds: NonNegativeInt = 20
    """Ritonavir has 17; excludes long chains interrupted by a branch or a heteroatom."""
    max_sa: Annotated[float, Field(ge=1, le=10)] = 6.0
    """Synthetic accessibility from 1 to 10; above 6 is hard to make (Ertl & Schuffenhauer)."""
    alerts: tuple[Catalogue, ...] = (Catalogue.PAINS,)
    """Catalogues of structural alerts; PAINS matches 3 % of ZINC250k, BRENK 28 %."""
    allow_reactive: bool = False
    """Allow groups that decompose or react in water or air, such as peroxides and N-O bonds."""
    min_environment_rate: Annotated[float, Field(ge=0, lt=1)] = 5e-5
    """Fraction of the molecules of ChEMBL and ZINC that must have an atom environment; 0: no limit.

    Molecules with an environment that hardly any real molecule has are likely to be unstable. A
    fifth of this rate is the limit for environments that also tell the hydrogens, bonds and rings
    of the neighbors apart. Environments of the lead are accepted.
    """

    def __str__(self) -> str:
        catalogues = "".join(f", no {catalogue.name} alert" for catalogue in self.alerts)
        return (
            "one part, no radicals, no bridged aromatic rings, "
            f"at most {self.max_heavy_atoms} heavy atoms, "
            f"rings of {self.max_ring_size}, carbon chains of {self.max_chain}, "
            f"{self.max_rotatable_bonds} rotatable bonds, SA {self.max_sa:g}{catalogues}"
            f"{'' if self.allow_reactive else ', no reactive groups'}"
            f"{', no rare atom environments' if self.min_environment_rate else ''}"
        )


class ConstraintsConfig(Settings):
    """Conditions that a molecule must meet before it is scored."""

    lead: str | None = None
    """SMILES of the molecule to improve; it is scored first, and the search starts around it."""
    min_similarity: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Lowest Tanimoto similarity to the lead (Morgan fingerprint, radius 2, 2048 bits)."""
    keep: tuple[str, ...] = ()
    """SMARTS patterns that every molecule must contain."""
    avoid: tuple[str, ...] = ()
    """SMARTS patterns that no molecule may contain."""
    keep_scaffold: bool = False
    """Reject molecules without the lead's Murcko scaffold, which is its rings and their linkers."""
    flat: bool = False
    """Reject molecules with stereochemistry or isotope labels."""
    guardrails: bool = True
    """Reject molecules beyond the limits below: they may score well, but nobody wants them."""
    limits: GuardrailsConfig = Field(default_factory=GuardrailsConfig)
    scaffold_bucket: PositiveInt | None = None
    """Scored molecules per Murcko scaffold after which the scaffold is rejected; None: no limit.

    All molecules without a ring share one bucket.
    """
    scaffold_threshold: FiniteFloat | None = None
    """Lowest score, exclusive, of the molecules that count towards a bucket; None: any score."""
    hide_repeats: bool = False
    """Report repeated molecules to the method as unscored, so that it looks elsewhere."""

    def contradictions(self) -> Iterator[str]:
        """Problems of settings that exclude or need each other."""
        if self.min_similarity > 0 and self.lead is None:
            yield f"`min_similarity={self.min_similarity:g}` needs a lead; give one as `lead`"
        if self.keep_scaffold and self.lead is None:
            yield "`keep_scaffold` needs a lead; give one as `lead`"
        if both := sorted({*self.keep} & {*self.avoid}):
            yield f"{both} cannot be kept and avoided at once; leave it out of `keep` or of `avoid`"
        if self.scaffold_threshold is not None and self.scaffold_bucket is None:
            yield "`scaffold_threshold` needs the size of a bucket; give one as `scaffold_bucket`"
