import json
import shutil
from pathlib import Path
from typing import get_type_hints

import pytest

from molvae.cli.benchmark import moses


@pytest.fixture(scope="module")
def sets(data, tmp_path_factory):
    """A folder as `molvae data moses` makes it."""
    folder = tmp_path_factory.mktemp("moses")
    smiles = [line.split(",")[0] for line in data.read_text().splitlines()[1:91]]
    for place, name in enumerate(("train", "test", "test_scaffolds")):
        rows = ["SMILES", *smiles[30 * place : 30 * place + 30]]
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_the_record_of_moses_tells_how_it_was_made(molvae, run, sets, tmp_path):
    out = tmp_path / "moses.json"
    flags = (
        "--n",
        40,
        "--seeds",
        0,
        "--prior",
        "normal",
        "--max-symbols",
        25,
        "--no-fcd",
        "--no-strict",
    )
    done = molvae("benchmark", "moses", "--data", sets, "--model", run, "--out", out, *flags)
    record = json.loads(out.read_text())
    assert done.status == 0
    assert record["settings"]["n"] == 40
    assert record["provenance"]["command"].startswith("molvae benchmark moses")
    assert f"{record['mean']['IntDiv']:.4f}" in done.out
    assert record["notes"]
    assert all(f"note: {note}\n" in done.out for note in record["notes"])


def test_reconstruction_is_counted_and_recorded(molvae, run, data, tmp_path):
    out = tmp_path / "reconstruction.json"
    flags = ("--molecules", 30, "--sampled", 2, "--encodings", 2, "--decodings", 2, "--json")
    done = molvae("benchmark", "reconstruction", data, "--model", run, "--out", out, *flags)
    assert json.loads(done.out) == json.loads(out.read_text())
    assert json.loads(done.out)["molecules"] == 30


@pytest.fixture(scope="module")
def pmo(shared_molvae, run, tmp_path_factory):
    """A benchmark of two tasks and two seeds, and how it ended."""
    out = tmp_path_factory.mktemp("benchmark") / "pmo"
    flags = ("--tasks", "qed,median1", "--seeds", "0,1", "--budget", 20, "--method", "random")
    return shared_molvae("benchmark", "pmo", "--out", out, "--model", run, *flags), out


def test_pmo_has_a_record_of_every_run_and_a_table_of_all(pmo):
    done, out = pmo
    assert done.status == 0, done.err
    summary = json.loads((out / "summary.json").read_text())
    names = sorted(path.name for path in (out / "runs").iterdir())
    assert names == ["median1_0.json", "median1_1.json", "qed_0.json", "qed_1.json"]
    assert summary["provenance"]["command"].startswith("molvae benchmark pmo")
    assert summary["budget"] == 20
    assert summary["card"]["molecules"] > 0
    assert f"{summary['tasks']['qed']['auc_top10']['mean']:.3f}" in done.out
    assert "sums over 2 of 20 tasks; budget 20" in done.out


def test_pmo_goes_on_with_more_tasks_and_keeps_what_is_there(molvae, pmo, run, tmp_path):
    out = shutil.copytree(pmo[1], tmp_path / "pmo")
    before = (out / "runs" / "qed_0.json").read_bytes()
    flags = ("--seeds", 0, "--budget", 20, "--method", "random", "--quiet", "--json")
    words = (
        "benchmark",
        "pmo",
        "--out",
        out,
        "--model",
        run,
        "--tasks",
        "qed,celecoxib_rediscovery",
    )
    done = molvae(*words, "--work", tmp_path / "work", *flags)
    tasks = json.loads(done.out)["tasks"]
    assert sorted(tasks) == ["celecoxib_rediscovery", "median1", "qed"]
    assert [tasks[name]["runs"] for name in sorted(tasks)] == [1, 2, 2]
    assert (out / "runs" / "qed_0.json").read_bytes() == before
    work = [path.name for path in (tmp_path / "work").iterdir()]
    assert work == ["celecoxib_rediscovery_0"]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--seed", 1), "--seeds"),
        (("--seeds", "0,x"), "--seeds x: "),
        (("--tasks", "qedd"), "did you mean 'pmo/qed'?"),
        (("--budget", 10), "is of another budget"),
    ],
)
def test_pmo_refuses_in_one_line(molvae, pmo, run, flags, complaint):
    words = ("benchmark", "pmo", "--out", pmo[1], "--model", run, "--method", "random", "--quiet")
    budget = () if "--budget" in flags else ("--budget", 20)
    assert complaint in molvae(*words, *budget, *flags).complaint


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("pmo", ["--budget 10000", "--no-guardrails", "--flat", "--enough 1"]),
        ("constrained", ["--budget 200", "--no-guardrails"]),
    ],
)
def test_the_help_names_the_rules_of_the_benchmark_and_no_other_defaults(molvae, command, rules):
    text = " ".join(molvae("benchmark", command, "--help").out.replace("│", " ").split())
    about, _, flags = text.partition("╭─ Search")
    assert all(rule in about for rule in rules)
    assert "[default" not in flags


