import csv
from pathlib import Path

import pytest

from molvae.benchmarks.moses import (
    benchmark_moses,
    chemnet_statistics,
    draw_samples,
    reference_statistics,
)
from molvae.benchmarks.moses_config import MosesConfig
from molvae.chem.molecule import Molecule
from molvae.chem.notation import from_selfies, repair, to_selfies
from molvae.errors import ConfigError, DataError, FileError
from molvae.metrics.chemnet import frechet_distance
from molvae.metrics.config import EvaluateConfig
from molvae.model.decoding_config import DecodingConfig
from molvae.molecule_vae import MoleculeVAE

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
SHORT = DecodingConfig(max_symbols=25)


def settings(**changes):
    """Settings for the tiny model, whose samples are mostly repaired."""
    return MosesConfig(**{"n": 60, "decoding": SHORT, "strict": False, "workers": 1, **changes})


@pytest.fixture
def sets(tmp_path):
    """A folder as `molvae data moses` makes it, with a few molecules in each set."""
    with SAMPLE.open(encoding="utf-8") as stream:
        smiles = [row["smiles"] for row in csv.DictReader(stream)][:120]
    for place, name in enumerate(("train", "test", "test_scaffolds")):
        lines = ["SMILES", *smiles[40 * place : 40 * place + 40]]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_the_answers_of_molsets_give_the_published_distance_of_test_and_testsf():
    # Polykovskiy et al. 2020, table 2: 0.4755 between the train set and TestSF, 0.008 and Test.
    answers = reference_statistics()
    assert frechet_distance(answers["Test"], answers["TestSF"]) == pytest.approx(0.4755, abs=0.01)
    assert frechet_distance(answers["Test"], answers["Test"]) == pytest.approx(0.0, abs=1e-6)


def test_the_reference_statistics_are_those_to_mosess_own_sets_alone():
    own = {"Test": ["C"] * 176_074, "TestSF": ["C"] * 176_225}
    assert set(chemnet_statistics(own)) == {"Test", "TestSF"}
    assert set(chemnet_statistics({**own, "Test": ["C"] * 39})) == {"TestSF"}


def test_seeds_are_not_negative():
    with pytest.raises(ConfigError, match="seeds"):
        MosesConfig.parse({"seeds": (-1,)}, "flags")


def test_samples_are_as_drawn_and_repeatable(tiny_model):
    one, again = (draw_samples(tiny_model, settings(), seed=3) for _ in "12")
    assert one == again
    assert len(one.samples.smiles) == 60
    pairs = zip(one.samples.smiles, one.samples.selfies_rows, strict=True)
    assert all(from_selfies(symbols).smiles == smiles for smiles, symbols in pairs if smiles)
    assert draw_samples(tiny_model, settings(), seed=4).samples != one.samples


def test_strict_samples_have_no_repair(tiny_model):
    config = settings(n=10, prior="normal", strict=True)
    sampling = draw_samples(tiny_model, config, seed=0)
    assert all(repair(symbols) is None for symbols in sampling.samples.selfies_rows)
    assert 0 < sampling.unrepaired < 1


def test_exact_samples_are_the_molecules_own_spellings():
    model = MoleculeVAE.from_pretrained("moses", "cpu")
    lax, exact = (
        draw_samples(
            model, MosesConfig(n=80, prior="push-forward", round_trips=flag, workers=1), seed=0
        )
        for flag in (False, True)
    )
    for sampling, whether in ((lax, False), (exact, True)):
        spelled = [to_selfies(Molecule.parse(one)) for one in sampling.samples.smiles]
        assert (spelled == sampling.samples.selfies_rows) is whether
        assert 0.5 < sampling.canonical < 1
        assert ("round trips" in sampling.shares) is whether


def test_a_model_that_keeps_nothing_is_given_up(tiny_model):
    with pytest.raises(DataError, match=r"samples accepted of \d+.*`round_trips=False`"):
        draw_samples(tiny_model, settings(n=100, round_trips=True), seed=0)


def test_every_seed_is_measured_with_mean_and_spread(tiny_model, sets):
    evaluation = EvaluateConfig(fcd=False, workers=1)
    record = benchmark_moses(tiny_model, sets, settings(seeds=(0, 1)), evaluation)
    rows = [row["figures"] for row in record["seeds"]]
    assert [row["seed"] for row in record["seeds"]] == [0, 1]
    assert record["mean"]["IntDiv"] == pytest.approx((rows[0]["IntDiv"] + rows[1]["IntDiv"]) / 2)
    spread = abs(rows[0]["IntDiv"] - rows[1]["IntDiv"]) / 2**0.5
    assert record["deviation"]["IntDiv"] == pytest.approx(spread)
    assert record["settings"]["n"] == 60


@pytest.mark.parametrize(("prior", "expected"), [(None, 0.7), ("normal", 1.0)])
def test_the_language_model_is_sampled_as_by_generate(tiny_model, sets, prior, expected):
    card = {**tiny_model.card, "sampling_temperature": 0.7}
    model = MoleculeVAE(tiny_model.vocabulary, tiny_model.network, (), card)
    config = settings(n=10, seeds=(0,), prior=prior)
    record = benchmark_moses(model, sets, config, EvaluateConfig(fcd=False, workers=1))
    assert record["settings"]["decoding"]["temperature"] == expected


def test_what_a_reader_of_the_figures_must_know_is_recorded_once(tiny_model, sets):
    with (sets / "test.csv").open("a") as stream:
        stream.write("no molecule\n")
    evaluation = EvaluateConfig(fcd=False, workers=1)
    notes = benchmark_moses(tiny_model, sets, settings(seeds=(0, 1)), evaluation)["notes"]
    assert notes.count("1 rows of Test are no molecules") == 1
    assert any(note.endswith("unique@10000 needs more") for note in notes)


def test_a_cache_that_cannot_be_kept_is_told_before_anything_is_drawn(tiny_model, sets):
    evaluation = EvaluateConfig(fcd=False, cache=sets / "train.csv")
    with pytest.raises(FileError, match=r"train\.csv"):
        # Drawing would end with another error: next to nothing is reconstructed.
        benchmark_moses(tiny_model, sets, settings(round_trips=True), evaluation)


def test_a_missing_set_is_named(tiny_model, sets):
    (sets / "test.csv").unlink()
    with pytest.raises(DataError, match=r"test\.csv.*molvae data moses"):
        benchmark_moses(tiny_model, sets, settings(), EvaluateConfig(fcd=False))
