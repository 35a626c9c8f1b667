"""Objective files: TOML -> ObjectiveConfig -> the objective."""

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
    Part,
    foreign_measures,
    identity,
    placed,
    read_part,
)
from molvae.settings import Settings, read_toml


class ObjectiveConfig(Settings):
    """What is wanted of a molecule."""

    name: str = Field(min_length=1)
    aggregation: Aggregation = Aggregation.GEOMETRIC
    """A weighted mean: geometric (one hopeless component spoils the score) or arithmetic."""
    where: str | None = None
    """Conditions such as "heavy_atoms <= 38"; a molecule that breaks them scores NaN."""
    component: tuple[ComponentConfig, ...] = Field(min_length=1)
    constraint: tuple[ConstraintConfig, ...] = ()
    """What `where` cannot say; a molecule that breaks one scores NaN."""

    @field_validator("where")
    @classmethod
    def _is_readable(cls, where: str | None) -> str | None:
        try:
            return where if where is None else Conditions.parse(where).text
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _parts_go_together(self) -> "ObjectiveConfig":
        labels = [component.label for component in self.component]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} may be one component only; give each a 'name'")
        found = self.measures()
        doubled = sorted(found.keys() & {f"{one.label}_desirability" for one in self.component})
        if doubled:
            raise ValueError(
                f"{', '.join(doubled)} is the column of a component's desirability; "
                "choose another 'name'"
            )
        raw = [one.label for one in self.component if one.curve is None]
        if raw and len(labels) > 1:
            raise ValueError(
                f"no desirability for {', '.join(raw)}; several components can only be "
                "averaged when each has one"
            )
        for label, measure in self._labelled():
            if found[label] != measure:
                raise ValueError(f"two things are called {label!r}; give one of them a 'name'")
        return self

    @classmethod
    def load(cls, path: Path) -> "ObjectiveConfig":
        """The objective that a TOML file describes; relative paths in it start at its folder.

        Raises:
            ConfigError: no such file, not TOML, or mistakes in it, all told at once.
        """
        return cls.parse_tables(read_toml(path), str(path)).within(path.parent)

    # Any: the tables hold whatever stood in the file; the settings classes check it.
    @classmethod
    def parse_tables(
        cls, tables: Mapping[str, Any], source: str = "objective"
    ) -> "ObjectiveConfig":
        """The objective of a file's tables, each checked where its mistakes can be named."""
        components, problems = _read(ComponentConfig, tables.get("component"), source, "component")
        constraints: list[ConstraintConfig] = []
        if listed := tables.get("constraint"):
            constraints, others = _read(ConstraintConfig, listed, source, "constraint")
            problems += others
        # The stand-in lets the rest be checked when no component could be read.
        stand_in = ComponentConfig(measure=PropertyMeasure(property="qed"))
        parts = {"component": components or [stand_in], "constraint": constraints}
        try:
            config = cls.parse({**tables, **parts}, source)
        except ConfigError as error:
            raise ConfigError("; ".join([str(error), *problems])) from None
        if problems:
            raise ConfigError("; ".join(problems))
        return config

    def within(self, folder: Path) -> "ObjectiveConfig":
        """The same, with relative paths in it starting from this folder."""
        return self.model_copy(
            update={
                "component": tuple(placed(one, folder) for one in self.component),
                "constraint": tuple(placed(one, folder) for one in self.constraint),
            }
        )

    def measures(self) -> dict[str, AnyMeasure]:
        """All that is to be measured, by name: components, conditions, constraints."""
        found: dict[str, AnyMeasure] = {}
        for label, measure in self._labelled():
            found.setdefault(label, measure)
        return found

    def check(self) -> None:
        """Find what the settings alone do not show: files, functions and programs missing.

        Raises:
            ConfigError: one is not there or cannot be used.
            MissingExtraError: an optional dependency is not installed.
        """
        for measure in [*foreign_measures(self.component), *foreign_measures(self.constraint)]:
            measure.check()

    def identity(self) -> dict[str, JsonValue]:
        """All that tells this objective from another."""
        described: dict[str, JsonValue] = self.model_dump(mode="json")
        described["component"] = [identity(one) for one in self.component]
        described["constraint"] = [identity(one) for one in self.constraint]
        return described

    def _labelled(self) -> list[tuple[str, AnyMeasure]]:
        names = Conditions.parse(self.where).names if self.where else ()
        return [
            *((one.label, one.measure) for one in self.component),
            *((name, PropertyMeasure(property=name)) for name in names),
            *((one.label, one.measure) for one in self.constraint),
        ]


def _read(part: type[Part], tables: Any, source: str, word: str) -> tuple[list[Part], list[str]]:
    """The parts that can be read, and what is wrong with the others."""
    if not isinstance(tables, list | tuple) or not tables:
        return [], [f"{source}: expected at least one [[{word}]] table"]
    parts, problems = [], []
    for number, table in enumerate(tables, start=1):
        try:
            parts.append(read_part(part, table, f"{source}, {word} {number}"))
        except ConfigError as error:
            problems.append(str(error))
    return parts, problems
