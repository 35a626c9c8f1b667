import csv
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from interrupts import heed_ctrl_c
from rdkit import Chem
from rdkit.Chem import QED

SHIPPED = Path(__file__).parents[2] / "data"
# The tiny model decodes to hardly anything that the guardrails let pass.
QUICK = ("--method", "cma-es", "--no-guardrails")


def candidates(run):
    with (run / "candidates.csv").open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def searched(shared_molvae, run, folder):
    """A search for QED, and how it ended."""
    out = folder / "search"
    flags = ["--model", run, "--budget", 60, "--seed", 2, *QUICK]
    return shared_molvae("optimize", SHIPPED / "qed.toml", "--out", out, *flags), out


def test_candidates_are_distinct_best_first_and_scored_by_qed(searched):
    done, out = searched
    assert done.status == 0, done.err
    rows = candidates(out)
    scores = [float(row["score"]) for row in rows]
    assert list(rows[0])[:3] == ["smiles", "score", "qed"]
    assert len({row["smiles"] for row in rows}) == len(rows) == 60
    assert scores == sorted(scores, reverse=True)
    for row in rows[:10]:
        assert float(row["score"]) == pytest.approx(QED.qed(Chem.MolFromSmiles(row["smiles"])))


def test_the_ten_best_are_shown_with_the_reason_for_the_end(searched):
    done, out = searched
    lines = done.out.splitlines()
    assert lines[0].split() == ["score", "qed", "smiles"]
    assert [line.split()[-1] for line in lines[1:11]] == [
        row["smiles"] for row in candidates(out)[:10]
    ]
    assert any(line.startswith("60 molecules scored") for line in lines)
    assert any(line.endswith(str(out / "candidates.csv")) for line in lines)
    assert "60/60" in done.err


@pytest.mark.slow
def test_resuming_with_a_larger_budget_keeps_what_was_scored(molvae, run, tmp_path, searched):
    flags = ["--model", run, "--seed", 2, *QUICK, "--quiet", "--json"]
    words = ["optimize", SHIPPED / "qed.toml", "--out"]
    shutil.copytree(searched[1], tmp_path / "twice")
    done = molvae(*words, tmp_path / "twice", "--resume", "--budget", 90, *flags)
    molvae(*words, tmp_path / "once", "--budget", 90, *flags)
    assert json.loads(done.out)["calls"] == 90
    first = {row["smiles"]: row["score"] for row in candidates(searched[1])}
    twice = {row["smiles"]: row["score"] for row in candidates(tmp_path / "twice")}
    assert first.items() <= twice.items()
    assert candidates(tmp_path / "twice") == candidates(tmp_path / "once")


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_the_search_can_be_resumed(run, tmp_path, molvae):
    words = ["optimize", SHIPPED / "qed.toml", "--out", tmp_path / "out", "--model", run]
    process = subprocess.Popen(
        [sys.executable, "-m", "molvae", *map(str, words), *QUICK, "--budget", "5000"],
        stderr=subprocess.PIPE,
        preexec_fn=heed_ctrl_c,
    )
    shown = b""
    while b"best" not in shown:
        letter = process.stderr.read(1)
        assert letter, shown
        shown += letter
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 130, rest
    assert rest.splitlines()[-1] == b"molvae: interrupted"
    done = molvae(*words, "--resume", "--budget", 30, "--quiet", "--json")
    assert json.loads(done.out)["calls"] >= 30


def test_settings_come_from_a_file_and_flags_win(molvae, run, tmp_path):
    config = tmp_path / "search.toml"
    config.write_text('method = "random-walk"\nbudget = 70\n[random_walk]\nwalkers = 4\n')
    flags = [
        "--config",
        config,
        "--budget",
        20,
        "--no-guardrails",
        "--model",
        run,
        "--quiet",
        "--json",
    ]
    out = tmp_path / "out"
    done = molvae("optimize", SHIPPED / "qed.toml", "--out", out, *flags)
    assert json.loads(done.out)["calls"] == 20
    search = json.loads((out / "settings.json").read_text())["search"]
    assert (search["method"], search["random_walk"]["walkers"]) == ("random-walk", 4)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[component]]\nproperty = 'qde'\n", "did you mean 'qed'?"),
        ("name = 'x'\n", "at least one [[component]]"),
        ("nam = 'x'\n[[component]]\nproperty = 'qed'\n", "did you mean 'name'?"),
        ("name = ", "not a readable TOML file"),
    ],
)
def test_a_wrong_objective_is_one_line_and_no_run_is_made(molvae, run, tmp_path, text, complaint):
    objective = tmp_path / "objective.toml"
    objective.write_text(text)
    words = ["optimize", objective, "--out", tmp_path / "out", "--model", run]
    assert complaint in molvae(*words).complaint
    assert not (tmp_path / "out").exists()


def test_runs_are_not_mixed_up(molvae, run, searched, tmp_path):
    words = ["optimize", SHIPPED / "qed.toml", "--model", run, "--out"]
    out = searched[1]
    assert "--resume" in molvae(*words, out).complaint
    assert "search.seed was 2, now 3" in molvae(*words, out, "--resume", "--seed", 3).complaint
    assert "holds no run to resume" in molvae(*words, tmp_path / "none", "--resume").complaint
    assert "holds no search" in molvae(*words, run, "--resume").complaint
    config = tmp_path / "x.toml"
    config.write_text("budget = 9\n")
    assert "leave out --config" in molvae(*words, out, "--resume", "--config", config).complaint
    other = ["optimize", SHIPPED / "penalized_logp.toml", "--model", run, "--out", out, "--resume"]
    assert "belongs to another search" in molvae(*other).complaint


