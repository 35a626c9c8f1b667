import json
import shutil

import pytest
from page_reader import ReadPage

from molvae.errors import FileError
from molvae.report.config import ReportConfig
from molvae.report.writing import write_report
from molvae.runs import RunDirectory
from molvae.training.run import resume, train


@pytest.fixture
def run(trained, tmp_path):
    """A copy of a finished training, to be altered."""
    return RunDirectory(shutil.copytree(trained[1], tmp_path / "run"))


def read(run, samples=0, **settings):
    config = ReportConfig(samples=samples, **settings)
    return ReadPage(write_report(run, config=config).read_text(encoding="utf-8"))


def test_a_finished_training_tells_its_figures(run):
    page = read(run)
    summary = json.loads(run.summary.read_text())
    best = summary["best"]
    assert f"state ended: {summary['stop']} updates {summary['updates']}" in page.text
    assert "figures of the best model" in page.text
    share = f"{best['exact_reconstruction']:.1%} of {best['molecules']} held-out molecules"
    assert f"exact reconstruction {share}" in page.text
    assert f"KL {best['kl']:.1f} nats active units {best['active_units']} of 16" in page.text
    assert f"learned prior {best['language']:.2f} nats" in page.text
    assert "property head" in page.text
    assert "train.learning_rate 0.005" in page.text
    assert f"python {json.loads(run.provenance.read_text())['python']}" in page.text
    assert "posterior collapse" not in page.text


def test_a_training_of_the_prior_alone_is_drawn_without_the_losses_that_it_has_not(run):
    lines = [json.loads(line) for line in run.progress.read_text().splitlines()]
    for line in lines:
        del line["training_reconstruction"], line["training_kl"]
    run.progress.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert len(read(run).pictures) == 6


def test_the_page_needs_nothing_but_itself(run):
    page = read(run)
    assert len(page.pictures) == 6
    assert all(address.startswith("data:image/svg+xml") for address in page.addresses)


def test_a_training_that_was_cut_off_tells_of_its_last_validation(run):
    run.summary.unlink()
    lines = run.progress.read_text().splitlines()
    run.progress.write_text(f"{lines[0]}\n{lines[1][:70]}")
    page = read(run)
    assert "state in progress or interrupted figures of the last validation" in page.text
    assert f"reconstruction {json.loads(lines[0])['reconstruction']:.2f} nats" in page.text
    # One validation makes no curve.
    assert len(page.pictures) == 1


def test_a_resumed_training_is_not_told_to_have_ended(run):
    lines = run.progress.read_text().splitlines()
    later = {**json.loads(lines[-1]), "step": 10_000, "kl": 77.7}
    run.progress.write_text("\n".join([*lines, json.dumps(later), ""]))
    page = read(run)
    assert "state in progress or interrupted" in page.text
    assert "KL 77.7 nats" in page.text


# It was, until the next validation.
def test_a_training_that_goes_on_is_not_told_to_have_ended(tiny_plan, tmp_path):
    run = RunDirectory(tmp_path / "run")
    short = tiny_plan.train.with_changes({"max_minutes": 1e-6})
    train(tiny_plan.model_copy(update={"train": short}), run.path)
    assert "state ended: the time is up updates 1 " in read(run).text
    told = []

    def look(line):
        # At the first validation, which is not written yet.
        if line.startswith("epoch") and not told:
            told.append(read(run).text)

    resume(run.path, max_minutes=60.0, notify=look)
    assert "state in progress or interrupted" in told[0]
    assert "state ended: all epochs are done" in read(run).text


def test_a_finished_training_that_is_resumed_ends_with_its_summary(run):
    before = json.loads(run.summary.read_text())
    resume(run.path)
    after = json.loads(run.summary.read_text())
    assert {**after, "minutes": before["minutes"]} == before


def test_a_training_without_a_validation_says_so(run):
    run.summary.unlink()
    run.progress.unlink()
    page = read(run)
    assert "state in progress or interrupted" in page.text
    assert "no validation yet" in page.text
    assert page.pictures == {}


