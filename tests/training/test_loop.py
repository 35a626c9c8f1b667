import numpy as np
import torch

from molvae.chem.notation import remove_stereo
from molvae.dataset.preparation import prepare_corpus
from molvae.dataset.views import FEATURES
from molvae.molecule_vae import MoleculeVAE
from molvae.training.loop import TrainingLoop, draw_noise_levels
from molvae.training.process_group import ProcessGroup


def test_each_update_draws_noise_of_its_own_that_the_seed_and_its_number_decide(tiny_plan):
    corpus = prepare_corpus(tiny_plan.data, tiny_plan.corpus)
    # One molecule and weights that stand still: only the noise tells updates apart.
    config = tiny_plan.train.with_changes({"learning_rate": 1e-30, "epochs": 3})

    def losses(done):
        model = MoleculeVAE.untrained(corpus.vocabulary, tiny_plan.model)
        indices = np.arange(1)
        loop = TrainingLoop(model.network, corpus, indices, config, ProcessGroup(), torch.float32)
        steps = loop.steps(done, 0.0, lambda: (0.0, False))
        return [step.losses["reconstruction"] for step in steps]

    whole = losses(0)
    assert len({round(loss, 3) for loss in whole}) == 3
    assert losses(1) == whole[1:]


def test_a_training_by_the_clock_goes_on_where_it_was_by_the_clock(tiny_plan):
    corpus = prepare_corpus(tiny_plan.data, tiny_plan.corpus)
    model = MoleculeVAE.untrained(corpus.vocabulary, tiny_plan.model)
    indices = np.arange(len(corpus))
    loop = TrainingLoop(
        model.network, corpus, indices, tiny_plan.train, ProcessGroup(), torch.float32
    )
    step = next(loop.steps(50, 0.9, lambda: (0.9, False)))
    assert step.progress == 0.9
    assert step.learning_rate < 0.1 * tiny_plan.train.learning_rate


class TestNoiseLevels:
    def test_shares_of_a_batch_have_no_noise_some_and_nothing_else(self):
        levels = draw_noise_levels(200, torch.Generator().manual_seed(0))
        assert (levels == 1.0).sum() == 30
        assert ((levels > 0.0) & (levels < 1.0)).sum() == 30
        assert (levels == 0.0).sum() == 140

    def test_the_smallest_batches_have_a_level_for_each_row(self):
        for n in (1, 2, 3):
            levels = draw_noise_levels(n, torch.Generator().manual_seed(0))
            assert levels.shape == (n,)
            assert ((levels >= 0.0) & (levels <= 1.0)).all()


def test_molecules_with_stereo_marks_are_flattened_in_the_share_that_is_set(tiny_plan, tmp_path):
    def first_loss(rows, share):
        data = tmp_path / f"{len(rows[0])}.csv"
        data.write_text("\n".join(["smiles", *rows, ""]))
        plain = prepare_corpus(data)
        symbols = remove_stereo(plain.vocabulary.symbols)
        corpus = plain.recode(plain.vocabulary.with_symbols(symbols))
        model = MoleculeVAE.untrained(corpus.vocabulary, tiny_plan.model)
        config = tiny_plan.train.with_changes({"flatten": share})
        indices = np.arange(len(corpus))
        loop = TrainingLoop(model.network, corpus, indices, config, ProcessGroup(), torch.float32)
        return next(loop.steps(0, 0.0, lambda: (0.0, False))).losses["reconstruction"]

    marked, flat = ["C[C@H](N)C(=O)O", "CC[C@@H](F)Cl"], ["CCCO", "CCCCN"]
    assert first_loss(marked, 1.0) != first_loss(marked, 0.0)
    assert first_loss(flat, 1.0) == first_loss(flat, 0.0)


def test_the_encoder_reads_other_spellings_in_the_share_that_is_set(tiny_plan):
    corpus = prepare_corpus(tiny_plan.data, tiny_plan.corpus).add_views()

    def first_kl(share):
        model = MoleculeVAE.untrained(corpus.vocabulary, tiny_plan.model)
        config = tiny_plan.train.with_changes({"respell": share})
        indices = np.arange(len(corpus))
        loop = TrainingLoop(model.network, corpus, indices, config, ProcessGroup(), torch.float32)
        return next(loop.steps(0, 0.0, lambda: (0.0, False))).losses["kl"]

    assert first_kl(1.0) != first_kl(0.0)


def test_fingerprints_are_learned_from_z(tiny_plan):
    corpus = prepare_corpus(tiny_plan.data, tiny_plan.corpus).add_views()
    model = MoleculeVAE.untrained(corpus.vocabulary, tiny_plan.model)
    model.network.add_fingerprint_head(FEATURES)
    config = tiny_plan.train.with_changes(
        {"fingerprint_weight": 1.0, "epochs": 20, "learning_rate": 0.01}
    )
    indices = np.arange(len(corpus))
    loop = TrainingLoop(model.network, corpus, indices, config, ProcessGroup(), torch.float32)

    def error():
        batch = corpus.batch(indices)
        with torch.no_grad():
            z = model.network.encode(torch.tensor(batch.ids), torch.tensor(batch.lengths)).mean
            wanted = torch.tensor(batch.fingerprints)
            return float(model.network.fingerprint_head.squared_errors(z, wanted).mean())

    before = error()
    for _ in loop.steps(0, 0.0, lambda: (0.0, False)):
        pass
    assert error() < 0.8 * before