LEAD = "CC(C)Cc1ccc(cc1)C(C)C(=O)O"


def test_a_lead_is_improved_within_what_was_asked_for(molvae, run, tmp_path):
    asked = ["--lead", LEAD, "--min-similarity", 0.01, "--keep", "[#6]", "--avoid", "[Br]"]
    flags = ["--model", run, "--budget", 8, "--patience", 5, "--seed", 2, "--quiet"]
    out = tmp_path / "out"
    done = molvae("optimize", SHIPPED / "qed.toml", "--out", out, *asked, *flags, *QUICK)
    assert done.status == 0, done.err
    first = min(candidates(out), key=lambda row: int(row["call"]))
    assert (first["smiles"], first["source"]) == (Chem.CanonSmiles(LEAD), "lead")
    alike = [float(row["similarity_to_lead"]) for row in candidates(out)]
    assert max(alike) == float(first["similarity_to_lead"]) == 1.0
    assert 0.01 <= min(alike) < 1.0
    assert float(first["score"]) == pytest.approx(QED.qed(Chem.MolFromSmiles(LEAD)))
    constraints = json.loads((out / "settings.json").read_text())["search"]["constraints"]
    assert (constraints["lead"], constraints["min_similarity"]) == (LEAD, 0.01)
    assert (constraints["keep"], constraints["avoid"]) == (["[#6]"], ["[Br]"])
    assert f"the lead has score {float(first['score']):.4f}, " in done.out
    # The model of the tests reconstructs next to nothing.
    assert "cannot reconstruct the lead" in done.err
    assert "guardrails: none" in done.out
    assert json.loads((out / "summary.json").read_text())["lead"]["smiles"] == first["smiles"]


def test_guardrails_are_on_by_default_and_reported(molvae, run, tmp_path):
    out = tmp_path / "out"
    flags = ["--model", run, "--method", "random", "--patience", 2, "--quiet"]
    done = molvae("optimize", SHIPPED / "qed.toml", "--out", out, *flags, "--limits.max-sa", 1)
    assert done.status == 1
    assert "no molecule has a score" in done.err
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["calls"], summary["guardrails"]["max_sa"]) == (0, 1)
    decoded = summary["proposed"] - summary["undecodable"]
    assert sum(summary["rejected"].values()) == decoded > 0
    ended, rejected, guardrails, _ = done.out.splitlines()[-4:]
    assert ended.startswith("0 molecules scored; ")
    assert "--no-guardrails" in ended
    assert all(f"{reason} ({count})" in rejected for reason, count in summary["rejected"].items())
    assert guardrails.startswith("guardrails: one part, no radicals, no bridged aromatic rings, ")
    assert "SA 1, no PAINS alert" in guardrails
    assert "--no-guardrails" in guardrails


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--lead", "c1cc"], "lead = 'c1cc': expected a SMILES"),
        (["--min-similarity", 0.4], "--min-similarity 0.4 needs a lead"),
        (["--lead", LEAD, "--min-similarity", 4], "min-similarity 4: Input should be less than"),
        (["--keep", "c1cc"], "'c1cc' is not a SMARTS pattern"),
        (["--keep", "C", "--avoid", "C"], "cannot be kept and avoided at once"),
        (["--lead", LEAD, "--keep", "[Au]"], "the lead itself lacks ['[Au]']"),
        (["--scaffold-bucket", 0], "scaffold-bucket 0: "),
        (["--keep-scaffold"], "--keep-scaffold needs a lead"),
    ],
)
def test_what_cannot_be_asked_of_molecules_is_one_line(molvae, run, tmp_path, flags, complaint):
    words = ["optimize", SHIPPED / "qed.toml", "--out", tmp_path / "out", "--model", run]
    assert complaint in molvae(*words, *flags).complaint
    assert not (tmp_path / "out").exists()


def test_a_search_without_any_score_fails_with_its_files_written(molvae, run, tmp_path):
    objective = tmp_path / "nan.toml"
    objective.write_text(
        'name = "n"\n[[component]]\nkind = "python"\nfunction = "no_scores:rate"\n'
    )
    (tmp_path / "no_scores.py").write_text("def rate(s):\n    return [float('nan')] * len(s)\n")
    words = ["optimize", objective, "--out", tmp_path / "out", "--model", run, "--budget", "5"]
    done = molvae(*words, "--method", "random")
    assert done.status == 1
    assert "no molecule has a score" in done.err
    assert (tmp_path / "out" / "candidates.csv").exists()


def test_the_figures_of_a_search_go_to_tensorboard(molvae, run, tmp_path):
    pytest.importorskip("tensorboard")
    out = tmp_path / "search"
    words = ["--model", run, "--out", out, "--budget", 10, "--track", "tensorboard", *QUICK]
    assert molvae("optimize", SHIPPED / "qed.toml", *words).status == 0
    assert list((out / "tensorboard").iterdir())
