import csv
import math
from dataclasses import astuple

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.stats import ks_1samp, uniform
from torch.distributions import Independent, Normal

from molvae.chem.molecule import Molecule
from molvae.chem.notation import to_selfies
from molvae.dataset.rows import read_rows
from molvae.errors import ConfigError, ModelError
from molvae.likelihood import elbo_terms, likelihoods, tabulate_likelihoods, token_nll
from molvae.likelihood_config import LikelihoodConfig
from molvae.likelihood_quantiles import PERCENTS, LikelihoodQuantiles
from molvae.model.batching import pad_ids
from molvae.molecule_vae import MoleculeVAE
from tests.conftest import SAMPLE

SMILES = ["CC(=O)Nc1ccccc1", "CCO", "c1ccc2ccccc2c1", "CC(C)CN"]


def selfies_of(smiles):
    return [to_selfies(Molecule.parse(text)) for text in smiles]


@pytest.fixture(scope="module")
def unseen():
    """Molecules that the tiny model was not trained on."""
    with SAMPLE.open(encoding="utf-8") as stream:
        smiles = [row["smiles"] for row in csv.DictReader(stream)]
    return selfies_of(smiles[1000:3000])


@pytest.fixture
def with_quantiles(tiny_model):
    """The tiny model with quantiles that put -2 nats at percentile 99."""
    quantiles = tuple(2 * percent - 200.0 for percent in PERCENTS)
    card = {"likelihood_quantiles": {"molecules": 500, "quantiles": quantiles}}
    return MoleculeVAE(tiny_model.vocabulary, tiny_model.network, (), {**tiny_model.card, **card})


def test_the_nll_of_the_tokens_adds_up_to_the_nll_of_the_molecule(tiny_model):
    rows = selfies_of(SMILES)
    nll = token_nll(tiny_model, rows)
    assert [len(values) for values in nll] == [len(row) + 1 for row in rows]
    assert [values.sum() for values in nll] == pytest.approx(tiny_model.nll(rows).tolist())


def test_a_single_sample_is_the_bound_that_the_densities_give(tiny_model):
    (selfies,) = selfies_of(SMILES[:1])
    terms = elbo_terms(tiny_model, [selfies], samples=1, seed=3)
    again = elbo_terms(tiny_model, selfies_of(SMILES), samples=1, seed=3)
    assert terms.elbo[0] == pytest.approx(again.elbo[0], abs=1e-3)
    ids, lengths = pad_ids([tiny_model.vocabulary.encode(selfies)])
    with torch.inference_mode():
        posterior = tiny_model.network.encode(ids, lengths)
    q = Independent(Normal(posterior.mean, (0.5 * posterior.log_variance).exp()), 1)
    prior = Independent(Normal(torch.zeros_like(posterior.mean), 1.0), 1)
    # The bound of many samples of one each is -(reconstruction + KL) on average.
    z = q.sample((4000,))
    expected = float((prior.log_prob(z) - q.log_prob(z)).mean())
    assert -terms.kl[0] == pytest.approx(expected, abs=0.3)
    bounds = [elbo_terms(tiny_model, [selfies], 1, seed) for seed in range(300)]
    mean = np.mean([bound.elbo[0] for bound in bounds])
    reconstruction = np.mean([bound.reconstruction[0] for bound in bounds])
    assert mean == pytest.approx(-(reconstruction + terms.kl[0]), abs=1.0)


def test_more_samples_make_a_tighter_bound(tiny_model, unseen):
    loose, tight = (elbo_terms(tiny_model, unseen[:50], samples) for samples in (1, 32))
    assert tight.elbo.mean() > loose.elbo.mean()


def test_percentiles_of_held_out_molecules_are_uniform(tiny_model, unseen):
    log_likelihoods = -tiny_model.nll(unseen)
    reference, others = log_likelihoods[::2], log_likelihoods[1::2]
    quantiles = LikelihoodQuantiles.of(reference)
    own = ks_1samp(quantiles.percentiles(reference) / 100, uniform.cdf)
    assert own.statistic < 0.02
    # 0.073 is the critical value of two samples of 1,000 at the level of 1 %.
    new = ks_1samp(quantiles.percentiles(others) / 100, uniform.cdf)
    assert new.statistic < 0.073


