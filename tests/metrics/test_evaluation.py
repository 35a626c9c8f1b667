"""All metrics together, against the figures of molsets 0.3.1."""

import csv
import json
import math
from itertools import islice
from pathlib import Path

import pytest

from molvae.errors import ConfigError, DataError, FileError
from molvae.metrics.config import EvaluateConfig
from molvae.metrics.evaluation import evaluate
from molvae.metrics.samples import Samples

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
WITHOUT_FCD = EvaluateConfig(fcd=False, workers=1)

# `moses.metrics.get_all_metrics` of molsets 0.3.1 with rdkit 2026.9.1, numpy 2.4.6, scipy 1.17.1,
# torch 2.13.0 and fcd_torch 1.0.7 of the sets below; see scripts/compare_with_molsets.py.
BY_MOLSETS = {
    "valid": 0.97,
    "unique@1000": 0.9484536082474226,
    "unique@10000": 0.9484536082474226,
    "FCD/Test": 18.269674683116378,
    "SNN/Test": 0.281936415922396,
    "Frag/Test": 0.9223193093968544,
    "Scaf/Test": 0.0505050505050505,
    "FCD/TestSF": 17.825892709865272,
    "SNN/TestSF": 0.2736908920954183,
    "Frag/TestSF": 0.9620106325410789,
    "Scaf/TestSF": 0.031265269974036114,
    "IntDiv": 0.8499816545759508,
    "IntDiv2": 0.8192480466531034,
    "Filters": 0.979381443298969,
    "logP": 0.21462661237113415,
    "SA": 0.11226532428678088,
    "QED": 0.02552808634125874,
    "weight": 9.366581237113405,
    "Novelty": 0.5652173913043478,
}


@pytest.fixture(scope="module")
def rows():
    with SAMPLE.open(encoding="utf-8") as stream:
        return [row["smiles"] for row in islice(csv.DictReader(stream), 300)]


@pytest.fixture(scope="module")
def samples(rows):
    dirt = ["C1CC", "c1cccc1", "not a molecule", "O=Cc1ccccc1", "C1CO1"]
    return Samples([*rows[:90], *rows[:5], *dirt])


@pytest.fixture(scope="module")
def references(rows):
    return {"Test": rows[100:200], "TestSF": rows[200:300]}


@pytest.fixture(scope="module")
def few(samples):
    """Some of them, valid and invalid."""
    return Samples(samples.smiles[48:60] + samples.smiles[-4:])


@pytest.fixture(scope="module")
def held_out(rows):
    return {"Test": rows[140:160]}


@pytest.fixture(scope="module")
def measured(samples, references, rows, tmp_path_factory):
    """The metrics, made with a cache that is empty at first, and that cache."""
    folder = tmp_path_factory.mktemp("cache")
    config = WITHOUT_FCD.with_changes({"cache": folder})
    return evaluate(samples, references, rows[50:150], config), config


@pytest.mark.parametrize("name", [name for name in BY_MOLSETS if "FCD" not in name])
def test_each_metric_is_that_of_molsets(measured, name):
    assert measured[0].values[name] == pytest.approx(BY_MOLSETS[name], abs=1e-6)


def test_the_distances_of_chemnet_are_those_of_molsets(samples, references, rows, tmp_path):
    pytest.importorskip("fcd_torch")
    config = EvaluateConfig(neighbors=0, cache=tmp_path, workers=1)
    found = evaluate(samples, references, rows[50:150], config)
    for name in ("FCD/Test", "FCD/TestSF"):
        assert found.values[name] == pytest.approx(BY_MOLSETS[name], abs=1e-4)
    # Answers of the network that were kept are those to the same molecules.
    assert sum(path.name.startswith("chemnet-") for path in tmp_path.iterdir()) == 2
    test = {"Test": references["Test"]}
    again = evaluate(
        Samples(test["Test"]), test, rows[:9], config.with_changes({"control": 9, "fcd": True})
    )
    assert again.values["FCD/Test"] == pytest.approx(0.0, abs=1e-4)
    assert again.control["FCD/Test"] > 1


def test_the_figures_say_what_they_rest_on(measured):
    assert measured[0].counts == {
        "samples": 100,
        "valid": 97,
        "training": 100,
        "compared_with_training": 97,
        "Test": 100,
        "TestSF": 100,
    }
    assert measured[0].notes == ("97 valid samples; unique@10000 needs more",)


def test_near_molecules_of_the_training_set_are_counted(measured, rows):
    # 40 rows of the samples and 50 of Test are training molecules themselves; none else is near.
    assert measured[0].values["near_training"] == pytest.approx(40 / 97)
    assert measured[0].values["near_training/Test"] == pytest.approx(50 / 100)


def test_kept_statistics_give_the_same_figures(measured, samples, references, rows):
    found, config = measured
    assert len(list(config.cache.iterdir())) == 2
    again = evaluate(samples, references, rows[50:150], config)
    assert again.values == found.values


