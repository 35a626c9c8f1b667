import csv
import json

import pytest

from molvae.molecule_vae import MoleculeVAE

BENZAMIDE = "NC(=O)c1ccccc1"


def test_predictions_are_those_of_the_property_head(molvae, run, tmp_path):
    source, out = tmp_path / "molecules.csv", tmp_path / "predicted.csv"
    source.write_text(f"smiles,logp\n{BENZAMIDE},9\nno molecule,1\nCCO,2\n", encoding="utf-8")
    done = molvae("predict", source, "--out", out, "--model", run, "--json", "--quiet")
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["smiles", "logp", "qed", "row", "logp_input"]
    model = MoleculeVAE.from_pretrained(run / "model", "cpu")
    expected = model.predict(model.encode([row["smiles"] for row in rows]))
    predicted = [[float(row[name]) for name in ("logp", "qed")] for row in rows]
    assert predicted == [pytest.approx(values, abs=1e-4) for values in expected.tolist()]
    told = json.loads(done.out)
    assert (told["molecules"], told["refused"]) == (2, 1)
    assert (tmp_path / "predicted.csv.refused.csv").exists()
    assert told["held_out_errors"] == model.card.property_errors
    assert set(model.card.property_errors) == {"logp", "qed"}


def test_the_error_on_held_out_molecules_is_in_the_unit_of_the_property(molvae, run, tmp_path):
    source = tmp_path / "molecules.smi"
    source.write_text(f"{BENZAMIDE}\n", encoding="utf-8")
    done = molvae("predict", source, "--out", tmp_path / "predicted.csv", "--model", run)
    card = MoleculeVAE.from_pretrained(run / "model", "cpu").card
    assert f"logp {card.property_errors['logp']:.3g}" in done.out
    logp, qed = card["validation"]["property_errors"]
    # The standard deviations of logP and QED over drug-like molecules.
    assert 0.5 < card.property_errors["logp"] / logp < 3.0
    assert 0.03 < card.property_errors["qed"] / qed < 0.3


def test_a_model_without_properties_predicts_none(molvae, data, tmp_path):
    done = molvae("predict", data, "--out", tmp_path / "x.csv", "--model", "moses", "--quiet")
    assert "predicts no properties" in done.complaint


def test_a_traversal_lists_properties_and_predictions(molvae, run):
    words = ("traverse", BENZAMIDE, "--gradient-of", "logp", "--steps", 5, "--model", run)
    rows = json.loads(molvae(*words, "--json").out)
    names = ["smiles", "position", "similarity", "logp", "qed", "predicted_logp", "predicted_qed"]
    assert list(rows[0]) == names
    predicted = [row["predicted_logp"] for row in rows]
    assert predicted == sorted(predicted)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("CC(",), "expected a SMILES"),
        (("CC", "--dimension", 1, "--component", 1), "--dimension"),
        (("CC", "--dimension", 99), "dimension"),
        (("CC", "--dimension", 1, "--steps", 1), "steps"),
        (("CC", "--gradient-of", "weight"), "weight"),
    ],
)
def test_a_traversal_that_makes_no_sense_is_refused(molvae, run, words, complaint):
    assert complaint in molvae("traverse", *words, "--model", run, "--quiet").complaint