def test_a_collapsed_model_is_named_as_such(run):
    summary = json.loads(run.summary.read_text())
    summary["best"] |= {"kl": 0.02, "active_units": 0}
    run.summary.write_text(json.dumps(summary))
    assert "posterior collapse: KL 0.02 nats" in read(run).text


def test_refused_rows_are_counted_by_reason(run):
    assert "Refused rows" not in read(run).text
    rows = ["line,reason,text,detail", *(f"{n},duplicate,C<{n}>," for n in range(2, 14))]
    run.refused_rows.write_text("\n".join([*rows, "20,not a molecule,hello,no", ""]))
    text = read(run).text
    assert "Refused rows 13 rows were refused" in text
    assert "duplicate 12 not a molecule 1 line reason text detail 2 duplicate C<2>" in text
    assert "C<11>" in text
    assert "C<12>" not in text


def test_a_damaged_file_is_named(run):
    run.settings.write_text("{")
    with pytest.raises(FileError, match=r"settings\.json"):
        write_report(run)
    assert not run.report.exists()


SUMMARY = {"stop": "done", "updates": 1, "minutes": 1.0, "training_molecules": 1}
OTHER_CONTENT = {
    "provenance.json": ["{}", "[]", '{"packages": null}', '{"packages": {"molvae": [1]}}'],
    "summary.json": ["{}", "3", '{"stop": 1}', json.dumps({**SUMMARY, "best": {"kl": 1.0}})],
    "progress.jsonl": ['{"step": 1}\n', '{"step": 1, "kl_per_dimension": "many"}\n'],
    "settings.json": ["3", "[]", "null"],
    "refused.csv": [
        "",
        "line;reason;text;detail\n2;duplicate;C;\n",
        "line,reason,text,detail\n2,not a molecule,caf\xe9,\n",
        "line,reason,text,detail\n2,duplicate," + "C" * 200_000 + ",\n",
    ],
}


@pytest.mark.parametrize(
    ("name", "content"),
    [(name, content) for name, contents in OTHER_CONTENT.items() for content in contents],
    ids=lambda text: text[:20],
)
def test_a_file_that_holds_something_else_is_named(run, name, content):
    (run.path / name).write_bytes(content.encode("cp1252"))
    with pytest.raises(FileError, match=rf"{name}.*\brestore\b"):
        write_report(run)
    assert not run.report.exists()


def test_a_row_of_refused_ones_that_is_too_short_or_too_long_is_shown_as_it_is(run):
    run.refused_rows.write_text("line,reason,text,detail\n2,duplicate\n3,duplicate,C,,more\n")
    assert "duplicate 2 line reason text detail 2 duplicate 3 duplicate C" in read(run).text


def test_samples_stand_beside_held_out_molecules(run):
    page = read(run, samples=30)
    assert "Examples of reconstruction" in page.text
    assert "held-out molecules come back exactly" in page.text
    assert "held-out molecules." in page.text.partition("Samples ")[2]
    assert any(about.startswith("decoded: ") for about in page.pictures)
    assert any(about.startswith("Median weight: ") for about in page.pictures)
    assert {"Latent map", "Molecules"} <= {words.strip() for words in page.words}


def test_samples_stand_beside_a_file_that_is_named(run, tmp_path):
    file = tmp_path / "other.smi"
    file.write_text("CCO\nc1ccccc1\nCCN\n")
    page = read(run, samples=30, reference=file)
    assert "beside 3 molecules of other.smi" in page.text


def test_data_that_have_moved_are_named(run):
    settings = json.loads(run.settings.read_text())
    run.settings.write_text(json.dumps({**settings, "data": "/moved/away.csv"}))
    page = read(run, samples=20)
    assert "away.csv' are not as they were" in page.text
    assert "Examples of reconstruction" not in page.text


def test_settings_of_another_version_leave_the_data_out(run):
    settings = json.loads(run.settings.read_text())
    run.settings.write_text(json.dumps({**settings, "unknown": 1}))
    assert "another version of molvae" in read(run, samples=20).text
