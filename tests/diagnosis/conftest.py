"""A model whose figures can be worked out by hand."""

import math

import pytest
import torch

from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.special_ids import END
from molvae.vocabulary import Vocabulary

NEVER = -80.0
SMALL = ModelConfig(
    embedding_size=4,
    encoder_size=8,
    decoder_size=8,
    latent_size=6,
    prior_size=0,
    decoder="separate",
)


@pytest.fixture(scope="session")
def writer():
    """Makes a model that writes each symbol with the given chance, whatever the point.

    The chances are by symbol, and "end" for the end. All symbols are equally likely to its
    language model, where it has one.
    """

    def make(chances, prior_size=0):
        vocabulary = Vocabulary.from_symbols(())
        config = SMALL.model_copy(update={"prior_size": prior_size})
        model = MoleculeVAE.untrained(vocabulary, config, seed=3)
        bias = torch.full((len(vocabulary),), NEVER)
        for symbol, chance in chances.items():
            place = END if symbol == "end" else vocabulary.encode([symbol])[0]
            bias[place] = math.log(chance)
        with torch.no_grad():
            model.network.decoder.to_logits.weight.zero_()
            model.network.decoder.to_logits.bias.copy_(bias)
            if model.network.language_model is not None:
                model.network.language_model.to_logits.weight.zero_()
                model.network.language_model.to_logits.bias.zero_()
        return model

    return make


@pytest.fixture(scope="session")
def fluorine(writer):
    """Writes [F] for ever, which spells FF: fluorine has one bond."""
    return writer({"[F]": 1.0})
