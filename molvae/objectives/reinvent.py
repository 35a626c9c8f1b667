"""Import the scoring function in a configuration file of REINVENT 4 as an objective."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molvae.errors import ConfigError
from molvae.objectives.components import (
    RESERVED_NAMES,
    ComponentConfig,
    ConstraintConfig,
    read_item,
)
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.reinvent_components import Table, alert_patterns, import_component
from molvae.objectives.reinvent_transforms import import_transform
from molvae.settings import read_toml

_AGGREGATIONS = {
    "geometricmean": "geometric",
    "customproduct": "geometric",
    "arithmeticmean": "arithmetic",
    "customsum": "arithmetic",
}
_PENALTIES = frozenset({"matchingsubstructure"})
"""Components that multiply REINVENT's total score."""


@dataclass(frozen=True)
class ReinventImport:
    """An objective from a file of REINVENT, and what differs from it."""

    text: str
    """The objective as a TOML file, which begins with the notes."""
    missing: tuple[str, ...]
    """Components without an equivalent, each with the reason."""
    notes: tuple[str, ...]
    """Components that score somewhat differently."""


@dataclass
class _Draft:
    components: list[dict[str, Any]] = field(default_factory=list)
    penalties: list[dict[str, Any]] = field(default_factory=list)
    constraints: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_reinvent(path: Path) -> ReinventImport:
    """The objective for a TOML or JSON file of REINVENT 4, for scoring or staged learning.

    Raises:
        ConfigError: the file cannot be read, has no scoring components, or none that can be
            imported.
    """
    draft = _Draft()
    scoring = _scoring(_read(path), path, draft)
    for kind, endpoint in _endpoints(scoring, path):
        name = _label(str(endpoint.get("name") or kind), draft)
        try:
            _add(_plain(kind), endpoint, name, draft)
        except ConfigError as error:
            draft.missing.append(f"{kind} ({name}): {error}")
    aggregation = _aggregation(scoring, draft)
    _weigh_penalties(draft, aggregation)
    if not draft.components:
        raise ConfigError(
            f"no component of {str(path)!r} can be imported: {'; '.join(draft.missing)}"
        )
    tables = {
        "name": path.stem,
        "aggregation": aggregation,
        "component": draft.components,
        "constraint": draft.constraints,
    }
    ObjectiveConfig.parse_tables(tables, str(path))
    text = _toml(tables, path.name, draft)
    return ReinventImport(text, tuple(draft.missing), tuple(draft.notes))


# Any: the contents of a file, here and below.
def _read(path: Path) -> Mapping[str, Any]:
    if path.suffix.lower() != ".json":
        return read_toml(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(path)!r} is not a readable JSON file: {error}") from None
    if not isinstance(content, Mapping):
        raise ConfigError(f"{str(path)!r} holds no table")
    return content


def _scoring(content: Mapping[str, Any], path: Path, draft: _Draft) -> Mapping[str, Any]:
    """The table with the components: of the file, of its scoring section or of its last stage."""
    scoring: Any = content
    if isinstance(stages := content.get("stage"), list) and stages:
        scoring = stages[-1].get("scoring") if isinstance(stages[-1], Mapping) else None
        if len(stages) > 1:
            draft.notes.append(f"the file has {len(stages)} stages; this is the last")
    elif "scoring" in content:
        scoring = content["scoring"]
    if not isinstance(scoring, Mapping):
        raise ConfigError(f"{str(path)!r} has no scoring section")
    if isinstance(file := scoring.get("filename"), str) and not scoring.get("component"):
        raise ConfigError(f"the components of {str(path)!r} are in {file!r}; import that file")
    return scoring


