"""ConstrainedConfig: settings of the benchmark of similarity constraints. Needs no torch."""

from typing import Annotated

from pydantic import Field, PositiveInt

from molvae.optimize.methods import SearchConfig
from molvae.settings import Settings


class ConstrainedConfig(Settings):
    """Leads, similarities and settings of the searches."""

    leads: PositiveInt | None = 80
    """Random leads of the file; None: all."""
    deltas: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        default=(0.0, 0.2, 0.4, 0.6), min_length=1
    )
    """Lowest similarities to the lead for which improvements are reported."""
    per_delta: bool = False
    """Search once for each delta, under that constraint; otherwise one search serves all."""
    ring_penalty: bool = True
    """Penalize large rings; the code of Jin et al. does not."""
    workers: PositiveInt | None = None
    """Searches at a time, one core each. Default: one per core."""
    # Unless given, the guardrails of a search are off and nothing is too improbable. Without
    # `per_delta` its `constraints.min_similarity` holds for all deltas.
    search: SearchConfig = SearchConfig(budget=200)
