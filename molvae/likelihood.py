"""How likely molecules are under a model, and which of their tokens are unlikely."""

import logging
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from molvae.chem.notation import Selfies, to_selfies
from molvae.dataset.molecules import read_molecules
from molvae.dataset.rows import AcceptedRow
from molvae.encoding import Rows, RowTable, exact_flags, tabulate
from molvae.errors import ConfigError, ModelError
from molvae.likelihood_config import LikelihoodConfig
from molvae.molecule_vae import MoleculeVAE

_ROWS = 256
"""Molecules in a batch."""
_LISTED = 3
"""Tokens of a molecule that are listed, the least likely first."""
_END = "end"

_log = logging.getLogger("molvae")


@dataclass(frozen=True, slots=True)
class TokenNll:
    """A token of a molecule, and how unlikely it is after the tokens before it."""

    token: str
    """SELFIES of the token; `end` for the end of the molecule."""
    nll: float
    """-log p(token | tokens before it) under the language model, in nats."""

    def __str__(self) -> str:
        return f"{self.token} {self.nll:.2f}"


@dataclass(frozen=True)
class Likelihood:
    """How likely a molecule is under a model; all but the percentile in nats."""

    smiles: str
    """Canonical SMILES."""
    log_likelihood: float
    """log p(SELFIES) under the language model of the learned prior."""
    percentile: float
    """Percentage of held-out molecules with a lower log-likelihood; NaN if the model keeps none."""
    symbols: int
    """SELFIES symbols that the likelihood covers, end symbol included."""
    elbo: float
    """Importance-weighted lower bound on the log-likelihood under the VAE (Burda et al. 2016)."""
    reconstruction: float
    """Mean of -log p(SELFIES | z) over the sampled latent vectors."""
    kl: float
    """KL divergence of the posterior to N(0, I)."""
    log_density: float
    """Log density of the posterior mean under the learned prior: a lower bound."""
    least_likely_tokens: tuple[TokenNll, ...]
    """The three tokens with the highest NLL, the highest first."""


@dataclass(frozen=True)
class ElboTerms:
    """Evidence lower bounds of molecules and their terms, in nats per molecule."""

    mean: Float32[np.ndarray, "molecule latent"]
    """Posterior means."""

    elbo: Float32[np.ndarray, " molecule"]
    """Importance-weighted bound of all sampled latent vectors (Burda et al. 2016, eq. 8)."""
    reconstruction: Float32[np.ndarray, " molecule"]
    """Mean of -log p(SELFIES | z) over the sampled latent vectors."""
    kl: Float32[np.ndarray, " molecule"]
    """KL divergence of the posterior to N(0, I)."""


# Any: SMILES, molecules or RDKit Mols; or a table of pandas.
def likelihoods(
    model: MoleculeVAE, molecules: Iterable[Any], config: LikelihoodConfig | None = None
) -> list[Likelihood]:
    """How likely each molecule is under a model.

    The result for a molecule depends on the molecule, the settings and the model alone.

    Args:
        model: model with a learned prior.
        molecules: SMILES, molecules or RDKit Mols, in a list, Series or DataFrame.
        config: number of samples and seed.

    Raises:
        MoleculeError: a molecule cannot be read, or has a symbol that the model lacks.
        ModelError: the model has no learned prior.

    Example:
        >>> from molvae import MoleculeVAE, likelihoods
        >>> model = MoleculeVAE.from_pretrained("moses", device="cpu")
        >>> usual, unusual = likelihoods(model, ["CC(=O)Nc1ccc(O)cc1", "C1CC1=C=C=C=C=N"])
        >>> usual.log_likelihood > unusual.log_likelihood
        True
    """
    parsed = read_molecules(molecules)
    columns = _measure(model, list(map(to_selfies, parsed)), config or LikelihoodConfig())
    columns.setdefault("percentile", [math.nan] * len(parsed))
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return [
        Likelihood(smiles=molecule.smiles, **row)
        for molecule, row in zip(parsed, rows, strict=True)
    ]


def tabulate_likelihoods(
    model: MoleculeVAE, rows: Rows, config: LikelihoodConfig | None = None, *, check: bool = False
) -> RowTable:
    """How likely the molecule in each row is under the model.

    Columns: `smiles`; the fields of `Likelihood`, without `percentile` if the model keeps no
    likelihoods of held-out molecules; with `flag_below` also `flagged` (0 or 1); with `check` also
    `exact` (0 or 1), whether the model gives the molecule back; `row`.

    Raises:
        DataError: no row holds a molecule of this model's symbols.
        ModelError: the model has no learned prior.
        ConfigError: molecules are to be flagged, and the model keeps no likelihoods of held-out
            molecules.
    """
    config = config or LikelihoodConfig()
    if model.card.likelihood_quantiles is None:
        reason = "this model keeps no likelihoods of held-out molecules"
        if config.flag_below is not None:
            raise ConfigError(f"{reason}; leave out `flag_below`, or train the model again")
        _log.info("%s, so there is no column percentile; train it again to have one", reason)

    # Any: numbers or texts.
    def measure(accepted: Sequence[AcceptedRow]) -> dict[str, Any]:
        selfies_rows = [row.selfies for row in accepted]
        columns = _measure(model, selfies_rows, config)
        columns["least_likely_tokens"] = [
            "; ".join(map(str, tokens)) for tokens in columns["least_likely_tokens"]
        ]
        if config.flag_below is not None:
            columns["flagged"] = [
                int(percentile < config.flag_below) for percentile in columns["percentile"]
            ]
        if check:
            columns["exact"] = exact_flags(model, accepted, model.posterior(selfies_rows)[0])
        return columns

    return tabulate(model, rows, measure)


