import csv

import numpy as np
import pytest
import torch
from torch.distributions import Poisson

from molvae.dataset.preparation import prepare_corpus
from molvae.files import read_json
from molvae.model.acceptance import DrawFeatures
from molvae.model.prior import PushForwardPrior
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import find_model
from molvae.runs import RunDirectory
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.resampling import Labelled, fit_acceptance, held_out_size, resample_prior
from molvae.training.run import resume, train
from molvae.training.session import StopReason
from tests.conftest import SAMPLE


def counts(mean, n, seed):
    """Of four features, the first of which occurs so often in the mean."""
    means = torch.tensor([mean, 3.0, 3.0, 3.0]).expand(n, -1)
    drawn = torch.poisson(means, generator=torch.Generator().manual_seed(seed))
    return drawn.to(torch.uint8)


def fitted(molecules, seed=0):
    """Where the surprise tells nothing."""
    same = torch.full((held_out_size(len(molecules.draws)),), 20.0)
    return fit_acceptance(molecules, same, 10.0, seed)


def plain(counts):
    return DrawFeatures(counts, torch.full((len(counts),), 20.0))


def test_what_is_taken_is_like_the_training_molecules():
    acceptance, found = fitted(Labelled(counts(5.0, 6_000, 0), counts(3.0, 6_000, 1)))
    fresh = counts(3.0, 20_000, 2)
    chance = torch.rand(len(fresh), generator=torch.Generator().manual_seed(0))
    taken = fresh[acceptance.accept(plain(fresh), chance)].float()
    assert 0.15 < len(taken) / len(fresh) < 0.6
    # Below 5: what lies beyond the ceiling is too rare among the draws to be made up for. By the
    # true odds, and a ceiling at 6, it would be 4.43.
    assert taken.mean(0).tolist() == pytest.approx([4.4, 3.0, 3.0, 3.0], abs=0.3)
    # The chance that a Poisson count of mean 5 exceeds one of mean 3, ties by halves.
    likelier = [Poisson(rate).log_prob(torch.arange(40.0)).exp() for rate in (5.0, 3.0)]
    wins = torch.outer(*likelier)
    assert found == pytest.approx(float(wins.tril(-1).sum() + wins.diag().sum() / 2), abs=0.03)


def test_the_share_that_is_taken_is_that_of_draws_that_were_not_learned_by_heart():
    def many_counts(mean, n, seed):
        means = torch.full((n, 400), mean)
        drawn = torch.poisson(means, generator=torch.Generator().manual_seed(seed))
        return drawn.to(torch.uint8)

    molecules = Labelled(many_counts(1.1, 2_000, 0), many_counts(1.0, 2_000, 1))
    acceptance, _ = fitted(molecules)
    fresh = acceptance.log_acceptance_prob(plain(many_counts(1.0, 20_000, 2))).detach().exp().mean()
    assert float(fresh) == pytest.approx(float(acceptance.log_z.exp()), rel=0.15)


def test_draws_like_the_training_molecules_are_nearly_all_alike_to_it():
    _, found = fitted(Labelled(counts(3.0, 3_000, 0), counts(3.0, 3_000, 1)))
    assert found == pytest.approx(0.5, abs=0.06)


def test_the_same_seed_gives_the_same_fit():
    molecules = Labelled(counts(4.0, 1_000, 0), counts(3.0, 1_000, 1))
    torch.random.manual_seed(0)
    first = fitted(molecules, 5)[0].state_dict()
    torch.random.manual_seed(1)
    second = fitted(molecules, 5)[0].state_dict()
    for name, weight in first.items():
        assert torch.equal(weight, second[name])


def test_what_the_prior_is_too_sure_of_is_taken_less_often():
    # By nothing else can they be told apart, so the odds are 1 but for what comes off them.
    same = Labelled(counts(3.0, 10_000, 0), counts(3.0, 10_000, 1))
    nll = 16.0 + 3.0 * torch.randn(1_000, generator=torch.Generator().manual_seed(7))
    acceptance, _ = fit_acceptance(same, nll, 16.0)
    sure_and_not = DrawFeatures(counts(3.0, 1, 2).expand(2, -1), torch.tensor([12.0, 24.0]))
    taken = acceptance.log_acceptance_prob(sure_and_not).detach()
    assert float(taken[1] - taken[0]) == pytest.approx(2.0, abs=0.3)
    # Z is that of draws that surprise so much.
    shares = acceptance.log_acceptance_prob(DrawFeatures(counts(3.0, 1_000, 3), nll)).detach().exp()
    assert float(shares.mean()) == pytest.approx(float(acceptance.log_z.exp()), rel=0.05)


