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

    def held_out_seed(self, otherwise: int) -> int:
        """By which molecules were held out from its training: whoever trains it further on the same
        ones holds out the same, as it knows the others.

        Args:
            otherwise: that of a model that was never trained.
        """
        made_with = self.get("provenance", {}).get("seed", otherwise)
        return int(self.get("held_out_seed", made_with))

    @property
    def max_symbols(self) -> int:
        """As many as a molecule of its training might have."""
        return int(self.get("max_symbols", GREEDY.max_symbols))
