"""Fit the acceptance of a learned prior's draws, by what training molecules are like."""

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

_LEAST = 1_000
"""Molecules of each kind, below which a classifier learns nothing worth having."""
_MOST_DRAWS = 20.0
"""Draws for each that counts."""
_HELD_OUT = 0.1
_BELOW_CEILING = 0.99
_OVER = 5
"""A draw that is likelier than one in so many times the training set is one too sure: each of its
molecules is there once."""
_SCALED = 20_000
"""Of each kind, by which features are standardised."""
_EPOCHS = 40
_PATIENCE = 3
_BATCH = 256
_ROWS = 4_096
_LEARNING_RATE = 3e-4
_WEIGHT_DECAY = 0.1

Counts = UInt8[Tensor, "molecule substructure"]


@dataclass(frozen=True)
class Resampling:
    """How an acceptance was fitted."""

    draws: int
    """Of the learned prior, and as many training molecules; a tenth of both held out."""
    share: float
    """Of such draws that it takes."""
    auc: float
    """Chance that of a held-out molecule of the training set and a held-out draw the classifier
    finds the former the likelier to be one; 0.5 means that it cannot tell them apart."""

    # Any: as JSON has it.
    def to_json(self) -> dict[str, Any]:
        """The figures."""
        return {"draws": self.draws, "share": round(self.share, 4), "auc": round(self.auc, 4)}

    def __str__(self) -> str:
        return (
            f"learned prior: {self.share:.0%} of its draws are taken, fitted to {self.draws:,}; "
            f"AUC of molecules against draws {self.auc:.2f}"
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
    """Fit an acceptance to the model's learned prior; from then on the prior is the resampled one.

    It is fitted to draws that count: distinct, exact, and taken by SELFIES as they are written, as
    `generate` gives them. A classifier that saw the others too would learn to tell those, which are
    left out anyway. An earlier acceptance is given up. With fewer than 1,000 there is none.

    Args:
        model: with a learned prior; its card gets the figures.
        corpus: in the model's vocabulary.
        training: molecules of the corpus that the model was trained on.
        n: draws to fit to; no more than there are molecules.
        seed: of the draws, the choice of molecules, and the fit.
        notify: called with each line that the user should read; None logs it (logger `molvae`).
        progress: whether to show a bar.

    Raises:
        ModelError: the model has no learned prior.
    """
    model.network.acceptance = None
    n = min(n, len(training))
    if n < _LEAST:
        return None
    notify = notify or _LOG.info
    notify(f"fitting the learned prior's acceptance to {n:,} of its draws")
    settings = GenerateConfig(n=n, seed=seed, prior="push-forward", exact=True, strict=True)
    settings = settings.with_changes({"properties": (), "most_draws": _MOST_DRAWS})
    drawn = generate(model, settings, progress=progress).selfies_rows
    if len(drawn) < _LEAST:
        return None
    chosen = np.random.default_rng(seed).choice(training, len(drawn), replace=False)
    known = [corpus.selfies(int(index)) for index in chosen]
    nll = torch.from_numpy(model.nll(drawn[: held_out_of(len(drawn))]))
    labelled, usual = Labelled(_counts(known), _counts(drawn)), math.log(_OVER * len(training))
    fitted, auc_held_out = fit_acceptance(labelled, nll, usual, seed)
    model.network.acceptance = fitted.to(model.device)
    found = Resampling(len(drawn), float(fitted.log_z.exp()), auc_held_out)
    model.card["acceptance"] = found.to_json()
    notify(str(found))
    return found


def _counts(selfies_rows: Sequence[Selfies]) -> Counts:
    """Of what stands in the molecules, a part after the other: parsed, they are large."""
    tables = [
        selfies_substructures(selfies_rows[at : at + _ROWS])
        for at in range(0, len(selfies_rows), _ROWS)
    ]
    return torch.from_numpy(np.concatenate(tables))


@dataclass(frozen=True)
class Labelled:
    """Molecules of a training set and draws of a prior, as many, by what stands in them."""

    known: Counts
    draws: Counts

    def __len__(self) -> int:
        return len(self.known) + len(self.draws)

    def split(self, n: int) -> tuple["Labelled", "Labelled"]:
        """The first `n` of each kind, and the others."""
        first = Labelled(self.known[:n], self.draws[:n])
        return first, Labelled(self.known[n:], self.draws[n:])

    def at(self, places: Int[Tensor, " place"]) -> tuple[Counts, Float[Tensor, " molecule"]]:
        """The molecules of these places, the draws' after the others', and 1 for each known one."""
        known = places[places < len(self.known)]
        draws = places[places >= len(self.known)] - len(self.known)
        counts = torch.cat([self.known[known], self.draws[draws]])
        return counts, torch.cat([torch.ones(len(known)), torch.zeros(len(draws))])


def held_out_of(n: int) -> int:
    """How many of `n` draws a fit holds out, and as many molecules."""
    return math.ceil(_HELD_OUT * n)


def fit_acceptance(
    molecules: Labelled,
    nll: Float[Tensor, " held_out"],
    usual: float,
    seed: int = 0,
) -> tuple[Acceptance, float]:
    """An acceptance by a classifier that tells the two kinds apart, and its AUC on held-out ones.

    Args:
        molecules: in any order; the first tenth of each kind is held out.
        nll: -log p of each held-out draw under the prior, in nats.
        usual: the surprise below which the prior is too sure of a draw.
        seed: of the first weights, dropout and the order of the updates.
    """
    held_out, trained_on = molecules.split(held_out_of(len(molecules.draws)))
    # nn.Module draws its weights and its dropout from torch's global generator.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # noqa: TID251
        acceptance = Acceptance(molecules.draws.shape[1])
        acceptance.standardise(torch.cat([trained_on.known[:_SCALED], trained_on.draws[:_SCALED]]))
        _train(acceptance, trained_on, held_out)
    acceptance.nll_floor.fill_(usual)
    with torch.inference_mode():
        # Of the draws that it was trained on it is too sure: their odds are too low.
        acceptance.calibrate(DrawFeatures(held_out.draws, nll), _BELOW_CEILING)
        odds = [
            acceptance.classifier_logits(part).numpy() for part in (held_out.known, held_out.draws)
        ]
    return acceptance, auc(*odds)


def _train(acceptance: Acceptance, trained_on: Labelled, held_out: Labelled) -> None:
    """Logistic regression, ended when what the held-out ones are gets no likelier."""
    optimizer = torch.optim.AdamW(
        acceptance.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    best, weights, stale = math.inf, acceptance.state_dict(), 0
    for _ in range(_EPOCHS):
        acceptance.train()
        for places in torch.split(torch.randperm(len(trained_on)), _BATCH):
            optimizer.zero_grad()
            loss = _loss(acceptance, *trained_on.at(places))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        acceptance.eval()
        with torch.inference_mode():
            nll = float(_loss(acceptance, *held_out.at(torch.arange(len(held_out)))))
        stale = 0 if nll < best else stale + 1
        if nll < best:
            best, weights = nll, copy.deepcopy(acceptance.state_dict())
        if stale == _PATIENCE:
            break
    acceptance.load_state_dict(weights)


def _loss(
    acceptance: Acceptance, molecules: Counts, are_known: Float[Tensor, " molecule"]
) -> Float[Tensor, ""]:
    """Mean surprise at what each molecule is, in nats."""
    odds = acceptance.classifier_logits(molecules)
    return nn.functional.binary_cross_entropy_with_logits(odds, are_known)
