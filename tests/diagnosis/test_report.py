import json
from dataclasses import replace

import numpy as np
import pytest

from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.drawing import draw_molecules
from molvae.diagnosis.held_out import HeldOut
from molvae.diagnosis.information import Information
from molvae.diagnosis.prior_match import PriorMatch
from molvae.diagnosis.reconstruction import ExactShare
from molvae.diagnosis.report import diagnose
from molvae.diagnosis.smoothness import LatentStep, PairFigures, Smoothness
from molvae.diagnosis.verdicts import (
    judge_distances,
    judge_gap,
    judge_information,
    judge_noisy,
    judge_normal,
    judge_prior,
    judge_reconstruction,
    judge_steps,
    judge_use,
)

CONFIG = DiagnoseConfig(
    molecules=8, protocol_molecules=1, starts=2, directions=1, pairs=30, neighbors=2, seed=4
)


@pytest.fixture(scope="module")
def drawn(few_molecules, tiny_model):
    return draw_molecules(few_molecules, CONFIG.molecules, tiny_model.vocabulary, CONFIG.seed)


@pytest.fixture(scope="module")
def diagnosis(tiny_model, drawn):
    return diagnose(tiny_model, drawn, CONFIG)


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(tiny_model, drawn, diagnosis):
    assert diagnose(tiny_model, drawn, CONFIG).to_json() == diagnosis.to_json()


def test_all_of_it_is_json(diagnosis, tiny_model):
    found = json.loads(json.dumps(diagnosis.to_json(), allow_nan=False))
    assert found["molecules"] == 8
    assert found["settings"]["seed"] == 4
    assert len(found["held_out"]["kl_per_dimension"]) == tiny_model.latent_size
    assert found["information"]["mutual_information"] <= np.log(8) + 1e-9
    assert len(found["smoothness"]["steps"]) == 10
    assert set(found["prior"]["log_density"]) == {"means", "draws", "prior", "normal"}
    assert len(found["verdicts"]) == 9
    assert found["card"] == json.loads(json.dumps(tiny_model.card))


def test_the_text_tells_the_bound_and_every_verdict(diagnosis):
    text = str(diagnosis)
    assert "no estimate can exceed log 8 = 2.08 nats" in text
    assert all(str(verdict) in text for verdict in diagnosis.verdicts)


def test_on_the_normal_prior_there_is_one_verdict(fluorine, few_molecules):
    found = diagnose(fluorine, draw_molecules(few_molecules, 3, fluorine.vocabulary), CONFIG)
    assert [verdict.item for verdict in found.verdicts].count("N(0, I)") == 0
    assert found.to_json()["held_out"]["elbo_gap"] is None
    assert "3 of the 8 molecules wanted could be drawn" in str(found)


def information(mutual):
    return Information(20.0, mutual, bound=7.6, marginal_kl=20.0 - mutual)


def held_out(kl=50.0, active=40, exact=0.7):
    return HeldOut(100, 5.0, kl, 25.0, exact, active, (kl / 50,) * 50, 0.0)


def noisy(exact):
    return ExactShare(exact, 100)


MATCH = PriorMatch("learned", "means", {}, auc_prior=0.5, auc_normal=0.5)
PAIRS = PairFigures(10, spearman=-0.2, distance=1.0, similarity=0.2)


def smoothness(similarity=0.6, spearman=-0.2):
    step = LatentStep("posterior", 1.0, 8.0, 10, 1.0, 0.5, 0.5, similarity)
    pairs = replace(PAIRS, spearman=spearman)
    return Smoothness(10, (replace(step, length=0.5, similarity=1.0), step), pairs, PAIRS)


@pytest.mark.parametrize(
    ("verdict", "word", "is_sound"),
    [
        (judge_use(held_out(0.9, 40)), "collapsed", False),
        (judge_use(held_out(20.0, 0)), "collapsed", False),
        (judge_use(held_out(20.0, 5)), "partly used", True),
        (judge_use(held_out(20.0, 40)), "informative", True),
        (judge_information(information(1.0)), "overlapping", False),
        (judge_information(information(5.0)), "partly apart", True),
        (judge_information(information(7.5)), "tells molecules apart", True),
        (judge_reconstruction(held_out(exact=0.49), noisy(0.9)), "poor", False),
        (judge_reconstruction(held_out(), noisy(0.9)), "partial", True),
        (judge_reconstruction(held_out(exact=0.95), noisy(0.9)), "faithful", True),
        (judge_gap(held_out(51.0)), "autoencoder", False),
        (judge_gap(held_out(49.0)), "in between", True),
        (judge_gap(held_out(29.0)), "generative", True),
        (judge_noisy(noisy(0.1)), "fragile", False),
        (judge_noisy(noisy(0.5)), "partial", True),
        (judge_noisy(noisy(0.8)), "robust", True),
        (judge_prior(MATCH), "matches", True),
        (judge_prior(replace(MATCH, auc_prior=0.7)), "too wide", False),
        (judge_prior(replace(MATCH, auc_prior=0.3)), "too narrow", False),
        (judge_normal(MATCH), "overlaps", True),
        (judge_normal(replace(MATCH, auc_normal=0.95)), "misses the molecules", False),
        (judge_steps(smoothness(0.6)), "smooth", True),
        (judge_steps(smoothness(0.4)), "uneven", True),
        (judge_steps(smoothness(0.1)), "rough", False),
        (judge_steps(smoothness(float("nan"))), "rough", False),
        (judge_distances(smoothness(spearman=-0.5)), "ordered", True),
        (judge_distances(smoothness(spearman=-0.2)), "loosely ordered", True),
        (judge_distances(smoothness(spearman=0.0)), "unordered", False),
        (judge_distances(smoothness(spearman=float("nan"))), "unordered", False),
    ],
)
def test_figures_have_their_word(verdict, word, is_sound):
    assert (verdict.word, verdict.is_sound) == (word, is_sound)
