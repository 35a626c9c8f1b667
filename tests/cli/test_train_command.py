import csv
import json
import shutil

import pytest
from wrong_files import WRONG_FILES, wrong_file

from molvae.molecule_vae import MoleculeVAE


def test_a_training_leaves_a_model_and_tells_of_it_as_json(trained, run):
    outcome = json.loads(trained.out)
    assert outcome["stop"] == "all epochs are done"
    assert outcome["training_molecules"] == 180
    assert {"reconstruction", "kl", "exact_reconstruction"} <= outcome["best"].keys()
    assert (run / "model" / "weights.safetensors").is_file()
    assert (run / "last_model" / "model.json").is_file()
    assert len((run / "progress.jsonl").read_text().splitlines()) >= 1


def test_progress_and_summary_of_the_rows_go_to_stderr(trained):
    assert "200 rows: 200 molecules accepted, 0 rows refused" in trained.err
    assert "molecules/s" in trained.err


def test_flags_win_over_the_settings_file_and_the_file_over_defaults(run):
    settings = json.loads((run / "settings.json").read_text())
    assert settings["train"]["epochs"] == 10
    assert settings["train"]["beta_warmup"] == 0.5
    assert settings["model"]["latent_size"] == 16
    assert settings["corpus"]["property_columns"] == ["logp", "qed"]


def test_quiet_shows_no_bar_and_property_columns_are_split_at_commas(
    molvae, data, settings, tmp_path
):
    flags = ["--epochs", 1, "--property-columns", "qed,logp", "--store", tmp_path / "tokens"]
    done = molvae("train", data, "--out", tmp_path / "run", "--config", settings, *flags, "--quiet")
    assert done.status == 0
    assert "molecules/s" not in done.err
    assert done.out.splitlines()[-1] == f"best model: {tmp_path / 'run' / 'model'}"
    stored = json.loads((tmp_path / "run" / "settings.json").read_text())
    # A column may have commas in its name, so that the table decides what is split.
    assert stored["corpus"]["property_columns"] == ["qed,logp"]
    model = MoleculeVAE.from_pretrained(tmp_path / "run" / "model", "cpu")
    assert model.property_names == ("qed", "logp")
    assert stored["train"]["epochs"] == 1
    assert (tmp_path / "tokens").is_dir()


def test_the_figures_of_a_training_go_to_tensorboard(molvae, data, settings, tmp_path):
    pytest.importorskip("tensorboard")
    out = tmp_path / "run"
    words = ["--out", out, "--config", settings, "--epochs", 1, "--track", "tensorboard"]
    assert molvae("train", data, *words).status == 0
    assert list((out / "tensorboard").iterdir())


def test_refused_rows_are_listed_with_their_line_and_reason(molvae, data, settings, tmp_path):
    dirty = tmp_path / "dirty.csv"
    lines = data.read_text().splitlines()
    lines[3] = "not-a-molecule,1,1"
    lines[5] = lines[4]
    dirty.write_text("\n".join(lines[:100]) + "\n")
    flags = ["--config", settings, "--epochs", 1]
    done = molvae("train", dirty, "--out", tmp_path / "run", *flags)
    assert "99 rows: 97 molecules accepted, 2 rows refused" in done.err
    with (tmp_path / "run" / "refused.csv").open() as stream:
        refused = [(row["line"], row["reason"]) for row in csv.DictReader(stream)]
    assert refused == [("4", "invalid SMILES"), ("6", "duplicate")]


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_file_without_molecules_is_one_line_and_leaves_nothing(molvae, tmp_path, kind):
    path = wrong_file(kind, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    complaint = molvae("train", path, "--out", tmp_path / "run", "--quiet").complaint
    assert WRONG_FILES[kind] in complaint
    assert str(path) in complaint
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_column_is_answered_with_those_there(molvae, data, tmp_path):
    words = ["train", data, "--out", tmp_path / "run", "--quiet"]
    assert "it has 'smiles', 'logp', 'qed'" in molvae(*words, "--smiles-column", "mol").complaint
    assert "no column 'tpsa'" in molvae(*words, "--property-columns", "tpsa").complaint


def test_an_existing_run_is_left_alone(molvae, data, run):
    before = (run / "settings.json").read_bytes()
    assert "with --resume" in molvae("train", data, "--out", run).complaint
    assert (run / "settings.json").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[train]\nepoch = 3\n", "unknown setting 'train.epoch'; did you mean 'epochs'?"),
        ("[trian]\n", "unknown setting 'trian'; did you mean 'train'?"),
        ("[train]\nbeta = -1\n", "train.beta = -1: "),
        ("[corpus.standardize]\nelement = ['C']\n", "did you mean 'elements'?"),
        ("[train\n", "not a readable TOML file"),
    ],
)
def test_a_wrong_settings_file_is_named_with_what_was_meant(
    molvae, data, tmp_path, text, complaint
):
    config = tmp_path / "settings.toml"
    config.write_text(text)
    told = molvae("train", data, "--out", tmp_path / "run", "--config", config).complaint
    assert complaint in told
    assert str(config) in told
    assert not (tmp_path / "run").exists()