def test_a_damaged_cache_is_told_by_the_name_of_the_file(references, rows, tmp_path):
    config = WITHOUT_FCD.with_changes({"cache": tmp_path, "neighbors": 0})
    evaluate(Samples(rows[:2]), {"Test": rows[2:4]}, rows[:1], config)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(FileError, match="is damaged"):
        evaluate(Samples(rows[:2]), {"Test": rows[2:4]}, rows[:1], config)


# It was told when the first statistics had been made.
def test_a_cache_that_cannot_be_written_to_is_told_first(few, tmp_path):
    (tmp_path / "file").write_text("x")
    config = WITHOUT_FCD.with_changes({"cache": tmp_path / "file"})
    with pytest.raises(FileError, match="choose another place"):
        # The work itself would end with another error: there is no training molecule.
        evaluate(few, {}, [], config)


def test_several_processes_find_the_same(rows):
    few, many = Samples(rows[:9]), rows[100:] * 6
    one, two = (
        evaluate(
            few,
            {"Test": rows[9:19]},
            many,
            WITHOUT_FCD.with_changes({"workers": workers}),
            progress=workers == 2,
        )
        for workers in (1, 2)
    )
    assert one.values == two.values


def test_the_seed_draws_the_compared_molecules(samples, held_out, rows):
    few = Samples(samples.smiles[40:70])

    def shares(seed):
        config = WITHOUT_FCD.with_changes({"neighbors": 5, "seed": seed})
        values = evaluate(few, held_out, rows[50:150], config).values
        return values["near_training"], values["near_training/Test"]

    assert shares(1) == shares(1)
    assert len({shares(seed) for seed in range(4)}) > 1


def test_without_neighbors_no_share_is_told(few, held_out, rows):
    config = WITHOUT_FCD.with_changes({"neighbors": 0})
    values = evaluate(few, held_out, rows[:9], config).values
    assert not [name for name in values if name.startswith("near")]


def test_strings_that_decode_as_written_are_counted_apart(held_out, rows):
    samples = Samples(
        ["CO", "CF", "C=O", "CC", "C", "bad"],
        [
            ("[C]", "[O]"),
            ("[C]", "[F]", "[C]"),
            ("[C]", "[#O]"),
            ("[C]", "[C]", "[Ring1]"),
            ("[XX]",),
            ("[C]",),
        ],
    )
    found = evaluate(samples, held_out, rows[:9], WITHOUT_FCD)
    assert found.values["valid"] == pytest.approx(5 / 6)
    assert found.values["strict"] == pytest.approx(1 / 6)
    assert found.repairs == pytest.approx(
        {
            "symbols left unused": 1 / 6,
            "bond order lowered": 1 / 6,
            "index symbols missing or misread": 1 / 6,
            "invalid SMILES": 2 / 6,
        }
    )


def test_training_molecules_with_a_carbon_more_look_good(few, held_out, rows):
    config = WITHOUT_FCD.with_changes({"control": 50, "neighbors": 0})
    found = evaluate(few, held_out, rows[50:150], config)
    assert found.control["valid"] == found.control["Novelty"] == 1.0
    assert found.control["unique@1000"] > 0.9


def test_a_training_set_of_which_no_control_can_be_made_is_refused(few, held_out):
    # Fluoride has no valence for a carbon.
    config = WITHOUT_FCD.with_changes({"control": 2})
    with pytest.raises(DataError, match="only 0 of 2 molecules of the control"):
        evaluate(few, held_out, ["[F-]"], config)


def test_samples_without_a_molecule_have_only_a_validity(held_out, rows):
    found = evaluate(Samples(["bad", ""]), held_out, rows[:9], WITHOUT_FCD)
    assert found.values["valid"] == 0.0
    others = {name: value for name, value in found.values.items() if "/" not in name}
    assert all(math.isnan(value) for name, value in others.items() if name != "valid")
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert written["metrics"]["Novelty"] is None


def test_held_outs_without_a_molecule_are_refused(few, held_out, rows):
    with pytest.raises(DataError, match="the reference set Test holds no molecule"):
        evaluate(few, {"Test": ["bad"]}, rows, WITHOUT_FCD)
    with pytest.raises(DataError, match="the training set holds no molecule"):
        evaluate(few, held_out, ["bad"], WITHOUT_FCD)


def test_rows_of_a_reference_that_are_no_molecules_are_told(few, rows):
    found = evaluate(few, {"Test": ["bad", *rows[:9]]}, rows[:9], WITHOUT_FCD)
    assert "1 rows of Test are no molecules" in found.notes


def test_without_references_the_rest_is_measured(samples, rows):
    values = evaluate(samples, {}, rows[50:150], WITHOUT_FCD).values
    assert values["IntDiv"] == pytest.approx(BY_MOLSETS["IntDiv"], abs=1e-6)
    assert "logP" not in values


def test_a_wrong_setting_is_named():
    with pytest.raises(ConfigError, match="neighbors"):
        EvaluateConfig.parse({"neighbors": -1})
