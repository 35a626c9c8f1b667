"""Components and constraints of an objective: a measure, and the values to aim for."""

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
from molvae.objectives.chemprop_model import ChempropMeasure
from molvae.objectives.desirability import AnyCurve, Desirability, parse_curve
from molvae.objectives.docking import DockingMeasure
from molvae.objectives.function import FunctionMeasure
from molvae.objectives.learned import ModelMeasure
from molvae.objectives.measure import Foreign
from molvae.objectives.program import ProgramMeasure
from molvae.objectives.rest import RestMeasure
from molvae.settings import Settings, suggestion

AnyMeasure = Annotated[
    PropertyMeasure
    | SimilarityMeasure
    | SmartsMeasure
    | FormulaMeasure
    | AlertsMeasure
    | ModelMeasure
    | FunctionMeasure
    | ProgramMeasure
    | RestMeasure
    | ChempropMeasure
    | DockingMeasure,
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
    RestMeasure,
    ChempropMeasure,
    DockingMeasure,
)

MEASURES: Mapping[str, type[Settings]] = MappingProxyType(
    {str(measure.model_fields["kind"].default): measure for measure in _KINDS}
)
"""Settings class of each measure, by its `kind` in a file."""

RESERVED_NAMES = frozenset({"smiles", "row", "score", "call", "source", "similarity_to_lead"})
"""Names of the other columns in tables of scores."""

Name = Annotated[
    str, Field(pattern=r"^[^\s,\"\x00-\x1f\x7f](?:[^\x00-\x1f\x7f,\"]*[^\s,\"\x00-\x1f\x7f])?$")
]


class ComponentConfig(Settings):
    """A measure, a curve that turns its values into desirabilities, and a weight in the score."""

    measure: AnyMeasure
    name: Name | None = None
    """Unique name; defaults to the property or the kind of measure."""
    weight: Annotated[float, Field(gt=0.0, le=1e9)] = 1.0
    """Weight relative to the other components."""
    desirability: Desirability | None = None
    """Curve from values to [0, 1]. Default: the measure's usual curve, or the value itself."""

    @property
    def label(self) -> str:
        return self.name or self.measure.label()

    @property
    def curve(self) -> AnyCurve | None:
        return self.desirability or self.measure.usual_curve()


_DECISIVE = (SmartsMeasure, AlertsMeasure, FormulaMeasure)
"""Measures whose default curve decides whether a molecule meets the constraint."""


class ConstraintConfig(Settings):
    """A measure with bounds; a molecule outside them has no score."""

    measure: AnyMeasure
    name: Name | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    """Upper bound, inclusive like `low`. Without bounds, a pattern must match as wanted, no alert
    may match, and a formula must be equal."""

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
            raise ValueError("low must not be greater than high")
        return self

    def allows(self, values: Float64[np.ndarray, " molecule"]) -> Bool[np.ndarray, " molecule"]:
        """Whether each value lies within the bounds; False for NaN."""
        curve = self.measure.usual_curve()
        if (self.low, self.high) == (None, None) and curve is not None:
            return np.asarray(curve(values) == 1.0)
        low = -inf if self.low is None else self.low
        high = inf if self.high is None else self.high
        return np.asarray((values >= low) & (values <= high))


Item = TypeVar("Item", ComponentConfig, ConstraintConfig)


# Any: the table holds values from a file; the settings classes check them.
def read_item(item: type[Item], table: Any, source: str) -> Item:
    """The component or constraint in a table, which also holds the settings of its measure.

    Raises:
        ConfigError: the table has a mistake; the message begins with `source`.
    """
    if isinstance(table, item):
        return table
    if not isinstance(table, Mapping):
        raise ConfigError(f"{source}: expected a table, got {table!r}")
    values = dict(table)
    curve = values.get("desirability")
    if isinstance(curve, Mapping):
        values["desirability"] = parse_curve(curve, f"{source}, desirability")
    if "measure" not in values:
        values = _with_measure(item, values, source)
    read = item.parse(values, source)
    if read.label in RESERVED_NAMES:
        raise ConfigError(
            f"{source}: {read.label!r} is a reserved column name; choose another 'name'"
        )
    return read


def foreign_measures(items: tuple[Item, ...]) -> list[Foreign]:
    """The measures that run external code or models."""
    return [item.measure for item in items if isinstance(item.measure, Foreign)]


def identity(item: ComponentConfig | ConstraintConfig) -> dict[str, JsonValue]:
    """Values that identify a component or constraint."""
    described: dict[str, JsonValue] = item.model_dump(mode="json")
    if isinstance(item.measure, Foreign):
        described["measure"] = item.measure.identity()
    return described


def within(item: Item, folder: Path) -> Item:
    """A copy whose relative paths start from a folder."""
    if not isinstance(item.measure, Foreign):
        return item
    return item.model_copy(update={"measure": item.measure.within(folder)})


def trusting(item: Item, types: tuple[str, ...]) -> Item:
    """A copy whose model file, if any, may contain these additional types."""
    if not isinstance(item.measure, ModelMeasure):
        return item
    return item.model_copy(update={"measure": item.measure.trusting(types)})


def _with_measure(item: type[Settings], values: dict[str, Any], source: str) -> dict[str, Any]:
    """The values, with the settings of the measure moved to a nested table."""
    kind = str(values.get("kind", "property"))
    if kind not in MEASURES:
        raise ConfigError(f"{source}: unknown kind {kind!r}{suggestion(kind, list(MEASURES))}")
    own, inner = set(item.model_fields) - {"measure"}, set(MEASURES[kind].model_fields)
    known = sorted((own | inner) - {"folder", "trusted"})
    problems = []
    for key in sorted(values.keys() - own - inner):
        is_kind = key in MEASURES
        hint = f'; did you mean kind = "{key}"?' if is_kind else suggestion(key, known)
        problems.append(f"unknown setting {key!r}{hint}")
    if problems:
        raise ConfigError(f"{source}: {'; '.join(problems)}")
    measure = MEASURES[kind].parse({k: v for k, v in values.items() if k in inner}, source)
    return {**{k: v for k, v in values.items() if k in own}, "measure": measure}
