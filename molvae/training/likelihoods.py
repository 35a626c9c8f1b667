"""Likelihoods of the held-out molecules, kept on the card of a trained model."""

from molvae.likelihood_quantiles import MIN_MOLECULES, LikelihoodQuantiles
from molvae.molecule_vae import MoleculeVAE
from molvae.training.start import TrainingData


def keep_likelihoods(model: MoleculeVAE, data: TrainingData) -> bool:
    """Put the likelihoods of the held-out molecules on a model's card; whether there are any.

    There are none for a model without a learned prior, or with too few held-out molecules.
    """
    if not model.network.has_prior or len(data.held_out) < MIN_MOLECULES:
        return False
    nll = model.nll([data.corpus.selfies(int(index)) for index in data.held_out])
    quantiles = LikelihoodQuantiles.of(-nll)
    model.card["likelihood_quantiles"] = quantiles.model_dump(mode="json")
    return True