def _endpoints(scoring: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Kind and settings of each endpoint, with the parameters of its component."""
    components = scoring.get("component")
    if not isinstance(components, list) or not components:
        raise ConfigError(f"{str(path)!r} has no scoring components of REINVENT 4")
    for component in components:
        kind, settings = next(iter(component.items()), ("", None)) if component else ("", None)
        endpoints = settings.get("endpoint") if isinstance(settings, Mapping) else None
        if not isinstance(settings, Mapping) or not isinstance(endpoints, list):
            raise ConfigError(f"{str(path)!r}: the component {kind!r} has no endpoint")
        for endpoint in endpoints:
            shared = {"params": settings.get("params", {}), "name": settings.get("name")}
            parameters = {**shared["params"], **endpoint.get("params", {})}
            yield kind, {**shared, **endpoint, "params": parameters}


def _add(kind: str, endpoint: Mapping[str, Any], name: str, draft: _Draft) -> None:
    """Add the component or the constraints of an endpoint to the draft.

    Raises:
        ConfigError: it has no equivalent.
    """
    if kind == "customalerts":
        for number, smarts in enumerate(alert_patterns(endpoint["params"]), start=1):
            alert = {"kind": "smarts", "smarts": smarts, "wanted": "absent"}
            alert["name"] = _label(f"{name} {number}", draft)
            read_item(ConstraintConfig, alert, alert["name"])
            draft.constraints.append(alert)
        return
    weight = endpoint.get("weight", 1.0)
    if not weight:
        raise ConfigError("its weight is 0")
    measure = import_component(kind, endpoint["params"])
    curve: Table | None = measure.curve
    notes = [measure.note]
    if transform := endpoint.get("transform"):
        imported = import_transform(transform)
        curve = imported.table
        notes.append(imported.note)
    elif measure.needs_transform:
        raise ConfigError("it has no transform, so its values are no desirabilities")
    table = {**measure.table, "name": name, "weight": weight}
    if curve is not None:
        table["desirability"] = dict(curve)
    read_item(ComponentConfig, table, name)
    draft.notes += [f"{name}: {note}" for note in notes if note]
    (draft.penalties if kind in _PENALTIES else draft.components).append(table)


def _weigh_penalties(draft: _Draft, aggregation: str) -> None:
    """Give each penalty the weight of all components together.

    A geometric mean of the score S and P penalties of that weight is (S p1 p2 ...)^(1 / (1 + P)):
    it ranks molecules as REINVENT's product does.
    """
    total = sum(component["weight"] for component in draft.components)
    for penalty in draft.penalties:
        penalty["weight"] = total or penalty["weight"]
        effect = (
            "the ranking is that of REINVENT's product, the score its root"
            if aggregation == "geometric"
            else "it is averaged, while REINVENT multiplies the score by it"
        )
        draft.notes.append(f"{penalty['name']}: {effect}")
    draft.components += draft.penalties


def _aggregation(scoring: Mapping[str, Any], draft: _Draft) -> str:
    kind = scoring.get("type")
    if kind is None:
        draft.notes.append("the file names no aggregation; the geometric mean is used")
        return "geometric"
    if _plain(str(kind)) not in _AGGREGATIONS:
        raise ConfigError(f"the aggregation {str(kind)!r} has no equivalent")
    return _AGGREGATIONS[_plain(str(kind))]


def _label(name: str, draft: _Draft) -> str:
    """A name that may be a column: without commas and quotes, and not used yet."""
    cleaned = " ".join(re.sub(r'[,"\n\r]', " ", name).split()) or "component"
    tables = (*draft.components, *draft.penalties, *draft.constraints)
    taken = {str(table["name"]) for table in tables} | RESERVED_NAMES
    numbers = (f"{cleaned} {number}" for number in range(2, len(taken) + 3))
    return next(label for label in (cleaned, *numbers) if label not in taken)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _toml(tables: Mapping[str, Any], source: str, draft: _Draft) -> str:
    lines = [f"# Imported from {source} of REINVENT 4."]
    lines += [f"# Not imported: {line}" for line in draft.missing]
    lines += [f"# Differs: {line}" for line in draft.notes]
    lines += ["", *(f"{key} = {_value(tables[key])}" for key in ("name", "aggregation"))]
    for section in ("component", "constraint"):
        for table in tables[section]:
            lines += ["", f"[[{section}]]"]
            lines += [f"{key} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(inner)}' for key, inner in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)
