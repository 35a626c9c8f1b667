"""Objective files: TOML -> ObjectiveConfig -> the objective."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveFloat, field_validator, model_validator

from molvae.chem.conditions import Conditions
from molvae.chem.properties import find_property
from molvae.errors import ConfigError
from molvae.objectives.aggregation import Aggregation
from molvae.objectives.desirability import Desirability, parse_curve
from molvae.settings import Settings, read_toml


class ComponentConfig(Settings):
    """One property, how welcome its values are, and how much that counts."""

    property: str
    weight: PositiveFloat = 1.0
    """Relative to the other components' weights."""
    desirability: Desirability | None = None
    """None, allowed for a single component only: the property itself is the score."""

    @field_validator("property")
    @classmethod
    def _is_known(cls, name: str) -> str:
        return _valid(name, find_property)


class ObjectiveConfig(Settings):
    """What is wanted of a molecule."""

    name: str = Field(min_length=1)
    aggregation: Aggregation = Aggregation.GEOMETRIC
    """A weighted mean: geometric (one hopeless component spoils the score) or arithmetic."""
    where: str | None = None
    """Conditions such as "heavy_atoms <= 38"; a molecule that breaks them scores NaN."""
    component: tuple[ComponentConfig, ...] = Field(min_length=1)

    @field_validator("where")
    @classmethod
    def _is_readable(cls, where: str | None) -> str | None:
        return None if where is None else _valid(where, Conditions.parse)

    @model_validator(mode="after")
    def _components_go_together(self) -> "ObjectiveConfig":
        names = [component.property for component in self.component]
        if len(set(names)) < len(names):
            raise ValueError("each property may be one component only")
        raw = [one.property for one in self.component if one.desirability is None]
        if raw and len(names) > 1:
            raise ValueError(
                f"no desirability for {', '.join(raw)}; several components can only be "
                "averaged when each has one"
            )
        return self

    @classmethod
    def load(cls, path: Path) -> "ObjectiveConfig":
        """The objective that a TOML file describes.

        Raises:
            ConfigError: no such file, not TOML, or mistakes in it, all told at once.
        """
        return cls.parse_tables(read_toml(path), str(path))

    # Any: the tables hold whatever stood in the file; the settings classes check it.
    @classmethod
    def parse_tables(
        cls, tables: Mapping[str, Any], source: str = "objective"
    ) -> "ObjectiveConfig":
        """The objective of a file's tables, each checked where its mistakes can be named."""
        components, problems = _read_components(tables.get("component"), source)
        # The stand-in lets the rest be checked when no component could be read.
        readable = components or [ComponentConfig(property="qed")]
        try:
            config = cls.parse({**tables, "component": readable}, source)
        except ConfigError as error:
            raise ConfigError("; ".join([str(error), *problems])) from None
        if problems:
            raise ConfigError("; ".join(problems))
        return config


def _read_components(tables: Any, source: str) -> tuple[list[ComponentConfig], list[str]]:
    """The components that can be read, and what is wrong with the others."""
    if not isinstance(tables, list | tuple) or not tables:
        return [], [f"{source}: expected at least one [[component]] table with a property"]
    components, problems = [], []
    for number, table in enumerate(tables, start=1):
        try:
            components.append(_read_component(table, f"{source}, component {number}"))
        except ConfigError as error:
            problems.append(str(error))
    return components, problems


def _read_component(table: Any, source: str) -> ComponentConfig:
    if isinstance(table, ComponentConfig):
        return table
    if not isinstance(table, Mapping):
        raise ConfigError(f"{source}: expected a table, got {table!r}")
    curve = table.get("desirability")
    if isinstance(curve, Mapping):
        table = {**table, "desirability": parse_curve(curve, f"{source}, desirability")}
    return ComponentConfig.parse(table, source)


def _valid(text: str, check: Callable[[str], object]) -> str:
    """The text, once `check` takes it; pydantic collects ValueErrors only."""
    try:
        check(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return text
