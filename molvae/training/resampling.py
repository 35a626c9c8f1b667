"""Fitting of the acceptance of a learned prior's samples to training molecules."""

import copy
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, UInt8
from torch import Tensor, nn

from molvae.chem.notation import Selfies
from molvae.chem.similarity import selfies_substructures
from molvae.dataset.corpus import Corpus
from molvae.diagnosis.figures import auc
from molvae.generation import generate
from molvae.generation_config import GenerateConfig
from molvae.model.acceptance import Acceptance, DrawFeatures
from molvae.molecule_vae import MoleculeVAE
from molvae.training.progress import Notify

_LOG = logging.getLogger(__name__)

MIN_MOLECULES = 1_000
"""Molecules of each kind below which no classifier is fitted."""
_MAX_SAMPLES_PER_MOLECULE = 20.0
_HELD_OUT = 0.1
_BELOW_CEILING = 0.99
_OVERCONFIDENT_FACTOR = 5
"""The prior is overconfident of a molecule likelier than 1 / (5 x number of training molecules).

Each training molecule occurs once in the training set.
"""
_STANDARDISED = 20_000
"""Molecules of each kind from which features are standardised."""
_EPOCHS = 40
_PATIENCE = 3
_BATCH = 256
_ROWS = 4_096
_LEARNING_RATE = 3e-4
_WEIGHT_DECAY = 0.1

Counts = UInt8[Tensor, "molecule substructure"]


@dataclass(frozen=True)
class Resampling:
    """Result of fitting an acceptance."""

    draws: int
    """Samples of the learned prior; there are as many training molecules. A tenth is held out."""
    share: float
    """Acceptance rate of such samples."""
    auc: float
    """ROC AUC of the classifier, held-out training molecules against held-out samples."""

    # Any: JSON values.
    def to_json(self) -> dict[str, Any]:
        """The figures."""
        return {"draws": self.draws, "share": round(self.share, 4), "auc": round(self.auc, 4)}

    def __str__(self) -> str:
        return (
            f"learned prior: {self.share:.0%} of its samples are accepted, fitted to "
            f"{self.draws:,}; AUC of molecules against samples {self.auc:.2f}"
        )


def resample_prior(
    model: MoleculeVAE,
    corpus: Corpus,
    training: Int64[np.ndarray, " chosen"],
    n: int,
    seed: int = 0,
    *,
    notify: Notify | None = None,
    progress: bool = False,
) -> Resampling | None:
    """Fit an acceptance to the model's learned prior, which replaces an earlier acceptance.

    It is fitted to the molecules that `generate` returns: distinct and unrepaired.
    A classifier that saw other samples would learn to detect those, which are refused anyway. None
    is returned, and no acceptance fitted, with fewer than 1,000 molecules.

    Args:
        model: a model with a learned prior; its card gets the figures.
        corpus: corpus in the model's vocabulary.
        training: indices of the molecules that the model was trained on.
        n: number of samples, at most that of the training molecules.
        seed: random seed of the samples, the choice of molecules and the fit.
        notify: called with each line that the user should read; None logs it (logger `molvae`).
        progress: whether to show a bar.

    Raises:
        ModelError: the model has no learned prior.
    """
    model.network.acceptance = None
    n = min(n, len(training))
    if n < MIN_MOLECULES:
        return None
    notify = notify or _LOG.info
    notify(f"fitting the learned prior's acceptance to {n:,} of its samples")
    settings = GenerateConfig(n=n, seed=seed, prior="push-forward", strict=True)
    settings = settings.with_changes({"properties": (), "most_draws": _MAX_SAMPLES_PER_MOLECULE})
    drawn = generate(model, settings, progress=progress).selfies_rows
    if len(drawn) < MIN_MOLECULES:
        return None
    chosen = np.random.default_rng(seed).choice(training, len(drawn), replace=False)
    known = [corpus.selfies(int(index)) for index in chosen]
    nll = torch.from_numpy(model.nll(drawn[: held_out_size(len(drawn))]))
    labelled = Labelled(_counts(known), _counts(drawn))
    nll_floor = math.log(_OVERCONFIDENT_FACTOR * len(training))
    fitted, auc_held_out = fit_acceptance(labelled, nll, nll_floor, seed)
    model.network.acceptance = fitted.to(model.device)
    resampling = Resampling(len(drawn), float(fitted.log_z.exp()), auc_held_out)
    model.card["acceptance"] = resampling.to_json()
    notify(str(resampling))
    return resampling