def test_a_finished_run_can_be_resumed_and_is_done_at_once(molvae, data, settings, run):
    before = (run / "model" / "weights.safetensors").read_bytes()
    updates = json.loads((run / "summary.json").read_text())["updates"]
    again = ["--config", settings, "--device", "auto", "--quiet"]
    done = molvae("train", data, "--out", run, "--resume", *again)
    assert done.status == 0
    assert done.out.startswith(f"all epochs are done after {updates} updates, ")
    assert (run / "model" / "weights.safetensors").read_bytes() == before


def test_resuming_needs_no_word_of_the_data(molvae, run):
    before = (run / "last_model" / "weights.safetensors").read_bytes()
    done = molvae("train", "--out", run, "--resume", "--json")
    assert json.loads(done.out)["stop"] == "all epochs are done"
    assert (run / "last_model" / "weights.safetensors").read_bytes() == before


def test_a_run_may_go_on_with_other_means(molvae, run):
    done = molvae("train", "--out", run, "--resume", "--processes", 1, "--device", "cpu", "--json")
    assert json.loads(done.out)["stop"] == "all epochs are done"


def test_a_new_run_needs_data(molvae, tmp_path):
    complaint = molvae("train", "--out", tmp_path / "run").complaint
    assert "give a file of molecules" in complaint
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "difference"),
    [
        (["--epochs", 20], "--epochs was 10, now 20"),
        (["--seed", 1, "--latent-size", 8], "--latent-size was 16, now 8"),
        (["--property-columns", "logp"], "--property-columns was ('logp', 'qed')"),
        (["--preset", "small"], "--embedding-size was 16, now 64"),
        (["--preset", "base"], "--embedding-size was 16, now 128"),
    ],
)
def test_resuming_under_other_settings_is_refused(molvae, data, run, flags, difference):
    assert difference in molvae("train", data, "--out", run, "--resume", *flags).complaint


def test_resuming_with_other_data_or_without_a_run_is_refused(molvae, data, run, tmp_path):
    shutil.copy(data, tmp_path / "copy.csv")
    words = ["--resume", "--quiet"]
    assert "data was" in molvae("train", tmp_path / "copy.csv", "--out", run, *words).complaint
    missing = molvae("train", data, "--out", tmp_path / "none", *words).complaint
    assert "holds no run to resume" in missing


def test_fine_tuning_takes_the_model_of_a_run(molvae, data, run, tmp_path):
    flags = ["--from", run, "--epochs", 1, "--processes", 1, "--quiet", "--json"]
    flags += ["--property-columns", "logp,qed", "--precision", "float32", "--held-out", 20]
    done = molvae("train", data, "--out", tmp_path / "tuned", *flags)
    before = json.loads((run / "summary.json").read_text())["last"]["reconstruction"]
    after = json.loads(done.out)["last"]["reconstruction"]
    assert after == pytest.approx(before, rel=0.2)
    described = json.loads((tmp_path / "tuned" / "model" / "model.json").read_text())
    assert described["model"]["latent_size"] == 16


