import numpy as np
import torch

from molvae.dataset.corpus import prepare_corpus
from molvae.molecule_vae import MoleculeVAE
from molvae.training.loop import TrainingLoop
from molvae.training.team import Team


def test_each_update_draws_noise_of_its_own_that_the_seed_and_its_number_decide(tiny_plan):
    corpus = prepare_corpus(tiny_plan.data, tiny_plan.corpus)
    # One molecule and weights that stand still: only the noise tells updates apart.
    config = tiny_plan.train.with_changes({"learning_rate": 1e-30, "epochs": 3, "weight_decay": 0})

    def losses(done):
        model = MoleculeVAE.untrained(corpus.vocabulary, tiny_plan.model)
        indices = np.arange(1)
        loop = TrainingLoop(model.network, corpus, indices, config, Team(), torch.float32)
        return [step.losses["reconstruction"] for step in loop.steps(done, lambda: (0.0, False))]

    whole = losses(0)
    assert len({round(loss, 3) for loss in whole}) == 3
    assert losses(1) == whole[1:]
