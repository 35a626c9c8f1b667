"""ModelCard: how a model was made and what was measured on it, saved with it."""

# Any: figures measured on the model, whatever their names.
from typing import Any

from molvae.chem.standardize import StandardizeConfig
from molvae.model.decoding import GREEDY

_FAITHFUL = 0.5
"""Share of held-out molecules that come back from their codes, from which on codes are trusted."""


class ModelCard(dict[str, Any]):
    """The card as JSON has it, and what the model's users go by."""

    @property
    def origin(self) -> dict[str, Any]:
        """How the model was made, without figures measured on it since."""
        return {name: value for name, value in self.items() if name != "figures"}

    @property
    def is_faithful(self) -> bool:
        """Whether half or more of the held-out molecules came back."""
        share: float = self.get("validation", {}).get("exact_reconstruction", 0.0)
        return share >= _FAITHFUL

    @property
    def cleaning(self) -> StandardizeConfig:
        """How the molecules that it was trained on were cleaned.

        Raises:
            ConfigError: the card tells it wrongly.
        """
        return StandardizeConfig.parse(self.get("cleaning", {}), "cleaning on the model's card")

    @property
    def max_symbols(self) -> int:
        """As many as a molecule of its training might have."""
        return int(self.get("max_symbols", GREEDY.max_symbols))
