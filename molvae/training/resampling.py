"""Fit the acceptance of a learned prior's draws to the codes of training molecules."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from molvae.dataset.corpus import Corpus
from molvae.diagnosis.figures import auc
from molvae.generation import GenerateConfig, generate
from molvae.model.acceptance import Acceptance
from molvae.molecule_vae import MoleculeVAE
from molvae.training.progress import Notify

_LEAST = 1_000
"""Draws and codes of each kind, below which a classifier learns nothing worth having."""
_MOST_DRAWS = 20.0
"""Draws for each that counts."""
_HELD_OUT = 0.1
_BELOW_CEILING = 0.95
_EPOCHS = 40
_PATIENCE = 4
_ROWS = 256
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.01


@dataclass(frozen=True)
class Resampling:
    """How an acceptance was fitted."""

    draws: int
    """Of the learned prior, and as many codes of training molecules; a tenth of both held out."""
    share: float
    """Of all draws that it takes."""
    auc: float
    """Chance that the classifier finds a held-out code likelier to be one than a held-out draw;
    0.5 means that it cannot tell them apart."""

    # Any: as JSON has it.
    def to_json(self) -> dict[str, Any]:
        """The figures."""
        return {"draws": self.draws, "share": round(self.share, 4), "auc": round(self.auc, 4)}

    def __str__(self) -> str:
        return (
            f"learned prior: {self.share:.0%} of its draws are taken, fitted to {self.draws:,}; "
            f"AUC of codes against draws {self.auc:.2f}"
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

    The draws that it is fitted to are distinct, exact and taken by SELFIES as they are written,
    such as `generate` gives; an earlier acceptance is given up. Where fewer than 1,000 come, there
    is none.

    Args:
        model: faithful, with a learned prior; its card gets the figures.
        corpus: in the model's vocabulary.
        training: molecules of the corpus that the model was trained on.
        n: draws to fit to; no more than there are molecules.
        seed: of the draws, the choice of molecules, and the fit.
        notify: called with each line that the user should read.
        progress: whether to show bars.
    """
    model.network.acceptance = None
    n = min(n, len(training))
    if n < _LEAST:
        return None
    if notify is not None:
        notify(f"fitting the learned prior's acceptance to {n:,} of its draws")
    config = GenerateConfig(
        n=n, prior="push-forward", exact=True, strict=True, properties=(), most_draws=_MOST_DRAWS,
        seed=seed,
    )  # fmt: skip
    points = generate(model, config, progress=progress).points
    if len(points) < _LEAST:
        return None
    source = np.random.default_rng(seed)
    chosen = source.choice(training, len(points), replace=False)
    codes = model.posterior([corpus.spelling(int(index)) for index in chosen])[0]
    draws = torch.from_numpy(source.permutation(points))
    fitted, auc_held_out = fit_acceptance(Points(torch.from_numpy(codes), draws), seed)
    model.network.acceptance = fitted.to(model.device)
    found = Resampling(len(points), float(fitted.log_share.exp()), auc_held_out)
    model.card = {**model.card, "acceptance": found.to_json()}
    if notify is not None:
        notify(str(found))
    return found


@dataclass(frozen=True)
class Points:
    """Codes of molecules and draws of a prior, as many."""

    codes: Float[Tensor, "molecule latent"]
    draws: Float[Tensor, "draw latent"]

    @property
    def both(self) -> Float[Tensor, "point latent"]:
        """Codes, then draws."""
        return torch.cat([self.codes, self.draws])

    @property
    def are_codes(self) -> Float[Tensor, " point"]:
        """1 for each of the codes, 0 for each of the draws."""
        return torch.cat([torch.ones(len(self.codes)), torch.zeros(len(self.draws))])

    def split(self, n: int) -> tuple["Points", "Points"]:
        """The first `n` of each kind, and the others."""
        return Points(self.codes[:n], self.draws[:n]), Points(self.codes[n:], self.draws[n:])


def fit_acceptance(points: Points, seed: int) -> tuple[Acceptance, float]:
    """An acceptance by a classifier that tells codes from draws, and its AUC on held-out ones.

    Args:
        points: in any order; the first tenth of each kind is held out.
        seed: of the first weights, dropout and the order of the updates.
    """
    held_out, trained_on = points.split(math.ceil(_HELD_OUT * len(points.draws)))
    # nn.Module draws its weights and its dropout from torch's global generator.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # noqa: TID251
        acceptance = Acceptance(points.draws.shape[1])
        acceptance.standardise(trained_on.both)
        _train(acceptance, trained_on, held_out)
    with torch.inference_mode():
        acceptance.calibrate(points.draws, _BELOW_CEILING)
        odds = [acceptance.log_odds(part).numpy() for part in (held_out.codes, held_out.draws)]
    return acceptance, auc(*odds)


def _train(acceptance: Acceptance, trained_on: Points, held_out: Points) -> None:
    """Logistic regression of codes against draws, ended when held-out ones get no likelier."""
    points, wanted = trained_on.both, trained_on.are_codes
    optimizer = torch.optim.AdamW(
        acceptance.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY
    )
    best, weights, stale = math.inf, acceptance.state_dict(), 0
    for _ in range(_EPOCHS):
        acceptance.train()
        for rows in torch.split(torch.randperm(len(points)), _ROWS):
            optimizer.zero_grad()
            _loss(acceptance, points[rows], wanted[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        acceptance.eval()
        with torch.inference_mode():
            loss = float(_loss(acceptance, held_out.both, held_out.are_codes))
        stale = 0 if loss < best else stale + 1
        if loss < best:
            best, weights = loss, copy.deepcopy(acceptance.state_dict())
        if stale == _PATIENCE:
            break
    acceptance.load_state_dict(weights)


def _loss(
    acceptance: Acceptance,
    points: Float[Tensor, "point latent"],
    are_codes: Float[Tensor, " point"],
) -> Float[Tensor, ""]:
    """Mean surprise at what each point is, in nats."""
    return nn.functional.binary_cross_entropy_with_logits(acceptance.log_odds(points), are_codes)
