import csv

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.dataset.conditions import add_conditions
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.preparation import prepare_corpus
from molvae.errors import ConfigError, DataError
from molvae.molecule_vae import MoleculeVAE
from molvae.training.run import train


def conditioned(plan, data, names, **changes):
    """A plan for a model that is conditioned on these properties."""
    return plan.model_copy(
        update={
            "data": data,
            "corpus": CorpusConfig(),
            "model": plan.model.with_changes({"condition_on": names}),
            "train": plan.train.with_changes(changes),
        }
    )


@pytest.fixture(scope="module")
def measured(few_molecules):
    """The molecules with a column `ic50`, the number of carbons; every other cell is empty."""
    path = few_molecules.with_name("measured.csv")
    with few_molecules.open() as stream:
        texts = [row["smiles"] for row in csv.DictReader(stream)]
    counts = [text.upper().count("C") if index % 2 else "" for index, text in enumerate(texts)]
    rows = ["smiles,ic50", *(f"{text},{count}" for text, count in zip(texts, counts, strict=True))]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def conditional(tiny_plan, measured, tmp_path_factory):
    """A small training with a computed and a measured condition, and its run directory."""
    out = tmp_path_factory.mktemp("runs") / "conditional"
    plan = conditioned(tiny_plan, measured, ("weight", "ic50"), condition_dropout=0.2)
    return train(plan, out), out


def test_conditions_are_columns_of_the_file_or_computed(measured):
    corpus = prepare_corpus(measured, CorpusConfig(property_columns=("ic50",)))
    corpus = add_conditions(corpus, ("weight", "ic50", "absent"))
    batch = corpus.batch(np.arange(10))
    expected = [
        property_values(Molecule.parse(corpus.smiles(index)), ["weight"])["weight"]
        for index in range(10)
    ]
    np.testing.assert_allclose(batch.conditions[:, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(batch.conditions[:, 1], corpus.properties[:10, 0])
    assert np.isnan(batch.conditions[:, 1]).any()
    assert np.isnan(batch.conditions[:, 2]).all()
    # They are read again from the folder.
    again = prepare_corpus(measured, CorpusConfig(property_columns=("ic50",)))
    kept = add_conditions(again, ("weight",)).conditions
    np.testing.assert_array_equal(kept[:10, 0], batch.conditions[:, 0])


def test_a_conditional_model_keeps_the_scale_of_its_conditions(conditional):
    result, out = conditional
    model = MoleculeVAE.from_pretrained(out, "cpu")
    assert model.condition_names == ("weight", "ic50")
    # A column that is not computed is predicted too.
    assert model.property_names == ("ic50",)
    low, high = model.condition_ranges["weight"]
    assert 200 < low < high < 400
    assert model.card["conditions"]["weight"] == {"low": low, "high": high}
    assert torch.equal(model.network.conditions.mean, result.model.network.conditions.mean)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["shared", "separate"])
def test_a_target_decides_what_the_language_model_writes(tiny_plan, tmp_path, decoder):
    parts = ("", "C", "CC", "C=C", "C#C", "S", "OC", "NC")
    ends = {"CF": 1.0, "CCl": 0.0}
    rows = [f"{a}{b}{end},{ends[end]}" for a in parts for b in parts for end in ends]
    data = tmp_path / "halides.csv"
    data.write_text("\n".join(["smiles,is_fluoride", *rows]) + "\n")
    changes = {"epochs": 80, "learning_rate": 0.02, "acceptance_draws": 0}
    plan = conditioned(tiny_plan, data, ("is_fluoride",), **changes)
    shape = plan.model.with_changes({"decoder": decoder, "latent_input": "first", "prior_size": 64})
    model = train(plan.model_copy(update={"model": shape}), tmp_path / "run").model

    def count_fluorides(target):
        written = model.sample(100, seed=1, target=target)
        return sum("F" in molecule.smiles for molecule in written if molecule)

    assert count_fluorides({"is_fluoride": 1.0}) > 80
    assert count_fluorides({"is_fluoride": 0.0}) < 20
    assert 20 < count_fluorides(None) < 80


def test_only_conditions_of_the_model_can_be_targets_of_its_samples(conditional, tiny_model):
    with pytest.raises(ConfigError, match="condition_on"):
        conditional[0].model.sample(1, target={"logp": 3.0})
    with pytest.raises(ConfigError, match="condition_on"):
        tiny_model.sample(1, target={"logp": 3.0})


def test_a_target_must_be_finite(conditional):
    with pytest.raises(ConfigError, match="target"):
        conditional[0].model.sample(1, target={"weight": float("inf")})


def test_vectors_can_be_decoded_with_and_without_a_target(conditional):
    model = conditional[0].model
    latents = np.zeros((4, model.latent_size), np.float32)
    assert len(model.decode(latents, target={"weight": 300.0, "ic50": 12.0})) == 4
    assert len(model.decode(latents)) == 4


def test_a_model_without_conditions_keeps_its_format(trained):
    weights = load_file(trained[1] / "model" / "weights.safetensors")
    assert not any("condition" in name for name in weights)
    assert "condition_on" not in (trained[1] / "model" / "model.json").read_text()


def test_conditions_can_be_added_to_a_trained_model(trained, tiny_plan, measured, tmp_path):
    plan = conditioned(tiny_plan, measured, ("qed",), epochs=1)
    plan = plan.model_copy(update={"start": trained[1]})
    result = train(plan, tmp_path / "added")
    assert result.model.condition_names == ("qed",)
    further = plan.model_copy(
        update={"start": tmp_path / "added", "model": tiny_plan.model, "data": measured}
    )
    kept = train(further, tmp_path / "further").model
    assert kept.condition_names == ("qed",)
    assert kept.condition_ranges == result.model.condition_ranges
    other = further.model_copy(
        update={"model": tiny_plan.model.with_changes({"condition_on": ("logp",)})}
    )
    with pytest.raises(ConfigError, match="condition_on"):
        train(other, tmp_path / "other")


def test_a_condition_must_be_a_property_or_a_column_with_numbers(
    tiny_plan, few_molecules, tmp_path
):
    with pytest.raises(DataError, match="pki"):
        train(conditioned(tiny_plan, few_molecules, ("pki",)), tmp_path / "absent")
    empty = tmp_path / "empty.csv"
    empty.write_text("smiles,pki\n" + "".join(f"{'C' * n}O,\n" for n in range(1, 30)))
    with pytest.raises(DataError, match="pki"):
        train(conditioned(tiny_plan, empty, ("pki",)), tmp_path / "empty")