@torch.inference_mode()
def token_nll(
    model: MoleculeVAE, selfies_rows: Sequence[Selfies]
) -> list[Float32[np.ndarray, " token"]]:
    """-log p of each token of each SELFIES under the language model, END last, in nats.

    Raises:
        ModelError: the model has no learned prior.
        MoleculeError: a SELFIES has a symbol that the vocabulary lacks.
    """
    if not model.network.has_prior:
        raise ModelError("this model has no learned prior, so molecules have no likelihood")
    nll: list[np.ndarray] = [np.empty(0, np.float32)] * len(selfies_rows)
    for batch, ids, lengths in model.batches(selfies_rows, _ROWS):
        values = model.network.prior_token_nll(ids, lengths).cpu().numpy()
        for column, (row, length) in enumerate(zip(batch, lengths.tolist(), strict=True)):
            nll[row] = values[:length, column]
    return nll


@torch.inference_mode()
def elbo_terms(
    model: MoleculeVAE, selfies_rows: Sequence[Selfies], samples: int, seed: int = 0
) -> ElboTerms:
    """Evidence lower bounds of SELFIES under the VAE with the prior N(0, I).

    Args:
        model: model that encodes and decodes.
        selfies_rows: SELFIES of the molecules.
        samples: latent vectors that are sampled from each posterior.
        seed: random seed; each molecule has random numbers of its own.

    Raises:
        MoleculeError: a SELFIES has a symbol that the vocabulary lacks.
    """
    mean = np.empty((len(selfies_rows), model.latent_size), np.float32)
    terms = np.empty((3, len(selfies_rows)), np.float32)
    for batch, ids, lengths in model.batches(selfies_rows, _ROWS):
        posterior = model.network.encode(ids, lengths)
        mean[batch] = posterior.mean.cpu().numpy()
        shape = (samples, model.latent_size)
        # Seeded by the molecule, not by those around it.
        seeds = [[seed, zlib.crc32("".join(selfies_rows[row]).encode())] for row in batch]
        draws = [np.random.default_rng(pair).standard_normal(shape, np.float32) for pair in seeds]
        noise = np.stack(draws, axis=1)
        weights, nll = [], []
        for sample in torch.from_numpy(noise).to(model.device):
            z = posterior.sample(sample)
            nll.append(model.network.reconstruction_nll(ids, lengths, z))
            # log N(z; 0, I) - log q(z | molecule) of z = mean + deviation x noise.
            ratio = 0.5 * (sample.square() + posterior.log_variance - z.square()).sum(1)
            weights.append(ratio - nll[-1])
        bound = torch.logsumexp(torch.stack(weights), dim=0) - math.log(samples)
        values = [bound, torch.stack(nll).mean(0), posterior.kl().sum(1)]
        terms[:, batch] = torch.stack(values).cpu().numpy()
    return ElboTerms(mean, *terms)


# Any: numbers, or tokens.
def _measure(
    model: MoleculeVAE, selfies_rows: Sequence[Selfies], config: LikelihoodConfig
) -> dict[str, Any]:
    """The columns of the fields of `Likelihood` but the first."""
    nll = token_nll(model, selfies_rows)
    log_likelihood = np.array([-values.sum(dtype=np.float64) for values in nll])
    terms = elbo_terms(model, selfies_rows, config.samples, config.seed)
    quantiles = model.card.likelihood_quantiles
    least_likely = []
    for selfies, values in zip(selfies_rows, nll, strict=True):
        ids = model.vocabulary.encode(selfies)
        tokens = [*("".join(model.vocabulary.decode([index])) for index in ids), _END]
        order = np.argsort(-values, kind="stable")[:_LISTED].tolist()
        least_likely.append(tuple(TokenNll(tokens[row], float(values[row])) for row in order))
    columns: dict[str, Any] = {"log_likelihood": log_likelihood.tolist()}
    if quantiles is not None:
        columns["percentile"] = quantiles.percentiles(log_likelihood).tolist()
    return columns | {
        "symbols": [len(selfies) + 1 for selfies in selfies_rows],
        "elbo": terms.elbo.tolist(),
        "reconstruction": terms.reconstruction.tolist(),
        "kl": terms.kl.tolist(),
        "log_density": model.log_density(terms.mean).tolist(),
        "least_likely_tokens": least_likely,
    }
