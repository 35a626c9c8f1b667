"""ObjectiveConfig: the settings in an objective file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, JsonValue, field_validator, model_validator

from molvae.chem.conditions import Conditions
from molvae.errors import ConfigError
from molvae.objectives.aggregation import Aggregation
from molvae.objectives.chemical import PropertyMeasure
from molvae.objectives.components import (
    AnyMeasure,
    ComponentConfig,
    ConstraintConfig,
    Item,
    foreign_measures,
    identity,
    read_item,
    trusting,
    within,
)
from molvae.settings import Settings, read_toml


class ObjectiveConfig(Settings):
    """Components that are aggregated into a score, and constraints."""

    name: str = Field(min_length=1)
    aggregation: Aggregation = Aggregation.GEOMETRIC
    """Weighted mean: geometric (a component at 0 makes the score 0) or arithmetic."""
    where: str | None = None
    """Conditions such as "heavy_atoms <= 38"; a molecule that breaks one has no score."""
    component: tuple[ComponentConfig, ...] = Field(min_length=1)
    constraint: tuple[ConstraintConfig, ...] = ()
    """Constraints that `where` cannot express; a molecule that breaks one has no score."""

    @field_validator("where")
    @classmethod
    def _is_readable(cls, where: str | None) -> str | None:
        try:
            return where if where is None else Conditions.parse(where).text
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _tables_are_consistent(self) -> "ObjectiveConfig":
        labels = [component.label for component in self.component]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(
                f"{', '.join(twice)} occurs more than once; give each component a 'name'"
            )
        measures = self.measures()
        columns = {f"{component.label}_desirability" for component in self.component}
        doubled = sorted(measures.keys() & columns)
        if doubled:
            raise ValueError(
                f"{', '.join(doubled)} is the name of a desirability column; choose another 'name'"
            )
        raw = [component.label for component in self.component if component.curve is None]
        if raw and len(labels) > 1:
            raise ValueError(
                f"no desirability for {', '.join(raw)}; averaging several components "
                "requires one for each"
            )
        for label, measure in self._labels():
            if measures[label] != measure:
                raise ValueError(f"the name {label!r} is used twice; change one 'name'")
        return self

    @classmethod
    def load(cls, path: Path) -> "ObjectiveConfig":
        """The objective in a TOML file, whose relative paths start from the file's folder.

        Raises:
            ConfigError: the file does not exist, is not TOML, or has mistakes; all are listed.
        """
        tables = read_toml(path)
        _refuse_trust(tables, str(path))
        return cls.parse_tables(tables, str(path)).within(path.parent)

    # Any: the tables hold values from a file; the settings classes check them.
    @classmethod
    def parse_tables(
        cls, tables: Mapping[str, Any], source: str = "objective"
    ) -> "ObjectiveConfig":
        """The objective in the tables of a file; errors name the table."""
        components, problems = _read(ComponentConfig, tables.get("component"), source, "component")
        constraints: list[ConstraintConfig] = []
        if listed := tables.get("constraint"):
            constraints, further = _read(ConstraintConfig, listed, source, "constraint")
            problems += further
        # The placeholder lets the other settings be checked when no component could be read.
        stand_in = ComponentConfig(measure=PropertyMeasure(property="qed"))
        items = {"component": components or [stand_in], "constraint": constraints}
        try:
            config = cls.parse({**tables, **items}, source)
        except ConfigError as error:
            raise ConfigError("; ".join([str(error), *problems])) from None
        if problems:
            raise ConfigError("; ".join(problems))
        return config

    def within(self, folder: Path) -> "ObjectiveConfig":
        """A copy whose relative paths start from this folder."""
        return self.model_copy(
            update={
                "component": tuple(within(item, folder) for item in self.component),
                "constraint": tuple(within(item, folder) for item in self.constraint),
            }
        )

    def trusting(self, types: tuple[str, ...]) -> "ObjectiveConfig":
        """A copy whose model files may contain these types besides those that skops trusts."""
        return self.model_copy(
            update={
                "component": tuple(trusting(item, types) for item in self.component),
                "constraint": tuple(trusting(item, types) for item in self.constraint),
            }
        )

    def measures(self) -> dict[str, AnyMeasure]:
        """The measures of components, conditions and constraints, by name."""
        measures: dict[str, AnyMeasure] = {}
        for label, measure in self._labels():
            measures.setdefault(label, measure)
        return measures

    def check(self) -> None:
        """Check that the files, functions and programs that the settings name exist.

        Raises:
            ConfigError: any of them is missing or cannot be used.
            MissingExtraError: an optional dependency is not installed.
        """
        for measure in [*foreign_measures(self.component), *foreign_measures(self.constraint)]:
            measure.check()

    def identity(self) -> dict[str, JsonValue]:
        """Values that identify the objective."""
        described: dict[str, JsonValue] = self.model_dump(mode="json")
        described["component"] = [identity(item) for item in self.component]
        described["constraint"] = [identity(item) for item in self.constraint]
        return described

    def _labels(self) -> list[tuple[str, AnyMeasure]]:
        names = Conditions.parse(self.where).names if self.where else ()
        return [
            *((item.label, item.measure) for item in self.component),
            *((name, PropertyMeasure(property=name)) for name in names),
            *((item.label, item.measure) for item in self.constraint),
        ]


def _refuse_trust(tables: Mapping[str, Any], source: str) -> None:
    """Refuse a file that declares types safe: its author may also be the author of the model.

    Raises:
        ConfigError: a table has a key `trusted`.
    """
    listed = [tables.get("component"), tables.get("constraint")]
    rows = [row for rows in listed if isinstance(rows, list) for row in rows]
    if any(isinstance(row, Mapping) and "trusted" in row for row in rows):
        raise ConfigError(
            f"{source}: 'trusted' is not allowed in a file; remove it and, if you trust the "
            "model, pass these types as `trusted` yourself"
        )


def _read(item: type[Item], tables: Any, source: str, word: str) -> tuple[list[Item], list[str]]:
    """The components or constraints that can be read, and the mistakes in the others."""
    if not isinstance(tables, list | tuple) or not tables:
        return [], [f"{source}: expected at least one [[{word}]] table"]
    items, problems = [], []
    for number, table in enumerate(tables, start=1):
        try:
            items.append(read_item(item, table, f"{source}, {word} {number}"))
        except ConfigError as error:
            problems.append(str(error))
    return items, problems
