"""Measures that RDKit computes: properties, similarity, patterns, formulae, alerts."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from molvae.chem.alerts import Catalogue, alerts
from molvae.chem.formula import Formula, likeness_to_formula, occurrences
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.properties import find_property, property_values
from molvae.chem.similarity import Fingerprint, FingerprintKind, fingerprint, tanimoto_to
from molvae.errors import ConfigError, MoleculeError
from molvae.objectives.desirability import AnyCurve, Linear, Step
from molvae.objectives.measure import Readings, read_each
from molvae.settings import Settings

_AS_IT_IS = Linear(low=0, high=1)
"""For values that lie in [0, 1]: they are their own desirability."""


def _read_by(parse: Callable[[str], object]) -> AfterValidator:
    """A check that `parse` takes the text; pydantic collects ValueErrors only."""

    def check(text: str) -> str:
        try:
            parse(text)
        except (ConfigError, MoleculeError) as error:
            raise ValueError(str(error)) from None
        return text

    return AfterValidator(check)


class PropertyMeasure(Settings):
    """A property of the molecule, in the property's unit."""

    kind: Literal["property"] = "property"
    property: Annotated[str, _read_by(find_property)]
    """One of the properties that `molvae objectives` lists."""

    def label(self) -> str:
        return self.property

    def usual_curve(self) -> AnyCurve | None:
        return None

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        name = self.property
        return read_each(molecules, lambda one: property_values(one, (name,))[name])


class SimilarityMeasure(Settings):
    """Tanimoto similarity to a molecule, from 0 to 1."""

    kind: Literal["similarity"] = "similarity"
    smiles: Annotated[str, _read_by(Molecule.parse)]
    """The molecule to be like."""
    fingerprint: FingerprintKind = FingerprintKind.ECFP4
    """What is compared: counts of these features, not folded."""

    @model_validator(mode="after")
    def _has_features(self) -> "SimilarityMeasure":
        if not _reference(self.smiles, self.fingerprint).counts:
            raise ValueError(
                f"{self.smiles!r} has no features of the kind {self.fingerprint}, so nothing is "
                "like it; take another fingerprint or molecule"
            )
        return self

    def label(self) -> str:
        return "similarity"

    def usual_curve(self) -> AnyCurve | None:
        return _AS_IT_IS

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        reference = _reference(self.smiles, self.fingerprint)
        others = [fingerprint(molecule, self.fingerprint) for molecule in molecules]
        return Readings(tanimoto_to(reference, others))


class SmartsMeasure(Settings):
    """1 where a substructure is as it is wanted, else 0; or how often it occurs."""

    kind: Literal["smarts"] = "smarts"
    smarts: Annotated[str, _read_by(Pattern.parse)]
    wanted: Literal["present", "absent", "count"] = "present"
    """`count` gives the number of occurrences, which needs a curve."""

    def label(self) -> str:
        return "smarts"

    def usual_curve(self) -> AnyCurve | None:
        return None if self.wanted == "count" else _AS_IT_IS

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        pattern = _pattern(self.smarts)
        if self.wanted == "count":
            return read_each(molecules, lambda one: float(occurrences(one, pattern)))
        wanted = self.wanted == "present"
        return read_each(molecules, lambda one: float(one.contains(pattern) is wanted))


class FormulaMeasure(Settings):
    """How near the molecule is to being an isomer, from 0 to 1 (Brown et al. 2019)."""

    kind: Literal["formula"] = "formula"
    formula: Annotated[str, _read_by(Formula.parse)]
    """Hydrogens included, such as C9H8O4."""

    def label(self) -> str:
        return "formula"

    def usual_curve(self) -> AnyCurve | None:
        return _AS_IT_IS

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        formula = Formula.parse(self.formula)
        return read_each(molecules, lambda one: likeness_to_formula(one, formula))


class AlertsMeasure(Settings):
    """How many structural alerts of a catalogue match; without a curve any alert gives 0."""

    kind: Literal["alerts"] = "alerts"
    catalogue: Catalogue = Catalogue.PAINS

    def label(self) -> str:
        return f"{self.catalogue}_alerts"

    def usual_curve(self) -> AnyCurve | None:
        return Step(high=0)

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        return read_each(molecules, lambda one: float(len(alerts(one, self.catalogue))))


@lru_cache(maxsize=64)
def _reference(smiles: str, kind: FingerprintKind) -> Fingerprint:
    return fingerprint(Molecule.parse(smiles), kind)


@lru_cache(maxsize=64)
def _pattern(smarts: str) -> Pattern:
    return Pattern.parse(smarts)
