"""SequenceVAE: a GRU encoder, latent vectors and a GRU decoder."""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from molvae.errors import ModelError
from molvae.model.acceptance import Acceptance
from molvae.model.conditioning import ConditionFeatures
from molvae.model.decoding import Grammar, Sequences, decode, sample
from molvae.model.decoding_config import GREEDY, DecodingConfig
from molvae.model.encoder import summarize
from molvae.model.heads import FingerprintHead, PropertyHead
from molvae.model.latents import Posterior
from molvae.model.loss import Elbo
from molvae.model.network_config import ModelConfig
from molvae.model.precision import writes_in_bfloat16
from molvae.model.prompt import Prompts
from molvae.model.recurrence import GRULayer
from molvae.model.refinement import Refinement, refine
from molvae.model.token_decoder import TokenDecoder

_SAMPLED_TOGETHER = 512
"""Rows that a CPU samples together: the hidden states of more leave its cache."""
_LEVEL_FEATURES = 3

# Log-variances beyond these bounds carry no information and overflow in half precision.
_LOG_VARIANCE_BOUND = 8.0


class SequenceVAE(nn.Module):
    """Ids to a posterior over latent vectors, and latent vectors to logits over ids.

    Rows of ids hold tokens, then END, then any number of PAD; a row's `length` counts END. Hidden
    states are taken before the padding, which therefore has no influence on any result.
    """

    def __init__(self, config: ModelConfig, n_ids: int, n_properties: int = 0) -> None:
        super().__init__()
        self.config = config
        self.n_ids = n_ids
        embedding_size, latent_size = config.embedding_size, config.latent_size
        self.embedding = nn.Embedding(n_ids, embedding_size)
        inputs = [embedding_size, *[2 * config.encoder_size] * (config.encoder_layers - 1)]
        self.forwards = nn.ModuleList(GRULayer(n, config.encoder_size) for n in inputs)
        self.backwards = nn.ModuleList(GRULayer(n, config.encoder_size) for n in inputs)
        self.to_posterior = nn.Linear(2 * config.encoder_size, 2 * latent_size)
        # The encoder does not read them: a molecule has one latent vector, whatever is known of it.
        self.conditions = (
            ConditionFeatures(len(config.condition_on)) if config.condition_on else None
        )
        features = self.conditions.size if self.conditions else 0
        self.decoder = TokenDecoder(
            n_ids,
            embedding_size,
            config.decoder_size,
            config.decoder_layers,
            latent_size + (_LEVEL_FEATURES if self.is_shared else 0) + features,
            config.latent_input,
        )
        self.language_model = (
            TokenDecoder(n_ids, embedding_size, config.prior_size, config.prior_layers, features)
            if config.prior_size and not self.is_shared
            else None
        )
        self.head = PropertyHead(latent_size, n_properties) if n_properties else None
        self.fingerprint_head: FingerprintHead | None = None
        """Predicts fingerprints during a training, see `add_fingerprint_head`."""
        self.grammar: Grammar | None = None
        """Rules on the next token, for decoding with `DecodingConfig.grammar`."""
        self.acceptance: Acceptance | None = None
        """Acceptance of the learned prior's samples; training the weights further removes it."""

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.embedding.weight.device

    @property
    def is_shared(self) -> bool:
        """Whether the decoder is also the language model of the learned prior."""
        return self.config.decoder == "shared"

    @property
    def has_prior(self) -> bool:
        """Whether there is a language model to sample molecules from."""
        return self.is_shared or self.language_model is not None

    def encode(
        self, ids: Int[Tensor, "molecule position"], lengths: Int[Tensor, " molecule"]
    ) -> Posterior:
        """The posterior of each row."""
        ids = ids[:, : int(lengths.max())].t().contiguous()
        summary = summarize(self.embedding, [*self.forwards], [*self.backwards], ids, lengths)
        mean, log_variance = self.to_posterior(summary).float().chunk(2, dim=1)
        return Posterior(mean, log_variance.clamp(-_LOG_VARIANCE_BOUND, _LOG_VARIANCE_BOUND))

    def elbo(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        noise: Float[Tensor, "molecule latent"],
        word_dropout_mask: Bool[Tensor, "molecule position"] | None = None,
    ) -> tuple[Elbo, Posterior]:
        """Reconstruction and KL of each row for one sample of z, and the posterior.

        Args:
            ids: rows of tokens, END and PAD.
            lengths: ids of each row, END included.
            noise: standard normal numbers, from which z is sampled.
            word_dropout_mask: true where the previous token is hidden from the decoder.
        """
        posterior = self.encode(ids, lengths)
        z = posterior.sample(noise)
        reconstruction = self.reconstruction_nll(ids, lengths, z, word_dropout_mask)
        return Elbo(reconstruction, kl=posterior.kl().sum(1)), posterior

    def reconstruction_nll(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        z: Float[Tensor, "molecule latent"],
        word_dropout_mask: Bool[Tensor, "molecule position"] | None = None,
        noise_levels: Float[Tensor, " molecule"] | None = None,
        conditions: Float[Tensor, "molecule condition"] | None = None,
    ) -> Float[Tensor, " molecule"]:
        """-log p(tokens | z) of each row, in nats.

        Args:
            ids: rows of tokens, END and PAD.
            lengths: ids of each row, END included.
            z: one latent vector per row.
            word_dropout_mask: true where the previous token is hidden from the decoder.
            noise_levels: in [0, 1], how noisy each z is (see `add_noise`); None means 0. Only a
                shared decoder is told.
            conditions: values of `ModelConfig.condition_on`, NaN where unknown; None: all unknown.
        """
        context = self._context(z, noise_levels, conditions)
        return self.decoder.nll(ids, lengths, context, word_dropout_mask)

    def prior_nll(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        conditions: Float[Tensor, "molecule condition"] | None = None,
    ) -> Float[Tensor, " molecule"]:
        """-log p(tokens) of each row under the learned prior's language model, in nats.

        It is 0 for a network without a learned prior. Conditions as in `reconstruction_nll`.
        """
        if not self.has_prior:
            return self.embedding.weight.new_zeros(len(ids))
        model = self._prior_model
        return model.nll(ids, lengths, self._prior_context(model, len(ids), conditions))

    def prior_token_nll(
        self, ids: Int[Tensor, "molecule position"], lengths: Int[Tensor, " molecule"]
    ) -> Float[Tensor, "longest molecule"]:
        """-log p of each token under the learned prior's language model, in nats; 0 for PAD.

        Raises:
            ModelError: the network has no learned prior.
        """
        self._check_prior()
        model = self._prior_model
        return model.token_nll(ids, lengths, self._prior_context(model, len(ids)))

    def decode(
        self,
        z: Float[Tensor, "molecule latent"],
        config: DecodingConfig = GREEDY,
        generator: torch.Generator | None = None,
        temperatures: Float[Tensor, " molecule"] | None = None,
        noise_levels: Float[Tensor, " molecule"] | None = None,
        conditions: Float[Tensor, "molecule condition"] | None = None,
    ) -> Int[Tensor, "molecule position"]:
        """Ids decoded from each z: tokens, END, then PAD.

        Args:
            z: latent vectors.
            config: how tokens are chosen.
            generator: source of randomness where tokens are sampled.
            temperatures: one per row, instead of that of the settings.
            noise_levels: in [0, 1], how noisy each z is (see `add_noise`); None means 0. Only a
                shared decoder is told.
            conditions: values of `ModelConfig.condition_on`, NaN where unknown; None: all unknown.
        """
        context = self._context(z, noise_levels, conditions)
        return decode(self.decoder, context, config, generator, temperatures, self._rules(config))

    def refine(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        z: Float[Tensor, "molecule latent"],
        settings: Refinement = Refinement(),  # noqa: B008 - frozen
    ) -> Float[Tensor, "molecule latent"]:
        """Latent vectors near z that decode to the ids, see `molvae.model.refinement.refine`.

        Args:
            ids: rows of tokens, END and PAD.
            lengths: ids of each row, END included.
            z: latent vectors, such as the posterior means of the rows.
            settings: number and size of the steps, and the weight of the prior.
        """

        def add_context(point: Float[Tensor, "_ latent"]) -> Float[Tensor, "_ context"]:
            return self._context(point, None)

        return refine(self.decoder, add_context, ids, lengths, z, settings)

    def conditional_decoder(
        self, z: Float[Tensor, "molecule latent"], noise_level: float = 0.0
    ) -> tuple[TokenDecoder, Float[Tensor, "molecule context"]]:
        """The decoder, and the context that makes it p(tokens | z) for each latent vector.

        Args:
            z: latent vectors.
            noise_level: in [0, 1], how noisy z is (see `add_noise`). Only a shared decoder is told.
        """
        return self.decoder, self._context(z, z.new_full((len(z),), noise_level))

    def unconditional_decoder(
        self, n: int
    ) -> tuple[TokenDecoder, Float[Tensor, "molecule context"]]:
        """The language model of the learned prior, and its context for `n` molecules.

        Raises:
            ModelError: the network has no learned prior.
        """
        self._check_prior()
        model = self._prior_model
        return model, self._prior_context(model, n)

    def sample_prior(
        self,
        n: int,
        config: DecodingConfig,
        generator: torch.Generator,
        conditions: Float[Tensor, " condition"] | None = None,
    ) -> Iterator[Sequences]:
        """`n` sequences sampled from the learned prior's language model, in small batches.

        The conditions are the same for all of them, NaN where unknown; None: all unknown.

        Raises:
            ModelError: the network has no learned prior.
        """
        self._check_prior()
        model = self._prior_model
        if writes_in_bfloat16(self.device):
            model = deepcopy(model).to(torch.bfloat16)
        together = _SAMPLED_TOGETHER if self.device.type == "cpu" else max(n, 1)
        for begin in range(0, n, together):
            size = min(together, n - begin)
            values = None if conditions is None else conditions.expand(size, -1)
            context = self._prior_context(model, size, values)
            sequences = sample(model, context, config, generator, grammar=self._rules(config))
            yield from sequences.split(_SAMPLED_TOGETHER)

    def continue_prior(
        self, prompts: Prompts, config: DecodingConfig, generator: torch.Generator
    ) -> Sequences:
        """Sequences that begin with the prompts, continued by the prior's language model.

        Raises:
            ModelError: the network has no learned prior.
        """
        if not self.has_prior:
            raise ModelError("this model has no learned prior, so it cannot continue molecules")
        model = self._prior_model
        context = self._prior_context(model, len(prompts.lengths))
        return sample(model, context, config, generator, prompts, self._rules(config))

    def decoder_parameters(self) -> dict[str, nn.Parameter]:
        """The parameters of the decoder and of the language model, by name."""
        return {
            f"{name}.{key}": parameter
            for name, model in self._decoders().items()
            for key, parameter in model.named_parameters()
        }

    def prior_parameters(self) -> list[nn.Parameter]:
        """The parameters of a separate language model.

        Raises:
            ModelError: the network has none.
        """
        if self.language_model is None:
            raise ModelError("this model has no learned prior that can be trained alone")
        return list(self.language_model.parameters())

    def decoder_losses(
        self,
        ids: Int[Tensor, "molecule position"],
        lengths: Int[Tensor, " molecule"],
        z: Float[Tensor, "molecule latent"],
    ) -> list[Callable[[], Float[Tensor, ""]]]:
        """Mean NLL of decoder and language model, to be computed in any order or at once.

        No two of the functions share parameters.
        """

        def reconstruction() -> Float[Tensor, ""]:
            return self.reconstruction_nll(ids, lengths, z).mean()

        def prior() -> Float[Tensor, ""]:
            return self.prior_nll(ids, lengths).mean()

        if self.is_shared:
            return [lambda: reconstruction() + prior()]
        return [reconstruction, prior] if self.has_prior else [reconstruction]

    def add_fingerprint_head(self, size: int) -> None:
        """Add a head that predicts fingerprints of this size; its weights begin at 0."""
        head = FingerprintHead(self.config.latent_size, size)
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
        self.fingerprint_head = head.to(self.device)

    def saved_state(self) -> dict[str, Tensor]:
        """The weights that a saved model has: all but those of the fingerprint head."""
        return {
            name: weight
            for name, weight in self.state_dict().items()
            if not name.startswith("fingerprint_head.")
        }

    def cast_decoders(self, dtype: torch.dtype) -> None:
        """Convert decoder and language model to a type; the encoder keeps its own."""
        for model in self._decoders().values():
            model.to(dtype)

    @torch.no_grad()
    def load_from_smaller(self, smaller: "SequenceVAE", *, with_head: bool) -> None:
        """Copy the weights of a network of the same settings for fewer ids.

        A new id begins as the mean of the known ones, and as unlikely as the least likely.
        Conditions that the smaller network lacks begin without effect. The acceptance is not
        copied.

        Args:
            smaller: a network whose ids are the first ids of this network.
            with_head: whether to copy the property head; otherwise it stays untrained.
        """
        mine, theirs = self.state_dict(), smaller.state_dict()
        for name, weight in theirs.items():
            if name not in mine or (name.startswith("head.") and not with_head):
                continue
            new = mine[name]
            if weight.dim() == 2 and new.shape[1] > weight.shape[1]:
                weight = F.pad(weight, (0, new.shape[1] - weight.shape[1]))
            if len(new) > len(weight):
                new[len(weight) :] = weight.min() if weight.dim() == 1 else weight.mean(0)
            new[: len(weight)] = weight
        # A language model without conditions has no context.
        for name in mine.keys() - theirs.keys():
            if name.startswith("language_model.to_state."):
                mine[name].zero_()

    def _decoders(self) -> dict[str, TokenDecoder]:
        decoders = {"decoder": self.decoder, "language_model": self.language_model}
        return {name: model for name, model in decoders.items() if model is not None}

    def _rules(self, config: DecodingConfig) -> Grammar | None:
        return self.grammar if config.grammar else None

    def _check_prior(self) -> None:
        """Raise a ModelError if the network has no learned prior."""
        if not self.has_prior:
            raise ModelError("this model has no learned prior; use the normal one")

    @property
    def _prior_model(self) -> TokenDecoder:
        return self.language_model if self.language_model is not None else self.decoder

    def _prior_context(
        self,
        model: TokenDecoder,
        n: int,
        conditions: Float[Tensor, "molecule condition"] | None = None,
    ) -> Float[Tensor, "molecule context"]:
        """The context with which a model of tokens is the language model."""
        if not self.is_shared:
            return self._add_conditions(model.empty_context(n), conditions)
        z = torch.zeros(n, self.config.latent_size, device=self.device)
        return self._context(z, z.new_ones(n), conditions)

    def _context(
        self,
        z: Float[Tensor, "molecule latent"],
        noise_levels: Float[Tensor, " molecule"] | None,
        conditions: Float[Tensor, "molecule condition"] | None = None,
    ) -> Float[Tensor, "molecule context"]:
        """The decoder's context: z, for a shared decoder the noise level, and the conditions."""
        if self.is_shared:
            levels = z.new_zeros(len(z)) if noise_levels is None else noise_levels
            angles = 0.5 * math.pi * levels
            z = torch.cat([z, torch.stack([levels, angles.cos(), angles.sin()], dim=1)], dim=1)
        return self._add_conditions(z, conditions)

    def _add_conditions(
        self,
        context: Float[Tensor, "molecule context"],
        values: Float[Tensor, "molecule condition"] | None,
    ) -> Float[Tensor, "molecule wider_context"]:
        """The context with the features of the conditions; None: all values are unknown."""
        if self.conditions is None:
            if values is not None:
                raise ModelError("this model has no conditions; train it with `condition_on`")
            return context
        values = self.conditions.unknown(len(context)) if values is None else values
        return torch.cat([context, self.conditions(values)], dim=1)
