"""ModelCard: how a model was made, and figures measured on it; digests of models."""

# Any: figures measured on the model, whatever their names.
import hashlib
import json
import math
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt
from torch import Tensor
from torch.overrides import TorchFunctionMode

from molvae.chem.similarity import SUBSTRUCTURES
from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import ConfigError, ModelError
from molvae.likelihood_quantiles import LikelihoodQuantiles
from molvae.model.acceptance import Acceptance
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.network import SequenceVAE
from molvae.model.network_config import ModelConfig
from molvae.model.weights import Shapes, load_weights, shapes_of
from molvae.settings import Settings
from molvae.vocabulary import Vocabulary

_FAITHFUL = 0.5
"""Exact reconstruction of held-out molecules from which on latent vectors are reliable."""

_NOT_AUTOENCODER = frozenset({"language_model", "head", "acceptance"})
"""Modules of a network that take no part in encoding and decoding."""

_MEASURED = ("figures", "likelihood_quantiles")


class _Validation(Settings, extra="ignore"):
    exact_reconstruction: float = 0.0
    reconstruction: float | None = None
    kl: float | None = None
    language: float | None = None
    """NLL of the learned prior; 0 for a model without one."""


class _Provenance(Settings, extra="ignore"):
    seed: NonNegativeInt | None = None


_EARLIER_BETA = 0.01
"""Default of the trainings that did not put beta on the card."""


class _Facts(Settings, extra="ignore"):
    """The fields of a card that the code relies on."""

    validation: _Validation = _Validation()
    provenance: _Provenance = _Provenance()
    held_out_seed: NonNegativeInt | None = None
    beta: NonNegativeFloat = _EARLIER_BETA
    max_symbols: Annotated[int, Field(ge=1, le=1_000_000)] = GREEDY.max_symbols
    sampling_temperature: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    likelihood_quantiles: LikelihoodQuantiles | None = None
    property_errors: Mapping[str, float | None] = Field(default_factory=dict)


class Description(Settings, extra="ignore"):
    """The description of a saved model: sizes of the network, properties and card."""

    model: ModelConfig
    properties: Annotated[tuple[str, ...], Field(max_length=10_000)]
    constraints: dict[str, int]
    """SELFIES constraints under which the model was trained."""
    acceptance: bool = False
    card: dict[str, Any]

    # Any: JSON values.
    @classmethod
    def read(cls, values: Any, source: str) -> "Description":
        """Parse the description in a model folder.

        Raises:
            ModelError: something in it is missing or wrong.
        """
        model = values.get("model") if isinstance(values, dict) else None
        if isinstance(model, dict) and values.get("format") == 2:
            values = {**values, "model": {**_FORMAT_2, **model}}
        try:
            description = cls.parse(values, f"model.json of {source}")
            _Facts.parse(description.card, f"the card in model.json of {source}")
        except ConfigError as error:
            raise ModelError(f"{error}; it is damaged or foreign") from None
        return description

    def weight_shapes(self, n_ids: int) -> Shapes:
        """Shapes of the weights of the described network; no memory is needed for them.

        Raises:
            ModelError: no network can have such sizes.
        """
        try:
            with torch.device("meta"), _NoInitialization():
                return shapes_of(self._build_network(n_ids).state_dict())
        except (RuntimeError, OverflowError):
            raise ModelError("the model's sizes are too large for any network") from None

    def network(self, n_ids: int, weights: Mapping[str, Tensor], source: str) -> SequenceVAE:
        """The described network with its weights.

        Raises:
            ModelError: the weights belong to another network.
        """
        network = self._build_network(n_ids)
        load_weights(network, weights, source)
        return network

    def _build_network(self, n_ids: int) -> SequenceVAE:
        network = SequenceVAE(self.model, n_ids, len(self.properties))
        if self.acceptance:
            network.acceptance = Acceptance(SUBSTRUCTURES)
        return network


class _NoInitialization(TorchFunctionMode):
    """Leaves new weights without values: torch imports its compiler to draw them on `meta`."""

    # Any: torch calls it with any function and its arguments.
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        keywords = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return keywords["tensor"] if "tensor" in keywords else args[0]
        return func(*args, **keywords)


_FORMAT_2 = {"tokens": 0, "latent_input": "every", "decoder": "separate"}
"""Settings of the network that all models of format 2 have."""