def test_an_unfaithful_model_gets_none(trained):
    result, run = trained
    assert not result.model.card.is_faithful
    assert result.model.network.acceptance is None
    assert "acceptance" not in read_json(run / "model" / "model.json")["card"]


def test_too_few_molecules_to_fit_to_give_none(tiny_model, few_molecules):
    corpus = prepare_corpus(few_molecules).recode(tiny_model.vocabulary)
    assert resample_prior(tiny_model, corpus, np.arange(len(corpus)), 5_000) is None
    assert tiny_model.network.acceptance is None


@pytest.fixture(scope="module")
def resampled(tmp_path_factory):
    """A training of the shipped model's prior for a few updates, and what it said."""
    folder = tmp_path_factory.mktemp("resampled")
    with SAMPLE.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[:1_151]
    data = folder / "some.csv"
    data.write_text("".join(f"{row[0]}\n" for row in rows), encoding="utf-8")
    settings = TrainConfig(
        only="prior",
        epochs=1,
        learning_rate=1e-5,
        held_out=50,
        acceptance_draws=1_050,
        processes=1,
        device="cpu",
    )
    plan = TrainingPlan(data=data, start=find_model("moses"), train=settings)
    said: list[str] = []
    result = train(plan, folder / "run", notify=said.append)
    return result, folder / "run", said


def test_training_a_faithful_model_ends_with_an_acceptance(resampled):
    result, run, said = resampled
    saved = MoleculeVAE.from_pretrained(run / "model", "cpu")
    figures = saved.card["acceptance"]
    assert figures["draws"] == 1_050
    # Too sure: likelier than one in five times the 1,100 molecules that it was trained on.
    assert float(saved.network.acceptance.nll_floor.exp()) == pytest.approx(5_500, rel=1e-3)
    assert 0.05 < figures["share"] < 1.0
    assert 0.4 < figures["auc"] < 1.0
    assert f"{figures['share']:.0%} of its samples are accepted" in said[-1]
    # What training returns draws as what it saved does; the last weights have none.
    for one in (saved, result.model):
        prior = one.prior
        assert isinstance(prior, PushForwardPrior)
        assert prior.resampler is not None
    latents = [one.prior_latents(20, np.random.default_rng(0)) for one in (saved, result.model)]
    np.testing.assert_allclose(*latents)
    plain = saved.draw(20, np.random.default_rng(0), prior="push-forward").latents
    assert not np.allclose(plain, latents[0])
    assert MoleculeVAE.from_pretrained(run / "last_model", "cpu").network.acceptance is None


def test_a_finished_training_that_is_resumed_keeps_its_acceptance(resampled):
    _, run, _ = resampled
    before = (run / "model" / "weights.safetensors").read_bytes()
    said: list[str] = []
    resume(run, notify=said.append)
    assert not any("learned prior" in line for line in said)
    assert (run / "model" / "weights.safetensors").read_bytes() == before


def test_weights_that_are_trained_further_give_up_their_acceptance(resampled, few_molecules):
    result, run, _ = resampled
    larger = result.model.extend([], ())
    assert larger.network.acceptance is None
    settings = TrainConfig(
        only="prior", epochs=1, acceptance_draws=0, processes=1, device="cpu", learning_rate=1e-5
    )
    plan = TrainingPlan(data=few_molecules, start=run / "model", train=settings)
    further = train(plan, run.with_name("further"))
    assert further.model.network.acceptance is None
    assert result.model.network.acceptance is not None


# The acceptance took nine minutes after a training whose time limit was two.
def test_the_time_limit_of_a_training_is_one_of_the_acceptance_too(resampled, tmp_path):
    plan = TrainingPlan.of_run(RunDirectory(resampled[1]))
    limited = plan.train.with_changes({"max_minutes": 1e-3})
    said: list[str] = []
    result = train(plan.model_copy(update={"train": limited}), tmp_path / "run", notify=said.append)
    assert result.stop is StopReason.OUT_OF_TIME
    assert result.model.network.acceptance is None
    assert "`max_minutes`" in said[-1]
