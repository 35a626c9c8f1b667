"""Figures of other methods on PMO, from pmo_peers.json. Needs no numpy: settings import it."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


# Any: JSON values.
@cache
def peer_figures() -> Mapping[str, Any]:
    """Figures of other methods by task, and which tasks need a download."""
    text = files("molvae.benchmarks").joinpath("pmo_peers.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


OFFLINE_TASKS: tuple[str, ...] = tuple(
    task
    for task in peer_figures()["peers"][0]["auc_top10"]
    if task not in peer_figures()["needs_download"]
)
"""Tasks of PMO that need no download."""
