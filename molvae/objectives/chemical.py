"""Measures that RDKit computes: properties, similarity, patterns, formulae, alerts."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from molvae.chem.alerts import alerts
from molvae.chem.catalogues import Catalogue
from molvae.chem.formula import Formula, likeness_to_formula, occurrences
from molvae.chem.molecule import Molecule, Pattern
from molvae.chem.properties import find_property, property_values
from molvae.chem.similarity import Fingerprint, FingerprintKind, fingerprint, tanimoto_to
from molvae.errors import ConfigError, MoleculeError
from molvae.objectives.desirability import AnyCurve, Linear, Step
from molvae.objectives.measure import Readings, read_each
from molvae.settings import Settings

_IDENTITY = Linear(low=0, high=1)
"""Curve that uses values in [0, 1] as desirabilities."""
_parse_pattern = lru_cache(maxsize=64)(Pattern.parse)


def _readable_by(parse: Callable[[str], object]) -> AfterValidator:
    """A validator that calls `parse` on the text; pydantic collects only ValueErrors."""

    def check(text: str) -> str:
        try:
            parse(text)
        except (ConfigError, MoleculeError) as error:
            raise ValueError(str(error)) from None
        return text

    return AfterValidator(check)


class PropertyMeasure(Settings):
    """A property of the molecule, in its unit."""

    kind: Literal["property"] = "property"
    property: Annotated[str, _readable_by(find_property)]
    """Name of a property that `molvae objectives` lists."""

    def label(self) -> str:
        return self.property

    def usual_curve(self) -> AnyCurve | None:
        return None

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        name = self.property
        return read_each(molecules, lambda molecule: property_values(molecule, (name,))[name])


class SimilarityMeasure(Settings):
    """Tanimoto similarity to a reference molecule, from 0 to 1."""

    kind: Literal["similarity"] = "similarity"
    smiles: Annotated[str, _readable_by(Molecule.parse)]
    """Reference molecule."""
    fingerprint: FingerprintKind = FingerprintKind.ECFP4
    """Kind of fingerprint; unfolded feature counts are compared."""

    @model_validator(mode="after")
    def _has_features(self) -> "SimilarityMeasure":
        if not _reference(self.smiles, self.fingerprint).counts:
            raise ValueError(
                f"{self.smiles!r} has no {self.fingerprint} features, so nothing is similar "
                "to it; use another fingerprint or molecule"
            )
        return self

    def label(self) -> str:
        return "similarity"

    def usual_curve(self) -> AnyCurve | None:
        return _IDENTITY

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        reference = _reference(self.smiles, self.fingerprint)
        fingerprints = [fingerprint(molecule, self.fingerprint) for molecule in molecules]
        return Readings(tanimoto_to(reference, fingerprints))


class SmartsMeasure(Settings):
    """1 if a substructure is present (or absent) and 0 otherwise, or its number of occurrences."""

    kind: Literal["smarts"] = "smarts"
    smarts: Annotated[str, _readable_by(Pattern.parse)]
    wanted: Literal["present", "absent", "count"] = "present"
    """`count` is the number of occurrences, which needs a desirability curve."""

    def label(self) -> str:
        return "smarts"

    def usual_curve(self) -> AnyCurve | None:
        return None if self.wanted == "count" else _IDENTITY

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        pattern = _parse_pattern(self.smarts)
        if self.wanted == "count":
            return read_each(molecules, lambda molecule: float(occurrences(molecule, pattern)))
        is_present = self.wanted == "present"
        return read_each(
            molecules, lambda molecule: float(molecule.contains(pattern) is is_present)
        )


class FormulaMeasure(Settings):
    """Similarity of the molecular formula to a given one, from 0 to 1 (Brown et al. 2019)."""

    kind: Literal["formula"] = "formula"
    formula: Annotated[str, _readable_by(Formula.parse)]
    """Molecular formula with hydrogens, such as C9H8O4."""

    def label(self) -> str:
        return "formula"

    def usual_curve(self) -> AnyCurve | None:
        return _IDENTITY

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        formula = Formula.parse(self.formula)
        return read_each(molecules, lambda molecule: likeness_to_formula(molecule, formula))


class AlertsMeasure(Settings):
    """Number of structural alerts of a catalogue; without a curve, any alert gives 0."""

    kind: Literal["alerts"] = "alerts"
    catalogue: Catalogue = Catalogue.PAINS

    def label(self) -> str:
        return f"{self.catalogue}_alerts"

    def usual_curve(self) -> AnyCurve | None:
        return Step(high=0)

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        return read_each(molecules, lambda molecule: float(len(alerts(molecule, self.catalogue))))


@lru_cache(maxsize=64)
def _reference(smiles: str, kind: FingerprintKind) -> Fingerprint:
    return fingerprint(Molecule.parse(smiles), kind)
