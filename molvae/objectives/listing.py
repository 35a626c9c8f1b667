"""List of the settings that an objective file may contain, generated from their classes."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, get_args, get_origin

from pydantic import JsonValue

from molvae.chem.properties import PROPERTIES
from molvae.objectives.components import MEASURES, ComponentConfig, ConstraintConfig
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.desirability import CURVES
from molvae.objectives.suites import named_objectives
from molvae.settings import Settings

_NOT_LISTED = frozenset({"kind", "measure", "component", "constraint", "trusted"})

Listing = Mapping[str, Mapping[str, JsonValue]]


def listing() -> Listing:
    """The settings that an objective file may contain, by section and name, as JSON."""
    return MappingProxyType(
        {
            "file": _settings(ObjectiveConfig),
            "components": {kind: _about(measure) for kind, measure in MEASURES.items()},
            "every component": _settings(ComponentConfig),
            "constraints": _settings(ConstraintConfig),
            "curves": {kind: _about(curve) for kind, curve in CURVES.items()},
            "properties": {
                name: "; ".join(filter(None, (entry.unit, entry.source)))
                for name, entry in PROPERTIES.items()
            },
            "objectives": dict(named_objectives()),
        }
    )


def listing_text() -> str:
    """The listing as text."""
    sections = listing()
    lines: list[str] = []
    for title, heading in _HEADINGS.items():
        lines += ["", f"{heading}"]
        for name, about in sections[title].items():
            lines += _lines(name, about)
    return "\n".join(lines[1:])


_HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        "file": "At the top of a file",
        "components": 'Components, by kind (kind = "smarts"; default: property): a '
        "[[component]] or [[constraint]] table has",
        "every component": "In addition, every [[component]] has",
        "constraints": "In addition, every [[constraint]] has",
        "curves": "Curves, by kind: the table desirability of a component has",
        "properties": "Properties, for property and where",
        "objectives": "Named objectives, usable instead of a file",
    }
)


def _lines(name: str, about: JsonValue) -> list[str]:
    if not isinstance(about, dict):
        return [f"  {name:<30} {about}"]
    settings = about["settings"]
    lines = [f"  {name:<30} {about['about']}"]
    if isinstance(settings, dict):
        lines += [f"    {key:<28} {text}" for key, text in settings.items()]
    return lines


def _about(settings: type[Settings]) -> dict[str, JsonValue]:
    about = (settings.__doc__ or "").partition("\n")[0]
    return {"about": about, "settings": _settings(settings)}


def _settings(settings: type[Settings]) -> dict[str, JsonValue]:
    listed: dict[str, JsonValue] = {}
    for name, field in settings.model_fields.items():
        if name in _NOT_LISTED:
            continue
        default = "none" if field.default in (None, ()) else str(field.default)
        if field.is_required():
            default = "required"
        kind = field.annotation
        # The values of a setting that has a fixed list of them.
        values = get_args(kind) if get_origin(kind) is Literal else ()
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            values = tuple(kind)
        further = [str(value) for value in values if str(value) != default]
        choices = f"or {', '.join(further)}" if further else ""
        about = " ".join((field.description or "").split())
        listed[name] = "; ".join(filter(None, (default, choices, about)))
    return listed
