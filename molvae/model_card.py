"""ModelCard: how a model was made and what was measured on it, saved with it; its mark."""

# Any: figures measured on the model, whatever their names.
import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import torch
from pydantic import Field, NonNegativeInt
from torch import Tensor

from molvae.chem.similarity import SUBSTRUCTURES
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import ConfigError, ModelError
from molvae.model.acceptance import Acceptance
from molvae.model.decoding_config import GREEDY
from molvae.model.folder import check_shapes, load_weights
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.settings import Settings
from molvae.vocabulary import Vocabulary

_FAITHFUL = 0.5
"""Share of held-out molecules that come back from their codes, from which on codes are trusted."""

_BESIDE_CODES = frozenset({"language_model", "head", "acceptance"})
"""Parts of a network that decide neither a molecule's code nor what a code decodes to."""


class _Validation(Settings, extra="ignore"):
    exact_reconstruction: float = 0.0


class _Provenance(Settings, extra="ignore"):
    seed: NonNegativeInt | None = None


class _Facts(Settings, extra="ignore"):
    """What is gone by of all that stands on a card."""

    validation: _Validation = _Validation()
    provenance: _Provenance = _Provenance()
    held_out_seed: NonNegativeInt | None = None
    max_symbols: Annotated[int, Field(ge=1, le=1_000_000)] = GREEDY.max_symbols


class Description(Settings, extra="ignore"):
    """What a saved model tells of itself beside its weights."""

    model: ModelConfig
    properties: tuple[str, ...]
    constraints: dict[str, int]
    """Of SELFIES, under which it was trained."""
    acceptance: bool = False
    card: dict[str, Any]

    # Any: JSON values.
    @classmethod
    def read(cls, values: Any, source: str) -> "Description":
        """The description that a model folder holds.

        Raises:
            ModelError: something in it is missing or wrong.
        """
        try:
            found = cls.parse(_upgrade(values), f"model.json of {source}")
            _Facts.parse(found.card, f"the card in model.json of {source}")
        except ConfigError as error:
            raise ModelError(f"{error}; it is damaged or foreign") from None
        return found

    def network(self, n_ids: int, weights: Mapping[str, Tensor], source: str) -> SequenceVAE:
        """The network that is described, with its weights.

        Raises:
            ModelError: the weights are those of another one.
        """
        # Shapes first, where they take no memory: a wrong description may ask for any amount.
        try:
            with torch.device("meta"):
                check_shapes(self._untrained(n_ids), weights, source)
        except (RuntimeError, OverflowError):
            raise ModelError(f"the weights of {source} do not fit its sizes") from None
        network = self._untrained(n_ids)
        load_weights(network, weights, source)
        return network

    def _untrained(self, n_ids: int) -> SequenceVAE:
        network = SequenceVAE(self.model, n_ids, len(self.properties))
        if self.acceptance:
            network.acceptance = Acceptance(SUBSTRUCTURES)
        return network


# Any: JSON values.
def _upgrade(values: Any) -> Any:
    """The description as today's format has it: in format 2, z entered at every position."""
    model = values.get("model") if isinstance(values, dict) else None
    if not isinstance(model, dict) or values.get("format") != 2:
        return values
    return {**values, "model": {"tokens": 0, "latent_input": "every", **model}}


class ModelCard(dict[str, Any]):
    """The card as JSON has it, and what the model's users go by."""

    @property
    def origin(self) -> dict[str, Any]:
        """How the model was made, without figures measured on it since."""
        return {name: value for name, value in self.items() if name != "figures"}

    @property
    def is_faithful(self) -> bool:
        """Whether half or more of the held-out molecules came back."""
        return self._facts.validation.exact_reconstruction >= _FAITHFUL

    @property
    def cleaning(self) -> StandardizeConfig:
        """How the molecules that it was trained on were cleaned.

        Raises:
            ConfigError: the card tells it wrongly.
        """
        return StandardizeConfig.parse(self.get("cleaning", {}), "cleaning on the model's card")

    def held_out_seed(self, otherwise: int) -> int:
        """What the molecules held out from its training were drawn by.

        Whoever trains it further on the same file holds out the same ones: it knows the others.

        Args:
            otherwise: that of a model that was never trained.
        """
        for seed in (self._facts.held_out_seed, self._facts.provenance.seed):
            if seed is not None:
                return seed
        return otherwise

    @property
    def max_symbols(self) -> int:
        """As many as a molecule of its training might have."""
        return self._facts.max_symbols

    @property
    def _facts(self) -> _Facts:
        return _Facts.parse(self, "the model's card")


def latents_digest(vocabulary: Vocabulary, network: SequenceVAE) -> str:
    """What tells a model's codes from those of another: symbols, and the weights behind codes."""
    return weights_digest(vocabulary, network, _BESIDE_CODES)


def weights_digest(
    vocabulary: Vocabulary, network: SequenceVAE, without: Collection[str] = ()
) -> str:
    """What tells a model from another: its symbols and weights, but for some parts.

    Weights count as they are in half precision: saved in it, a model keeps its mark.
    """
    told = hashlib.sha256(json.dumps(vocabulary.to_json()).encode())
    for name, weight in sorted(network.state_dict().items()):
        if name.partition(".")[0] not in without:
            told.update(f"{name} {list(weight.shape)}".encode())
            told.update(weight.detach().cpu().half().numpy().tobytes())
    return told.hexdigest()[:16]
