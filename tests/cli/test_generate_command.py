import csv
import json
import os
import shutil
import subprocess
import sys

import pandas
import pytest
from rdkit import Chem
from rdkit.Chem import QED, Descriptors

from molvae.cli.generate import GenerateFlags
from molvae.errors import ConfigError

# The tiny model keeps next to no code of its learned prior.
NORMAL = ("--prior", "normal")


def rows_of(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def samples(shared_molvae, run, folder):
    """300 generated molecules, and how the command ended."""
    out = folder / "samples.csv"
    return shared_molvae(
        "generate", "--model", run, *NORMAL, "--n", 300, "--out", out, "--seed", 5, "--json"
    ), out


def test_the_number_asked_for_comes_distinct_and_canonical(samples):
    done, out = samples
    smiles = [row["smiles"] for row in rows_of(out)]
    assert done.status == 0, done.err
    assert len(set(smiles)) == len(smiles) == 300
    assert [Chem.MolToSmiles(Chem.MolFromSmiles(one)) for one in smiles] == smiles


def test_smiles_come_first_and_properties_are_those_of_rdkit(samples):
    rows = rows_of(samples[1])
    assert list(rows[0]) == ["smiles", "logp", "qed", "sa", "weight"]
    for row in rows[:20]:
        mol = Chem.MolFromSmiles(row["smiles"])
        assert float(row["qed"]) == pytest.approx(QED.qed(mol))
        assert float(row["weight"]) == pytest.approx(Descriptors.MolWt(mol))


def test_the_outcome_is_json_and_the_bar_is_on_stderr(samples):
    done, out = samples
    outcome = json.loads(done.out)
    assert outcome["out"] == str(out)
    assert (outcome["molecules"], outcome["asked_for"], outcome["complete"]) == (300, 300, True)
    assert outcome["drawn"] == 300 + sum(outcome["refused"].values())
    assert "300/300" in done.err


def test_without_its_acceptance_the_prior_draws_other_molecules(molvae, tmp_path):
    drawn = {}
    for name in ("learned", "push-forward"):
        out = tmp_path / f"{name}.csv"
        words = ("--model", "moses", "--prior", name, "--n", 10, "--out", out, "--quiet")
        assert molvae("generate", *words).status == 0
        drawn[name] = [row["smiles"] for row in rows_of(out)]
    assert len(drawn["learned"]) == len(drawn["push-forward"]) == 10
    assert drawn["learned"] != drawn["push-forward"]


def test_the_same_seed_gives_the_same_file_and_another_seed_another(molvae, run, samples, tmp_path):
    for seed in (5, 6):
        out = tmp_path / f"{seed}.csv"
        molvae(
            "generate", "--model", run, *NORMAL, "--n", 300, "--out", out, "--seed", seed, "--quiet"
        )
    assert (tmp_path / "5.csv").read_bytes() == samples[1].read_bytes()
    assert (tmp_path / "6.csv").read_bytes() != samples[1].read_bytes()


def test_molecules_of_a_file_do_not_come_again(molvae, run, samples, tmp_path):
    out = tmp_path / "new.csv"
    flags = ["--n", 100, "--seed", 5, "--novel-to", samples[1], "--json", "--quiet"]
    done = molvae("generate", "--model", run, *NORMAL, "--out", out, *flags)
    known = {row["smiles"] for row in rows_of(samples[1])}
    assert known.isdisjoint(row["smiles"] for row in rows_of(out))
    assert json.loads(done.out)["refused"]["known already"] >= 300


def test_the_column_of_the_known_molecules_can_be_named(molvae, run, samples, tmp_path):
    known, out = tmp_path / "known.csv", tmp_path / "new.csv"
    lines = [f"CCO,{row['smiles']}\n" for row in rows_of(samples[1])]
    known.write_text("smiles,drawn\n" + "".join(lines))
    words = ["generate", "--model", run, *NORMAL, "--n", 20, "--seed", 5, "--out", out, "--quiet"]
    told = molvae(*words, "--smiles-column", "drawn").complaint
    assert "--novel-to" in told
    words += ["--novel-to", known, "--json"]
    assert "known already" not in json.loads(molvae(*words).out)["refused"]
    named = json.loads(molvae(*words, "--smiles-column", "drawn").out)
    assert named["refused"]["known already"] >= 300


def test_points_of_a_normal_prior_are_not_asked_to_be_codes(molvae, run, tmp_path):
    words = ["generate", "--model", run, *NORMAL, "--n", 5, "--out", tmp_path / "o.csv", "--quiet"]
    assert json.loads(molvae(*words, "--json").out)["round_trips"] is False
    complaint = molvae(*words, "--round-trips").complaint
    assert "leave out --round-trips, or sample from the learned prior" in complaint


def test_filters_and_properties_are_obeyed(molvae, run, tmp_path):
    config = tmp_path / "generate.toml"
    config.write_text('n = 7\nkeep = ["[#6]"]\nmost_draws = 200\n[decoding]\ntop_p = 0.95\n')
    flags = ["--where", "heavy_atoms > 5", "--keep", "[O,N]", "--properties", "tpsa,heavy_atoms"]
    out = tmp_path / "out.csv"
    done = molvae(
        "generate", "--model", run, *NORMAL, "--config", config, "--out", out, *flags, "--quiet"
    )
    rows = rows_of(out)
    assert done.status == 0, done.err
    assert list(rows[0]) == ["smiles", "tpsa", "heavy_atoms"]
    assert len(rows) == 7
    assert all(float(row["heavy_atoms"]) > 5 for row in rows)
    assert all({"O", "N", "o", "n"} & set(row["smiles"]) for row in rows)


def test_too_few_are_written_with_a_note_and_status_3(molvae, run, tmp_path):
    out = tmp_path / "few.csv"
    flags = ["--where", "qed > 0.9999", "--n", 20, "--most-draws", 2, "--quiet"]
    done = molvae("generate", "--model", run, *NORMAL, "--out", out, *flags)
    assert done.status == 3
    assert done.err.startswith("0 of 20 molecules after 40 samples (condition not met: ")
    assert out.read_text() == "smiles,logp,qed,sa,weight\n"


@pytest.mark.parametrize("ending", [".smi", ".sdf", ".parquet", ".txt"])
def test_the_ending_of_the_name_decides_the_format(molvae, run, tmp_path, ending):
    out = tmp_path / f"out{ending}"
    done = molvae("generate", "--model", run, *NORMAL, "--n", 5, "--out", out, "--quiet")
    assert done.status == 0
    if ending == ".smi":
        smiles = [line.split("\t")[0] for line in out.read_text().splitlines()]
    elif ending == ".sdf":
        smiles = [Chem.MolToSmiles(mol) for mol in Chem.SDMolSupplier(str(out))]
    elif ending == ".parquet":
        smiles = list(pandas.read_parquet(out)["smiles"])
    else:
        smiles = [row["smiles"] for row in rows_of(out)]
    assert len(smiles) == 5
    assert all(Chem.MolFromSmiles(one) for one in smiles)


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--where", "qde > 0.5"], "did you mean 'qed'?"),
        (["--keep", "c1cc"], "'c1cc' is not a SMARTS pattern"),
        (["--properties", "qed,lopg"], "there is no property 'lopg'; did you mean 'logp'?"),
        (["--novel-to", "nowhere.csv"], "no file 'nowhere.csv'"),
        (["--config", "nowhere.toml"], "no settings file 'nowhere.toml'"),
        (["--most-draws", "inf"], "finite number"),
    ],
)
def test_a_wrong_wish_is_one_line_and_nothing_is_written(molvae, run, tmp_path, flags, complaint):
    words = [
        "generate",
        "--model",
        run,
        *NORMAL,
        "--n",
        5,
        "--out",
        tmp_path / "out.csv",
        "--quiet",
    ]
    assert complaint in molvae(*words, *flags).complaint
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_says_how_to_get_one(molvae, tmp_path):
    words = ["generate", "--n", 5, "--out", tmp_path / "out.csv", "--model", "nowhere"]
    assert "`molvae train` makes a folder" in molvae(*words).complaint