def test_percentiles_end_at_0_and_100():
    quantiles = LikelihoodQuantiles.of(np.linspace(-100.0, -10.0, 91))
    percentiles = quantiles.percentiles(np.array([-500.0, -100.0, -55.0, -10.0, 0.0]))
    assert percentiles.tolist() == pytest.approx([0.0, 0.0, 50.0, 100.0, 100.0])


def test_quantiles_that_do_not_ascend_are_refused():
    values = [*(float(n) for n in range(len(PERCENTS) - 1)), 0.0]
    with pytest.raises(ValidationError, match="ascend"):
        LikelihoodQuantiles(molecules=5, quantiles=tuple(values))


def test_a_training_keeps_the_likelihoods_of_its_held_out_molecules(trained):
    result, run = trained
    quantiles = MoleculeVAE.from_pretrained(run, "cpu").card.likelihood_quantiles
    assert quantiles is not None
    assert quantiles.molecules == 20
    mean = np.mean(quantiles.quantiles)
    assert mean == pytest.approx(-result.model.card["validation"]["language"], rel=0.1)


def test_the_likelihood_of_a_molecule_does_not_depend_on_the_others(with_quantiles):
    together = likelihoods(with_quantiles, SMILES)
    alone = [likelihoods(with_quantiles, [smiles])[0] for smiles in SMILES]
    for first, second in zip(together, alone, strict=True):
        assert astuple(first)[1:8] == pytest.approx(astuple(second)[1:8], rel=1e-4)
        assert first.least_likely_tokens[0].token == second.least_likely_tokens[0].token
        assert first.percentile == pytest.approx(100 + first.log_likelihood / 2, rel=1e-3)


def test_the_least_likely_tokens_come_first(tiny_model):
    (row,) = likelihoods(tiny_model, ["CC(=O)OC"])
    (nll,) = token_nll(tiny_model, selfies_of(["CC(=O)OC"]))
    expected = sorted(nll.tolist(), reverse=True)[:3]
    assert [token.nll for token in row.least_likely_tokens] == pytest.approx(expected)
    names = {"[C]", "[=O]", "[O]", "[Branch1]", "[=Branch1]", "[Ring1]", "end"}
    assert {token.token for token in row.least_likely_tokens} <= names


def test_molecules_below_a_percentile_are_flagged(with_quantiles, few_molecules):
    rows = list(read_rows(few_molecules))
    plain = tabulate_likelihoods(with_quantiles, rows, LikelihoodConfig(samples=1)).columns
    assert "flagged" not in plain
    median = float(np.median(plain["percentile"]))
    config = LikelihoodConfig(samples=1, flag_below=median)
    flagged = tabulate_likelihoods(with_quantiles, rows, config).columns["flagged"]
    assert flagged == [int(value < median) for value in plain["percentile"]]
    assert 50 < sum(flagged) < 150


def test_a_model_without_held_out_likelihoods_has_no_percentiles(
    tiny_model, few_molecules, caplog, tmp_path
):
    model = MoleculeVAE(tiny_model.vocabulary, tiny_model.network)
    rows = list(read_rows(few_molecules))
    with caplog.at_level("INFO", "molvae"):
        columns = tabulate_likelihoods(model, rows, LikelihoodConfig(samples=1)).columns
    assert "percentile" not in columns
    assert "percentile" in caplog.text
    assert math.isnan(likelihoods(model, ["CCO"])[0].percentile)
    with pytest.raises(ConfigError, match="flag_below"):
        tabulate_likelihoods(model, rows, LikelihoodConfig(flag_below=5))


def test_a_model_without_a_learned_prior_has_no_likelihoods(tiny_model):
    config = tiny_model.network.config.with_changes({"prior_size": 0})
    model = MoleculeVAE.untrained(tiny_model.vocabulary, config)
    with pytest.raises(ModelError):
        likelihoods(model, ["CCO"])
