"""Sources: the ways in which the combined search makes candidates.

To add a source, write a module here whose `build(context)` returns a `Source`, and give it a member
of `SourceName` with the module's name as its value.
"""

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import molvae.optimize.combined.sources.source


class SourceName(StrEnum):
    """A way to make candidates."""

    NEIGHBORS = "neighbors"
    """Latent vectors near the codes of good molecules, decoded."""
    CROSSOVERS = "crossovers"
    """Latent vectors between the codes of two good molecules, decoded."""
    REWRITES = "rewrites"
    """Codes of good molecules, decoded by sampling tokens."""
    PRIOR = "prior"
    """Samples of the model's prior, which retraining adapts."""
    POOL = "pool"
    """Molecules of a file."""
    GRAPH = "graph"
    """Good molecules recombined or mutated as graphs."""
    TOKEN_EDITS = "token_edits"
    """Good molecules with a token replaced, inserted or deleted, as the language model proposes."""
    WINDOWS = "windows"
    """Good molecules with a few tokens in a row written anew by the decoder."""
    EDITS = "edits"
    """Good molecules recombined or mutated as SELFIES."""


def build_sources(
    context: "molvae.optimize.combined.sources.source.SourceContext",
) -> "dict[str, molvae.optimize.combined.sources.source.Source]":
    """All sources by name."""
    # Imported here: settings name the sources, and must not load RDKit.
    modules = {str(name): import_module(f"{__name__}.{name}") for name in SourceName}
    return {name: module.build(context) for name, module in modules.items()}
