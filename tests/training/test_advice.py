import json
from dataclasses import replace
from pathlib import Path

import pytest

from molvae.diagnosis.held_out import HeldOut
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory
from molvae.training.advice import advise_on_data, advise_on_model
from molvae.training.config import TrainConfig, TrainingPlan

PLAN = TrainingPlan(data=Path("molecules.csv"))


def validation(exact, property_error=0.3, molecules=100):
    return HeldOut(
        molecules=molecules,
        reconstruction=10.0,
        kl=50.0,
        language=30.0,
        exact_reconstruction=exact,
        active_units=2,
        kl_per_dimension=(25.0, 25.0),
        property_error=property_error,
    )


def test_few_molecules_are_advised_to_start_from_a_model_or_to_train_longer():
    (advice,) = advise_on_data(PLAN, 720, 3)
    assert "`start`" in advice
    # 5,000 updates of 3 per epoch.
    assert "`epochs=1667`" in advice
    long = PLAN.model_copy(update={"train": TrainConfig(epochs=2_000)})
    (advice,) = advise_on_data(long, 720, 3)
    assert "`start`" in advice
    assert "`epochs" not in advice


def test_many_molecules_or_a_start_model_need_no_advice():
    assert advise_on_data(PLAN, 20_000, 79) == []
    assert advise_on_data(PLAN.model_copy(update={"start": Path("model")}), 720, 3) == []


@pytest.mark.parametrize(
    ("exact", "verdict"), [(0.0, "useless"), (0.049, "useless"), (0.05, "unreliable"), (0.5, None)]
)
def test_a_model_that_does_not_reconstruct_is_called_so(exact, verdict):
    advice = advise_on_model(validation(exact))
    assert [verdict in line for line in advice] == ([True] if verdict else [])


@pytest.mark.parametrize("error", [0.95, 1.0, 7.0])
def test_a_property_head_no_better_than_the_mean_is_called_useless(error):
    (advice,) = advise_on_model(validation(0.9, error))
    assert "property head is useless" in advice
    assert advise_on_model(validation(0.9, 0.9)) == []


def test_a_collapsed_posterior_is_named():
    (advice,) = advise_on_model(replace(validation(0.9), kl=0.1))
    assert "posterior collapse" in advice


def test_a_handful_of_held_out_molecules_gives_no_verdict():
    assert advise_on_model(validation(0.0, 2.0, molecules=9)) == []


def test_the_verdict_on_a_training_is_on_the_card_and_in_the_summary(trained):
    result, out = trained
    assert any("reconstruct" in line for line in result.advice)
    card = MoleculeVAE.from_pretrained(out / "model", "cpu").card
    assert tuple(card["advice"]) == result.advice
    assert json.loads(RunDirectory(out).summary.read_text())["advice"] == list(result.advice)
