from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.preparation import prepare_corpus
from molvae.diagnosis.held_out import HeldOut, is_same_molecule
from molvae.training.diagnostics import validate


@pytest.fixture(scope="module")
def corpus(tiny_plan, tiny_model):
    prepared = prepare_corpus(tiny_plan.data, tiny_plan.corpus)
    return prepared.recode(tiny_model.vocabulary)


def test_exact_reconstruction_is_that_of_the_public_functions(tiny_model, corpus):
    indices = np.arange(60)
    smiles = [corpus.smiles(index) for index in indices.tolist()]
    back = [molecule and molecule.smiles for molecule in tiny_model.reconstruct(smiles)]
    expected = np.mean([a == b for a, b in zip(smiles, back, strict=True)])
    figures = validate(tiny_model, corpus, indices, seed=0)
    assert figures.exact_reconstruction == pytest.approx(expected)
    assert figures.molecules == 60


def test_active_units_are_those_whose_mean_varies(tiny_model, corpus):
    indices = np.arange(60)
    means = tiny_model.encode([corpus.smiles(index) for index in indices.tolist()])
    figures = validate(tiny_model, corpus, indices, seed=0)
    assert figures.active_units == int((means.var(axis=0) > 0.01).sum())


def test_kl_is_the_sum_over_the_dimensions(tiny_model, corpus):
    figures = validate(tiny_model, corpus, np.arange(30), seed=0)
    assert figures.kl == pytest.approx(sum(figures.kl_per_dimension))
    mean, deviation = tiny_model.posterior([corpus.selfies(index) for index in range(30)])
    expected = 0.5 * (mean**2 + deviation**2 - 1 - 2 * np.log(deviation))
    assert figures.kl == pytest.approx(expected.sum(axis=1).mean(), rel=1e-4)


def test_the_order_of_the_molecules_does_not_matter_much(tiny_model, corpus):
    forwards = validate(tiny_model, corpus, np.arange(40), seed=0)
    backwards = validate(tiny_model, corpus, np.arange(40)[::-1].copy(), seed=0)
    assert forwards.exact_reconstruction == backwards.exact_reconstruction
    assert forwards.kl == pytest.approx(backwards.kl, rel=1e-6)


def figures(kl, active):
    return HeldOut(10, 20.0, kl, 30.0, 0.0, active, tuple([kl / 50] * 50), 0.0)


def test_a_posterior_that_carries_nothing_is_collapsed():
    assert "KL 0.30 nats, 0 of 50 units active" in figures(0.3, 0).collapse()
    assert figures(20.0, 40).collapse() is None


def test_the_elbo_gap_is_reconstruction_plus_kl_less_the_nll_of_the_prior():
    wide = figures(110.0, 40)
    assert wide.elbo_gap == pytest.approx(20.0 + 110.0 - 30.0)
    assert "ELBO gap 100.0 nats" in str(wide)
    assert wide.to_json()["elbo_gap"] == 100.0
    assert "autoencoder" in wide.to_json()["elbo_gap_means"]
    assert "generative" in figures(12.0, 40).to_json()["elbo_gap_means"]


def test_without_a_learned_prior_there_is_no_elbo_gap():
    plain = replace(figures(110.0, 40), language=0.0)
    assert "ELBO gap" not in str(plain)
    assert plain.to_json()["elbo_gap"] is None
    assert plain.to_json()["elbo_gap_means"] == ""


def test_one_molecule_tells_of_no_collapse():
    assert replace(figures(20.0, 0), molecules=2).collapse() is not None
    assert replace(figures(20.0, 0), molecules=1).collapse() is None


@pytest.mark.parametrize("figure", ["reconstruction", "kl", "language", "property_error"])
def test_a_figure_that_is_no_number_is_told(figure):
    assert figures(20.0, 40).is_finite
    for value in nan, inf:
        assert not replace(figures(20.0, 40), **{figure: value}).is_finite


def test_a_large_property_error_is_a_number(tiny_model, tmp_path):
    path = tmp_path / "far.csv"
    path.write_text("smiles,logp,qed\nCCO,1e25,\nCCN,,0.5\n")
    far = prepare_corpus(path, CorpusConfig(property_columns=("logp", "qed")))
    found = validate(tiny_model, far.recode(tiny_model.vocabulary), np.arange(2), seed=0)
    expected = 1e25 / float(tiny_model.network.head.deviation[0]) / np.sqrt(2)
    assert found.property_error == pytest.approx(expected, rel=1e-5)


def test_each_property_has_the_error_of_the_molecules_that_have_it(tiny_model, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("smiles,logp,qed\nCCO,1.5,\nCCN,,\nCCC,0.5,\nCCCC,,0.4\n")
    labels = prepare_corpus(path, CorpusConfig(property_columns=("logp", "qed")))
    figures = validate(tiny_model, labels.recode(tiny_model.vocabulary), np.arange(3), seed=0)
    predicted = tiny_model.predict(tiny_model.encode(["CCO", "CCC"]))[:, 0]
    errors = (predicted - np.array([1.5, 0.5])) / float(tiny_model.network.head.deviation[0])
    assert figures.property_errors == (pytest.approx(np.sqrt((errors**2).mean()), rel=1e-4), None)
    assert figures.property_error == pytest.approx(figures.property_errors[0])
    assert figures.to_json()["property_errors"][1] is None


def test_two_spellings_of_one_molecule_are_the_same():
    assert is_same_molecule(("[C]", "[C]", "[O]"), ("[O]", "[C]", "[C]"))
    assert not is_same_molecule(("[C]", "[C]", "[O]"), ("[C]", "[C]", "[N]"))
    assert not is_same_molecule(("[Ring1]",), ("[Branch1]",))