@pytest.mark.parametrize(
    "flags", [["--preset", "small"], ["--preset", "base"], ["--latent-size", 8]]
)
def test_fine_tuning_keeps_the_network_it_starts_from(molvae, data, run, tmp_path, flags):
    words = ["train", data, "--out", tmp_path / "tuned", "--from", run, *flags]
    assert "--from keeps the network" in molvae(*words).complaint
    assert not (tmp_path / "tuned").exists()


def test_the_settings_that_a_run_was_begun_with_resume_it(molvae, data, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "first")
    lines = ['start = "first"', 'store = "tokens"', "[train]", "epochs = 1", "processes = 1"]
    (tmp_path / "same.toml").write_text("\n".join(lines))
    words = ["train", "--out", "run", "--config", "same.toml", "--quiet"]
    assert molvae(*words, data).status == 0
    assert molvae(*words, "--resume").status == 0
    assert molvae(*words, "--resume", "--from", "first/model").status == 0
    assert "--from was" in molvae(*words, "--resume", "--from", "moses").complaint


def test_elements_may_be_given_as_they_are_shown(molvae, data, settings, tmp_path):
    words = ["--config", settings, "--epochs", 1, "--elements", "C,N,O", "--quiet"]
    done = molvae("train", data, "--out", tmp_path / "run", *words)
    assert done.status == 0
    stored = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert stored["corpus"]["standardize"]["elements"] == ["C", "N", "O"]


def test_no_model_is_trained_of_more_symbols_than_can_be_read(molvae, data, tmp_path):
    words = ["train", data, "--out", tmp_path / "run", "--max-heavy-atoms", 0]
    assert "greater than 0" in molvae(*words).complaint


def test_an_unknown_preset_is_answered_with_the_nearest(molvae, data, tmp_path):
    words = ["train", data, "--out", tmp_path / "run", "--preset", "smal"]
    assert "did you mean 'small'?" in molvae(*words).complaint


def test_a_file_of_settings_may_name_the_data(molvae, data, settings, tmp_path):
    named = tmp_path / "with_data.toml"
    named.write_text(f"data = {str(data)!r}\n{settings.read_text()}")
    flags = ("--out", tmp_path / "run", "--epochs", 1, "--quiet")
    molvae("train", "--config", named, *flags)
    found = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert found["data"] == str(data.resolve())
    told = molvae("train", "--config", settings, "--out", tmp_path / "other").complaint
    assert "data" in told


def test_several_files_are_trained_on_as_one_and_stay_those_of_the_run(
    molvae, data, settings, tmp_path
):
    header, *rows = data.read_text().splitlines(keepends=True)
    parts = tmp_path / "parts"
    parts.mkdir()
    for name, some in (("a.csv", rows[:120]), ("b.csv", rows[120:])):
        (parts / name).write_text(header + "".join(some))
    words = ["train", "--out", tmp_path / "run", "--config", settings, "--epochs", 1, "--quiet"]
    assert molvae(*words, parts / "*.csv").status == 0
    stored = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert stored["data"] == [str(parts / "a.csv"), str(parts / "b.csv")]
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["training_molecules"] == 180
    (parts / "c.csv").write_text(header + rows[0])
    assert molvae("train", "--out", tmp_path / "run", "--resume", "--quiet").status == 0
    assert "data was" in molvae(*words, "--resume", parts / "*.csv").complaint


def test_files_that_cannot_be_read_together_are_refused(molvae, data, tmp_path):
    words = ["train", "--out", tmp_path / "run", "--quiet"]
    assert "no file matches" in molvae(*words, tmp_path / "*.csv").complaint
    assert "given twice" in molvae(*words, data, data).complaint
    assert "standard input" in molvae(*words, data, "-").complaint
    (tmp_path / "other.csv").write_text("smiles\nCCO\n")
    other = molvae(*words, data, tmp_path / "other.csv", "--property-columns", "logp").complaint
    assert "other.csv' has no column 'logp'" in other
    assert not (tmp_path / "run").exists()
