"""Components and constraints of an objective: a measure, and what is wanted of its values."""

from collections.abc import Mapping
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float64
from pydantic import Field, FiniteFloat, JsonValue, model_validator

from molvae.errors import ConfigError
from molvae.objectives.chemical import (
    AlertsMeasure,
    FormulaMeasure,
    PropertyMeasure,
    SimilarityMeasure,
    SmartsMeasure,
)
from molvae.objectives.desirability import AnyCurve, Desirability, parse_curve
from molvae.objectives.function import FunctionMeasure
from molvae.objectives.learned import ModelMeasure
from molvae.objectives.measure import Foreign
from molvae.objectives.program import ProgramMeasure
from molvae.settings import Settings, suggestion

AnyMeasure = Annotated[
    PropertyMeasure
    | SimilarityMeasure
    | SmartsMeasure
    | FormulaMeasure
    | AlertsMeasure
    | ModelMeasure
    | FunctionMeasure
    | ProgramMeasure,
    Field(discriminator="kind"),
]

_KINDS: tuple[type[Settings], ...] = (
    PropertyMeasure,
    SimilarityMeasure,
    SmartsMeasure,
    FormulaMeasure,
    AlertsMeasure,
    ModelMeasure,
    FunctionMeasure,
    ProgramMeasure,
)

MEASURES: Mapping[str, type[Settings]] = MappingProxyType(
    {str(measure.model_fields["kind"].default): measure for measure in _KINDS}
)
"""Each measure's settings by the name that a file gives as its `kind`."""

_TAKEN = frozenset({"smiles", "row", "score", "call", "source", "similarity_to_lead"})
"""Columns that tables of scores have."""

Name = Annotated[str, Field(pattern=r"^[^\s,\"](?:[^\n\r,\"]*[^\s,\"])?$")]


class ComponentConfig(Settings):
    """A measure, how welcome its values are, and how much that counts."""

    measure: AnyMeasure
    name: Name | None = None
    """Told apart by it; without one, the kind of measure or the property's name."""
    weight: Annotated[float, Field(gt=0.0, le=1e9)] = 1.0
    """Relative to the other components' weights."""
    desirability: Desirability | None = None
    """None: what the measure takes for usual; where it has nothing, the value is the score."""

    @property
    def label(self) -> str:
        return self.name or self.measure.label()

    @property
    def curve(self) -> AnyCurve | None:
        return self.desirability or self.measure.usual_curve()


_DECISIVE = (SmartsMeasure, AlertsMeasure, FormulaMeasure)
"""Measures that say by themselves whether a molecule is as it should be."""


class ConstraintConfig(Settings):
    """A measure whose values must lie within bounds, or the molecule has no score."""

    measure: AnyMeasure
    name: Name | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    """Both bounds are included. With neither, a pattern must be as wanted, alerts be none, and a
    formula be met."""

    @property
    def label(self) -> str:
        return self.name or self.measure.label()

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> "ConstraintConfig":
        has_bounds = (self.low, self.high) != (None, None)
        is_decisive = isinstance(self.measure, _DECISIVE) and self.measure.usual_curve() is not None
        if not has_bounds and not is_decisive:
            raise ValueError("give low, high or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low must not lie above high")
        return self

    def allows(self, values: Float64[np.ndarray, " molecule"]) -> Bool[np.ndarray, " molecule"]:
        """Whether each value lies within the bounds; NaN does not."""
        curve = self.measure.usual_curve()
        if (self.low, self.high) == (None, None) and curve is not None:
            return np.asarray(curve(values) == 1.0)
        low = -inf if self.low is None else self.low
        high = inf if self.high is None else self.high
        return np.asarray((values >= low) & (values <= high))


Part = TypeVar("Part", ComponentConfig, ConstraintConfig)


# Any: the table holds whatever stood in the file; the settings classes check it.
def read_part(part: type[Part], table: Any, source: str) -> Part:
    """The component or constraint of a table in which the measure's settings stand among its own.

    Raises:
        ConfigError: a mistake in it, by the name that `source` gives to the place.
    """
    if isinstance(table, part):
        return table
    if not isinstance(table, Mapping):
        raise ConfigError(f"{source}: expected a table, got {table!r}")
    values = dict(table)
    curve = values.get("desirability")
    if isinstance(curve, Mapping):
        values["desirability"] = parse_curve(curve, f"{source}, desirability")
    if "measure" not in values:
        values = _with_measure(part, values, source)
    read = part.parse(values, source)
    if read.label in _TAKEN:
        raise ConfigError(f"{source}: {read.label!r} is a column of the tables; choose a 'name'")
    return read


def foreign_measures(parts: tuple[Part, ...]) -> list[Foreign]:
    """The measures that are somebody else's code or model."""
    return [part.measure for part in parts if isinstance(part.measure, Foreign)]


def identity(part: ComponentConfig | ConstraintConfig) -> dict[str, JsonValue]:
    """All that tells a component or constraint from another."""
    described: dict[str, JsonValue] = part.model_dump(mode="json")
    if isinstance(part.measure, Foreign):
        described["measure"] = part.measure.identity()
    return described


def placed(part: Part, folder: Path) -> Part:
    """The same, relative paths in it starting from a folder."""
    if not isinstance(part.measure, Foreign):
        return part
    return part.model_copy(update={"measure": part.measure.within(folder)})


def _meant(key: str, known: list[str]) -> str:
    return f'; did you mean kind = "{key}"?' if key in MEASURES else suggestion(key, known)


def _with_measure(part: type[Settings], values: dict[str, Any], source: str) -> dict[str, Any]:
    """The values with those of the measure in a table of their own."""
    kind = str(values.get("kind", "property"))
    if kind not in MEASURES:
        raise ConfigError(f"{source}: unknown kind {kind!r}{suggestion(kind, list(MEASURES))}")
    own, inner = set(part.model_fields) - {"measure"}, set(MEASURES[kind].model_fields)
    known = sorted((own | inner) - {"folder"})
    unknown = [
        f"unknown setting {key!r}{_meant(key, known)}" for key in values.keys() - own - inner
    ]
    if unknown:
        raise ConfigError(f"{source}: {'; '.join(sorted(unknown))}")
    measure = MEASURES[kind].parse({k: v for k, v in values.items() if k in inner}, source)
    return {**{k: v for k, v in values.items() if k in own}, "measure": measure}
