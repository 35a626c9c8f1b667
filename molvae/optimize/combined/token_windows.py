"""Children of molecules in which a few tokens are rewritten by a model's decoder."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from molvae.chem.notation import Selfies, is_unrepaired
from molvae.model.latents import add_noise
from molvae.model.network import SequenceVAE
from molvae.model.token_decoder import TokenDecoder
from molvae.model.windows import Windows, WindowSampler
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.combined.sources.source import EncodedMolecule

LANGUAGE_MODEL = 1.0
"""Noise level at which nothing of the latent vector is left: the decoder is a language model."""
_TRIES = 16
"""Windows rewritten per child."""
_JUDGED = 4
"""Results per child whose likelihood is computed; SELFIES that decode as written come first."""
_REPAIR_PENALTY = 1e6
"""Nats beyond any NLL."""
_ROWS = 128
"""Children that are made at once."""


def rewrite_tokens(
    model: MoleculeVAE,
    seed: int,
    *,
    parents: Sequence[EncodedMolecule],
    sizes: Sequence[tuple[int, int]],
    noise_level: float = LANGUAGE_MODEL,
) -> list[Selfies]:
    """A child of each parent: tokens at a random position removed and others sampled there.

    The tokens before and after stay as they are. New tokens are sampled given the tokens before
    them: from the language model, or from the decoder given the parent's latent vector with noise.
    Of several such sequences that decode without repair, the likeliest is returned.

    Args:
        model: model that proposes the tokens.
        seed: random seed.
        parents: molecules to change, with repetitions.
        sizes: for each parent the number of tokens removed and the number written.
        noise_level: noise in the latent vector; at 1 tokens come from the language model. A
            decoder that is not shared with the language model gets the latent vector without noise
            at any level below 1.
    """
    numbers = np.random.default_rng(seed)
    source = torch.Generator(model.device).manual_seed(seed)
    children: list[Selfies] = []
    for start in range(0, len(parents), _ROWS):
        rows = slice(start, start + _ROWS)
        children += _rewrite(model, parents[rows], sizes[rows], noise_level, numbers, source)
    return children


@torch.inference_mode()
def _rewrite(
    model: MoleculeVAE,
    parents: Sequence[EncodedMolecule],
    sizes: Sequence[tuple[int, int]],
    noise_level: float,
    numbers: np.random.Generator,
    source: torch.Generator,
) -> list[Selfies]:
    # A parent that occurs several times is read once.
    unique = list({parent.selfies: parent for parent in parents}.values())
    index = {parent.selfies: row for row, parent in enumerate(unique)}
    sequences = model.vocabulary.encode_batch([parent.selfies for parent in unique])
    rows = [index[parent.selfies] for parent in parents]
    windows = _choose_windows(rows, sequences, sizes, numbers, model.device)
    means = torch.as_tensor(np.stack([parent.mean for parent in unique]), device=model.device)
    decoder, context = _token_model(model.network, means, noise_level, source)
    sampler = WindowSampler(decoder, sequences, context)
    rewritten = sampler.sample(windows, source)
    children = [model.vocabulary.decode(ids) for ids in rewritten]
    # A stable sort, so that among equals the choice is random.
    ranks = np.array([not is_unrepaired(child) for child in children]).reshape(-1, _TRIES)
    columns = np.argsort(ranks, axis=1, kind="stable")[:, :_JUDGED]
    judged = (np.arange(len(ranks))[:, None] * _TRIES + columns).ravel()
    nll = sampler.nll(
        windows.at(torch.as_tensor(judged, device=model.device)), [rewritten[row] for row in judged]
    )
    # A child that needs repair is chosen only if no other was sampled.
    penalized = nll.cpu().numpy() + _REPAIR_PENALTY * ranks.ravel()[judged]
    best = penalized.reshape(-1, columns.shape[1]).argmin(1)
    return [children[judged[row * columns.shape[1] + column]] for row, column in enumerate(best)]


def _choose_windows(
    rows: Sequence[int],
    sequences: Sequence[Sequence[int]],
    sizes: Sequence[tuple[int, int]],
    numbers: np.random.Generator,
    device: torch.device,
) -> Windows:
    """Windows of the given sizes at random positions, several for each child in a row."""
    table: list[tuple[int, int, int, int]] = []
    for row, (removed, written) in zip(rows, sizes, strict=True):
        length = len(sequences[row])
        fewer = min(removed, length)
        # Something is left of the molecule.
        more = max(written, 1) if fewer == length else written
        starts = numbers.integers(length - fewer + 1, size=_TRIES).tolist()
        table += [(row, start, fewer, more) for start in starts]
    return Windows(*torch.tensor(table, device=device).t())


def _token_model(
    network: SequenceVAE,
    means: Float[Tensor, "molecule latent"],
    noise_level: float,
    source: torch.Generator,
) -> tuple[TokenDecoder, Float[Tensor, "molecule context"]]:
    """The model that proposes tokens at this noise level, and its context for each molecule."""
    if noise_level >= LANGUAGE_MODEL and network.has_prior:
        return network.unconditional_decoder(len(means))
    if not network.is_shared:
        return network.conditional_decoder(means)
    noise = torch.randn(means.shape, generator=source, device=means.device)
    levels = means.new_full((len(means),), noise_level)
    return network.conditional_decoder(add_noise(means, levels, noise), noise_level)