def test_flags_are_named_as_they_are_typed(molvae, data, tmp_path):
    out = tmp_path / "constrained.json"
    done = molvae("benchmark", "constrained", data, "--out", out, "--budget", 0)
    assert done.complaint.startswith("--budget 0: ")


def test_leads_are_improved_and_recorded(molvae, data, run, tmp_path):
    leads, out = tmp_path / "leads.tsv", tmp_path / "constrained.json"
    smiles = [line.split(",")[0] for line in data.read_text().splitlines()[1:6]]
    leads.write_text("".join(f"{one} -1.0\n" for one in smiles))
    flags = ("--leads", 2, "--budget", 10, "--patience", 2)
    flags = (*flags, "--method", "random", "--quiet", "--json")
    done = molvae("benchmark", "constrained", leads, "--model", run, "--out", out, *flags)
    record = json.loads(out.read_text())
    assert done.status == 0, done.err
    assert json.loads(done.out) == record
    assert list(record["figures"]) == ["0", "0.2", "0.4", "0.6"]
    assert len(record["leads"]) == 2
    settings = record["settings"]["search"]
    assert (settings["budget"], record["provenance"]["seed"]) == (10, 0)
    # The same words again find it done.
    assert molvae("benchmark", "constrained", leads, "--model", run, "--out", out, *flags[:-1]).out
    assert json.loads(out.read_text())["leads"] == record["leads"]


def test_a_record_has_a_place_before_the_work(molvae, data, run, tmp_path):
    moses = molvae("benchmark", "moses", "--data", tmp_path, "--out", tmp_path, "--model", run)
    assert "is a folder" in moses.complaint
    back = molvae("benchmark", "reconstruction", data, "--out", tmp_path, "--model", run)
    assert "is a folder" in back.complaint


def test_leads_and_record_are_not_one_file(molvae, data, run):
    done = molvae("benchmark", "constrained", data, "--model", run, "--out", data)
    assert "is the input" in done.complaint


def test_moses_is_measured_on_moses_whatever_other_flag_of_the_model_is_given():
    choice = get_type_hints(moses)["model"]
    assert choice(device="cpu").model == choice().model == Path("moses")


@pytest.mark.slow
def test_the_credit_of_sources_is_recorded(molvae, run, data, tmp_path):
    out = tmp_path / "credit.json"
    flags = ("--tasks", "zaleplon_mpo,qed", "--seeds", 1, "--sampled", 20, "--rounds", 1)
    flags = (
        *flags,
        "--sources",
        "graph,prior",
        "--mutants",
        5,
        "--parents",
        5,
        "--children",
        6,
        "--quiet",
    )
    done = molvae("benchmark", "credit", run, "--pool", data, "--out", out, *flags)
    assert done.status == 0, done.err
    record = json.loads(out.read_text())
    assert record["settings"]["children"] == 6
    assert list(record["sources"]) == ["graph", "prior"]
    assert list(record["by_task"]) == ["zaleplon_mpo", "qed"]
    assert record["provenance"]["seed"] == 1
    assert "graph" in done.out


def test_uses_of_a_model_are_recorded(molvae, run, data, tmp_path):
    out = tmp_path / "explore.json"
    words = ("benchmark", "explore", run, "--reference", data, "--out", out, "--quiet")
    done = molvae(*words, "--parts", "compression", "--molecules", 50)
    record = json.loads(out.read_text())
    assert record["settings"]["parts"] == ["compression"]
    assert record["provenance"]["seed"] == 0
    assert "bits per molecule, language model" in done.out


def test_targets_are_measured(molvae, run, tmp_path):
    out = tmp_path / "target.json"
    sizes = ("--molecules", 2, "--most-draws", 2, "--prior-samples", 100, "--workers", 1)
    done = molvae(
        "benchmark", "target", run, "--out", out, *sizes, "--logp", "2", "--qed", "0.5", "--quiet"
    )
    assert done.status == 0, done.err
    record = json.loads(out.read_text())
    assert len(record["cells"]) == 1
    assert record["provenance"]["seed"] == 0
    assert str(out) in done.out