class ModelCard(dict[str, Any]):
    """The card as JSON values, with properties for the fields that the code relies on."""

    @property
    def origin(self) -> dict[str, Any]:
        """The card without figures measured after the training."""
        return {name: value for name, value in self.items() if name not in _MEASURED}

    @property
    def is_faithful(self) -> bool:
        """Whether at least half of the held-out molecules were reconstructed exactly."""
        return self._facts.validation.exact_reconstruction >= _FAITHFUL

    @property
    def elbo_gap(self) -> float:
        """Reconstruction + KL - NLL of the learned prior on held-out molecules, in nats.

        NaN for a model that was not trained, or has no learned prior.
        """
        terms = self._facts.validation
        if terms.reconstruction is None or terms.kl is None or not terms.language:
            return math.nan
        return terms.reconstruction + terms.kl - terms.language

    @property
    def beta(self) -> float:
        """Weight of the KL term at the end of the training."""
        return self._facts.beta

    @property
    def sampling_temperature(self) -> float:
        """Temperature at which the language model writes the best molecules."""
        return self._facts.sampling_temperature

    @property
    def cleaning(self) -> StandardizeConfig:
        """How the training molecules were cleaned.

        Raises:
            ConfigError: the card holds invalid settings.
        """
        return StandardizeConfig.parse(self.get("cleaning", {}), "cleaning on the model's card")

    def suitable_choices(
        self, strict: bool | None, radicals: bool | None, decoding: DecodingConfig
    ) -> dict[str, object]:
        """Settings of sampling, with the choices that suit the model where one is left open.

        Args:
            strict: whether repaired SELFIES are refused; None: if the model is faithful.
            radicals: whether radicals are accepted; None: if the training data may have them.
            decoding: sequences are as long as those of the training data unless it says otherwise.
        """
        if "max_symbols" not in decoding.model_fields_set:
            decoding = decoding.with_changes({"max_symbols": self.max_symbols})
        return {
            "strict": self.is_faithful if strict is None else strict,
            "radicals": self.cleaning.allow_radicals if radicals is None else radicals,
            "decoding": decoding,
        }

    def language_model_decoding(self, decoding: DecodingConfig) -> DecodingConfig:
        """The settings; a temperature that they leave open is the one on the card."""
        if "temperature" in decoding.model_fields_set:
            return decoding
        return decoding.with_changes({"temperature": self.sampling_temperature})

    def held_out_seed(self, otherwise: int) -> int:
        """Random seed of the split into training and held-out molecules.

        Further training on the same file uses this seed too, as the model knows all molecules that
        were not held out.

        Args:
            otherwise: the seed for a model that was never trained.
        """
        for seed in (self._facts.held_out_seed, self._facts.provenance.seed):
            if seed is not None:
                return seed
        return otherwise

    @property
    def max_symbols(self) -> int:
        """Largest number of symbols of a training molecule."""
        return self._facts.max_symbols

    @property
    def likelihood_quantiles(self) -> LikelihoodQuantiles | None:
        """Log-likelihoods of held-out molecules; None where a model keeps none."""
        return self._facts.likelihood_quantiles

    @property
    def property_errors(self) -> dict[str, float]:
        """Root mean square error of each predicted property on held-out molecules, in its unit.

        Properties that no held-out molecule has are left out.
        """
        errors = self._facts.property_errors
        return {name: error for name, error in errors.items() if error is not None}

    @property
    def _facts(self) -> _Facts:
        return _Facts.parse(self, "the model's card")


def latents_digest(vocabulary: Vocabulary, network: SequenceVAE) -> str:
    """Digest of the vocabulary and the autoencoder: models that share it share latent vectors."""
    return weights_digest(vocabulary, network, _NOT_AUTOENCODER)


def weights_digest(
    vocabulary: Vocabulary, network: SequenceVAE, without: Collection[str] = ()
) -> str:
    """Digest of the vocabulary and the weights, except for the modules in `without`.

    Weights are taken in half precision, so that a model saved in half precision keeps its digest.
    """
    digest = hashlib.sha256(json.dumps(vocabulary.to_json()).encode())
    for name, weight in sorted(network.state_dict().items()):
        if name.partition(".")[0] not in without:
            digest.update(f"{name} {list(weight.shape)}".encode())
            digest.update(weight.detach().cpu().half().numpy().tobytes())
    return digest.hexdigest()[:16]
