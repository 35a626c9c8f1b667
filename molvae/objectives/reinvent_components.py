"""Scoring components of REINVENT 4 as components and constraints of an objective."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from molvae.errors import ConfigError

# Any: values from a file and for a file; the settings classes check them.
Table = Mapping[str, Any]


@dataclass(frozen=True)
class ImportedMeasure:
    """A measure as a table of an objective file."""

    table: Table
    curve: Table | None = None
    """Curve for values that have no transform; None if the measure's default is right."""
    note: str | None = None
    """Difference from the component of REINVENT, if there is one."""
    needs_transform: bool = False
    """Whether the values are no desirabilities without a transform."""


PROPERTIES: Mapping[str, str] = MappingProxyType(
    {
        "qed": "qed",
        "slogp": "logp",
        "molecularweight": "weight",
        "tpsa": "tpsa",
        "hbondacceptors": "hba",
        "hbonddonors": "hbd",
        "numrotbond": "rotatable_bonds",
        "csp3": "fraction_csp3",
        "numheavyatoms": "heavy_atoms",
        "numrings": "rings",
        "numaromaticrings": "aromatic_rings",
        "numatomstereocenters": "stereocenters",
        "largestringsize": "largest_ring",
        "sascore": "sa",
    }
)
"""Properties by REINVENT's names in lower case."""

_DESCRIPTORS: Mapping[str, str] = MappingProxyType(
    {
        "qed": "qed",
        "mollogp": "logp",
        "molwt": "weight",
        "tpsa": "tpsa",
        "numhacceptors": "hba",
        "numhdonors": "hbd",
        "numrotatablebonds": "rotatable_bonds",
        "fractioncsp3": "fraction_csp3",
        "heavyatomcount": "heavy_atoms",
        "ringcount": "rings",
        "numaromaticrings": "aromatic_rings",
        "bertzct": "bertz",
    }
)
"""Properties by RDKit's names in lower case."""

_ATOM_COUNTS: Mapping[str, str] = MappingProxyType(
    {"numheteroatoms": "[!#6;!#1]", "numsp": "[^1]", "numsp2": "[^2]", "numsp3": "[^3]"}
)
"""SMARTS of the atoms that components of REINVENT count."""

_SHARES = frozenset({"qed", "fraction_csp3"})
_SAME = MappingProxyType({"kind": "linear", "low": 0.0, "high": 1.0})
_PENALTY = MappingProxyType({"kind": "linear", "low": -1.0, "high": 1.0})
"""0.5 for a molecule without the substructure, 1 with it."""


def import_component(kind: str, parameters: Table) -> ImportedMeasure:
    """The measure for a component of REINVENT.

    Args:
        kind: name of the component, in lower case without hyphens and underscores.
        parameters: parameters of an endpoint.

    Raises:
        ConfigError: there is no such measure, or a parameter is missing.
    """
    if kind in PROPERTIES:
        if parameters.get("includeSandP"):
            raise ConfigError("a TPSA with sulfur and phosphorus has no equivalent")
        return _property(PROPERTIES[kind])
    if kind in _ATOM_COUNTS:
        return _count(_ATOM_COUNTS[kind])
    if kind in _IMPORTS:
        return _IMPORTS[kind](parameters)
    raise ConfigError("this kind of component has no equivalent")


def alert_patterns(parameters: Table) -> list[str]:
    """SMARTS that custom alerts forbid."""
    return _texts(parameters, "smarts")


def _property(name: str) -> ImportedMeasure:
    is_share = name in _SHARES
    return ImportedMeasure(
        {"property": name}, _SAME if is_share else None, needs_transform=not is_share
    )


def _count(smarts: str) -> ImportedMeasure:
    return ImportedMeasure(
        {"kind": "smarts", "smarts": smarts, "wanted": "count"}, needs_transform=True
    )


def _descriptor(parameters: Table) -> ImportedMeasure:
    name = _text(parameters, "descriptor").lower()
    if name not in _DESCRIPTORS:
        raise ConfigError(f"there is no property for the descriptor {name!r}")
    return _property(_DESCRIPTORS[name])


def _similarity(parameters: Table) -> ImportedMeasure:
    references = _texts(parameters, "smiles")
    radius = parameters.get("radius", 3)
    if radius not in (2, 3) or len(references) != 1:
        raise ConfigError("only one reference and fingerprints of radius 2 or 3 have an equivalent")
    prefix = "fcfp" if parameters.get("use_features", True) else "ecfp"
    note = None if parameters.get("use_counts", True) else "features are counted"
    table = {"kind": "similarity", "smiles": references[0], "fingerprint": f"{prefix}{radius * 2}"}
    return ImportedMeasure(table, note=note)


def _substructure(parameters: Table) -> ImportedMeasure:
    patterns = _texts(parameters, "smarts")
    pattern = patterns[0] if len(patterns) == 1 else f"[{','.join(f'$({p})' for p in patterns)}]"
    return ImportedMeasure({"kind": "smarts", "smarts": pattern}, _PENALTY)


def _program(parameters: Table) -> ImportedMeasure:
    arguments = parameters.get("args") or ""
    words = arguments if isinstance(arguments, list) else shlex.split(str(arguments))
    table = {
        "kind": "program",
        "command": [_text(parameters, "executable"), *map(str, words)],
        "output": "json",
        "key": f"payload.{_text(parameters, 'property')}",
    }
    return ImportedMeasure(table, needs_transform=True)


def _server(parameters: Table) -> ImportedMeasure:
    address, port = _text(parameters, "server_url"), parameters.get("server_port")
    where = f"{address}:{port}/{_text(parameters, 'server_endpoint')}"
    table = {"kind": "rest", "url": where, "payload": "reinvent"}
    for name in ("predictor_id", "predictor_version"):
        if parameters.get(name) is not None:
            table[name] = str(parameters[name])
    note = "add the headers yourself" if parameters.get("header") else None
    return ImportedMeasure(table, note=note, needs_transform=True)


def _chemprop(parameters: Table) -> ImportedMeasure:
    if parameters.get("featurizers"):
        raise ConfigError("chemprop models with further features have no equivalent")
    table = {"kind": "chemprop", "path": _text(parameters, "model_path")}
    if parameters.get("target_column"):
        table["column"] = str(parameters["target_column"])
    return ImportedMeasure(table, needs_transform=True)


_IMPORTS: Mapping[str, Callable[[Table], ImportedMeasure]] = MappingProxyType(
    {
        "tanimotosimilarity": _similarity,
        "tanimotodistance": _similarity,
        "matchingsubstructure": _substructure,
        "groupcount": lambda parameters: _count(_text(parameters, "smarts")),
        "rdkitdescriptors": _descriptor,
        "externalprocess": _program,
        "rest": _server,
        "chemprop2": _chemprop,
    }
)


def _text(parameters: Table, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str):
        raise ConfigError(f"the parameter {name!r} is missing or no text")
    return value


def _texts(parameters: Table, name: str) -> list[str]:
    value = parameters.get(name)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(v, str) for v in values):
        raise ConfigError(f"the parameter {name!r} is missing or no list of texts")
    return values