def test_a_run_without_a_model_yet_is_told_from_a_wrong_folder(molvae, run, tmp_path):
    (tmp_path / "begun").mkdir()
    shutil.copy(run / "settings.json", tmp_path / "begun")
    words = ["generate", "--n", 5, "--out", tmp_path / "out.csv", "--model"]
    assert "has no model yet" in molvae(*words, tmp_path / "begun").complaint
    assert "no model folder" in molvae(*words, tmp_path / "nowhere").complaint


@pytest.mark.parametrize("file", ["model.json", "vocabulary.json", "weights.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_model_is_refused_by_the_name_of_the_file(molvae, run, tmp_path, file, damage):
    model = tmp_path / "model"
    shutil.copytree(run / "model", model)
    content = (model / file).read_bytes()
    if damage == "cut":
        (model / file).write_bytes(content[: len(content) // 2])
    else:
        (model / file).unlink()
    words = ["generate", "--n", 5, "--out", tmp_path / "out.csv", "--model", model]
    assert file in molvae(*words).complaint
    assert not (tmp_path / "out.csv").exists()


def test_a_place_that_cannot_be_written_is_told_before_the_work(molvae, run, tmp_path):
    (tmp_path / "file").write_text("")
    words = ["generate", "--model", run, *NORMAL, "--n", 5, "--out"]
    assert "could not write" in molvae(*words, tmp_path / "file" / "out.csv").complaint
    assert "is a folder" in molvae(*words, tmp_path).complaint


def test_the_place_of_the_points_is_looked_at_before_the_work(molvae, run, tmp_path):
    words = ["generate", "--model", run, "--n", 10**6, "--out", tmp_path / "new.csv"]
    assert "is a folder" in molvae(*words, "--latents", tmp_path).complaint
    known = tmp_path / "new.csv"
    known.write_text("smiles\nCCO\n")
    assert "is the input" in molvae(*words, "--novel-to", known).complaint
    assert known.read_text() == "smiles\nCCO\n"


def test_a_full_disk_is_one_line_and_the_old_file_stays(run, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("old\n")
    words = ["generate", "--model", run, *NORMAL, "--n", "100", "--out", out, "--quiet"]
    # A limit on the size of files stands for the end of the disk; coverage could not write either.
    environment = {name: value for name, value in os.environ.items() if "COV" not in name}
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", sys.executable, "-m", "molvae", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"molvae: could not write '{out}': File too large; free some")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "old\n"


def test_round_trips_and_unrepaired_samples_are_asked_for_by_flags(molvae, run, tmp_path):
    words = ["generate", "--model", run, "--n", 20, "--out", tmp_path / "out.csv", "--quiet"]
    result = json.loads(molvae(*words, "--json").out)
    assert (result["complete"], result["round_trips"], result["strict"]) == (True, False, False)
    asked = molvae(*words, "--round-trips", "--strict", "--most-draws", 2, "--json")
    assert asked.status == 3
    result = json.loads(asked.out)
    assert (result["round_trips"], result["strict"]) == (True, True)


def test_codes_go_neither_into_the_table_nor_into_the_known_molecules(molvae, run, tmp_path):
    known, out = tmp_path / "known.csv", tmp_path / "out.csv"
    known.write_text("smiles\nCCO\n")
    words = ["generate", "--model", run, "--n", 2, "--out", out, "--quiet"]
    assert "--latents and --out are the same file" in molvae(*words, "--latents", out).complaint
    complaint = molvae(*words, "--novel-to", known, "--latents", known).complaint
    assert "would be replaced; choose another name for --latents" in complaint
    assert known.read_text() == "smiles\nCCO\n"


def test_a_target_is_approached_within_its_tolerance(molvae, tmp_path):
    out = tmp_path / "target.csv"
    flags = ("--target", "logp=1,tpsa=60", "--tolerance", "0.5", "--tolerance", "tpsa=10")
    done = molvae("generate", "--model", "zinc250k", "--n", 5, "--out", out, *flags, "--json")
    assert done.status == 0, done.err
    outcome = json.loads(done.out)
    assert outcome["target"] == {"logp": 1.0, "tpsa": 60.0}
    assert outcome["tolerance"] == {"logp": 0.5, "tpsa": 10.0}
    assert 0 <= outcome["moved"] < outcome["drawn"]
    for row in rows_of(out):
        assert abs(float(row["logp"]) - 1) <= 0.5
        assert abs(float(row["tpsa"]) - 60) <= 10


@pytest.mark.parametrize(
    "flags",
    [("--target", "logp"), ("--target", "logp=high"), ("--tolerance", "0.5"), ("--target", "a=1")],
)
def test_a_target_without_a_number_or_property_is_refused(molvae, run, tmp_path, flags):
    done = molvae("generate", "--model", run, "--out", tmp_path / "x.csv", *flags)
    assert done.status != 0
    assert flags[0].strip("-") in done.complaint


def test_a_tolerance_without_a_name_is_that_of_all_targets_also_those_of_the_file(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[target]\nlogp = 2.0\n")
    flags = GenerateFlags(target=("qed=0.8",), tolerance=("0.25",))
    assert flags.settings(file)["tolerance"] == {"logp": 0.25, "qed": 0.25}
    assert flags.settings(None)["tolerance"] == {"qed": 0.25}
    assert GenerateFlags(tolerance=("0.25",)).settings(file) == {"tolerance": {"logp": 0.25}}
    file.write_text("target = 2.0\n")
    with pytest.raises(ConfigError, match="tolerance"):
        GenerateFlags(tolerance=("0.25",)).settings(file)