def _counts(selfies_rows: Sequence[Selfies]) -> Counts:
    """Counts of substructures; in batches, as parsed molecules are large."""
    tables = [
        selfies_substructures(selfies_rows[at : at + _ROWS])
        for at in range(0, len(selfies_rows), _ROWS)
    ]
    return torch.from_numpy(np.concatenate(tables))


@dataclass(frozen=True)
class Labelled:
    """Substructures of training molecules and of as many samples of a prior."""

    known: Counts
    draws: Counts

    def __len__(self) -> int:
        return len(self.known) + len(self.draws)

    def split(self, n: int) -> tuple["Labelled", "Labelled"]:
        """The first `n` of each kind, and the rest."""
        first = Labelled(self.known[:n], self.draws[:n])
        return first, Labelled(self.known[n:], self.draws[n:])

    def batch(self, indices: Int[Tensor, " index"]) -> tuple[Counts, Float[Tensor, " molecule"]]:
        """Molecules by index, training molecules first, with labels 1 and 0 for samples."""
        known = indices[indices < len(self.known)]
        draws = indices[indices >= len(self.known)] - len(self.known)
        counts = torch.cat([self.known[known], self.draws[draws]])
        return counts, torch.cat([torch.ones(len(known)), torch.zeros(len(draws))])


def held_out_size(n: int) -> int:
    """Number of samples out of `n` that a fit holds out, and of as many molecules."""
    return math.ceil(_HELD_OUT * n)


def fit_acceptance(
    molecules: Labelled,
    nll: Float[Tensor, " held_out"],
    nll_floor: float,
    seed: int = 0,
) -> tuple[Acceptance, float]:
    """Fit a classifier that tells the two kinds apart; the acceptance and its held-out ROC AUC.

    Args:
        molecules: molecules in random order; the first tenth of each kind is held out.
        nll: negative log-likelihood of each held-out sample under the prior, in nats.
        nll_floor: negative log-likelihood below which the prior is overconfident.
        seed: random seed of the weights, dropout and the order of the updates.
    """
    held_out, trained_on = molecules.split(held_out_size(len(molecules.draws)))
    # nn.Module draws its weights and its dropout from torch's global generator.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # noqa: TID251
        acceptance = Acceptance(molecules.draws.shape[1])
        acceptance.standardise(
            torch.cat([trained_on.known[:_STANDARDISED], trained_on.draws[:_STANDARDISED]])
        )
        _train(acceptance, trained_on, held_out)
    acceptance.nll_floor.fill_(nll_floor)
    with torch.inference_mode():
        # Held-out samples: the classifier is overconfident of those that it was trained on.
        acceptance.calibrate(DrawFeatures(held_out.draws, nll), _BELOW_CEILING)
        known, draws = map(acceptance.classifier_logits, (held_out.known, held_out.draws))
    return acceptance, auc(known.numpy(), draws.numpy())


def _train(acceptance: Acceptance, trained_on: Labelled, held_out: Labelled) -> None:
    """Logistic regression with early stopping on the held-out molecules."""
    optimizer = torch.optim.AdamW(
        acceptance.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    best, weights, stale = math.inf, acceptance.state_dict(), 0
    for _ in range(_EPOCHS):
        acceptance.train()
        for indices in torch.split(torch.randperm(len(trained_on)), _BATCH):
            optimizer.zero_grad()
            loss = _loss(acceptance, *trained_on.batch(indices))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        acceptance.eval()
        with torch.inference_mode():
            nll = float(_loss(acceptance, *held_out.batch(torch.arange(len(held_out)))))
        stale = 0 if nll < best else stale + 1
        if nll < best:
            best, weights = nll, copy.deepcopy(acceptance.state_dict())
        if stale == _PATIENCE:
            break
    acceptance.load_state_dict(weights)


def _loss(
    acceptance: Acceptance, molecules: Counts, are_known: Float[Tensor, " molecule"]
) -> Float[Tensor, ""]:
    """Mean binary cross-entropy, in nats."""
    logits = acceptance.classifier_logits(molecules)
    return nn.functional.binary_cross_entropy_with_logits(logits, are_known)
