"""Likelihoods of held-out molecules, kept on the card of a trained model."""

from collections.abc import Sequence

from molvae.chem.notation import Selfies
from molvae.likelihood_quantiles import MIN_MOLECULES, LikelihoodQuantiles
from molvae.molecule_vae import MoleculeVAE


def keep_likelihoods(model: MoleculeVAE, held_out: Sequence[Selfies]) -> bool:
    """Put the likelihoods of held-out molecules on a model's card; return whether there are any.

    There are none for a model without a learned prior, or with too few held-out molecules.
    """
    if not model.network.has_prior or len(held_out) < MIN_MOLECULES:
        return False
    quantiles = LikelihoodQuantiles.of(-model.nll(held_out))
    model.card["likelihood_quantiles"] = quantiles.model_dump(mode="json")
    return True
