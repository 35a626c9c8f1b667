"""Sessions of a training: what they keep, when they end, and what they start from."""

import csv
import json
import shutil
import signal
from dataclasses import replace
from math import nan

import numpy as np
import pytest
import torch
from safetensors import safe_open

from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.corpus import split
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.preparation import prepare_corpus
from molvae.errors import DataError, RunError
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory
from molvae.training.config import TrainingPlan
from molvae.training.diagnostics import validate
from molvae.training.process_group import ProcessGroup
from molvae.training.progress import ProgressReport
from molvae.training.run import open_session, resume, train
from molvae.training.session import StopReason


def changed(plan, **settings):
    return plan.model_copy(update={"train": plan.train.with_changes(settings)})


def measure_as(*losses):
    """A measurement that gives these losses first, and then those of the model."""
    coming = list(losses)

    def measure(*arguments):
        validation = validate(*arguments)
        if not coming:
            return validation
        return replace(validation, reconstruction=coming.pop(0), kl=0.0, language=0.0)

    return measure


def new_session(plan, out, measure, notify=None):
    """The session of a new run, whose validations are measured by `measure`."""
    run = RunDirectory.create(out)
    plan.save(run)
    report = ProgressReport(run, notify, bar=False, tensorboard=False)
    corpus = prepare_corpus(plan.data, plan.corpus)
    return open_session(run, plan, corpus, ProcessGroup(), report, measure)


def validations(out):
    lines = RunDirectory(out).progress.read_text().splitlines()
    return [json.loads(line)["reconstruction"] for line in lines]


def test_a_training_that_stopped_improving_is_left_as_it_is_when_resumed(tiny_plan, tmp_path):
    plan = changed(tiny_plan, validate_every=1, epochs=4, patience=2, beta_warmup=0.0)
    session = new_session(plan, tmp_path / "run", measure_as(5.0, 6.0, 7.0, 8.0, 9.0))
    assert (session.run(), session.state.step) == (StopReason.NO_IMPROVEMENT, 3)
    again = resume(tmp_path / "run")
    assert (again.stop, again.steps) == (StopReason.NO_IMPROVEMENT, 3)
    assert validations(tmp_path / "run") == [5.0, 6.0, 7.0]


def test_a_run_is_not_resumed_on_other_molecules(tiny_plan, few_molecules, tmp_path):
    data = tmp_path / "mine.csv"
    shutil.copyfile(few_molecules, data)
    plan = changed(tiny_plan, epochs=1).model_copy(update={"data": data})
    train(plan, tmp_path / "run")
    rows = data.read_text().splitlines(keepends=True)
    data.write_text("".join(rows[:-1]))
    with pytest.raises(RunError, match="other molecules than when"):
        resume(tmp_path / "run")
    data.write_text("".join(rows))
    assert resume(tmp_path / "run").stop is StopReason.ALL_EPOCHS


@pytest.mark.parametrize("line", ["{", "3", "{}"])
def test_damaged_lines_of_progress_do_not_keep_a_run_from_going_on(tiny_plan, tmp_path, line):
    run = RunDirectory(tmp_path / "run")
    train(changed(tiny_plan, epochs=2), run.path)
    whole = run.progress.read_text()
    run.progress.write_text(f"{line}\n{whole}")
    told = []
    assert resume(run.path, notify=told.append).stop is StopReason.ALL_EPOCHS
    aside = run.path / "progress.damaged.jsonl"
    if line == "{}":
        assert run.progress.read_text() == whole
    else:
        assert aside.read_text() == f"{line}\n{whole}"
        assert any("progress.damaged.jsonl" in line for line in told)


def test_a_best_model_that_was_lost_is_written_again(tiny_plan, tmp_path):
    out = tmp_path / "run"
    train(changed(tiny_plan, epochs=1), str(out))
    shutil.rmtree(out / "model")
    model = resume(str(out)).model
    assert MoleculeVAE.from_pretrained(out).card["updates"] == model.card["updates"]


@pytest.fixture
def charged(tmp_path, few_molecules, trained):
    """A model whose molecules kept their charges, and more molecules, some of them charged."""
    folder = tmp_path / "charged"
    trained[0].model.save_pretrained(folder)
    model = MoleculeVAE.from_pretrained(folder, "cpu")
    model.card["cleaning"] = StandardizeConfig(neutralize=False).model_dump(mode="json")
    model.card["max_symbols"] = 90
    model.save_pretrained(folder)
    with few_molecules.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))[:40]
    data = tmp_path / "more.csv"
    lines = [f"{row['smiles']},{row['logp']}\n" for row in rows]
    data.write_text("smiles,logp\n" + "".join(lines) + "C[NH2+]CCC,1.0\n")
    return folder, data


def test_data_are_cleaned_as_those_of_the_model_that_is_trained_on(
    charged, tiny_plan, tmp_path, monkeypatch
):
    folder, data = charged
    monkeypatch.chdir(tmp_path)
    relative = folder.relative_to(tmp_path)
    plan = changed(tiny_plan, epochs=1).model_copy(
        update={"data": data, "start": relative, "corpus": CorpusConfig()}
    )
    card = train(plan, tmp_path / "further").model.card
    assert card.cleaning == StandardizeConfig(neutralize=False)
    assert card.max_symbols == 90
    asked = CorpusConfig(max_symbols=80, standardize=StandardizeConfig(neutralize=True))
    card = train(plan.model_copy(update={"corpus": asked}), tmp_path / "otherwise").model.card
    assert card.cleaning.neutralize
    assert card.max_symbols == 80
    # Wherever it is resumed from.
    monkeypatch.chdir("/")
    assert TrainingPlan.of_run(RunDirectory(tmp_path / "further")).start == folder
    assert resume(tmp_path / "further").stop is StopReason.ALL_EPOCHS


def test_a_property_head_is_taken_over_with_its_scale_or_given_up_with_a_word(
    charged, tiny_plan, tmp_path
):
    folder, data = charged
    start = MoleculeVAE.from_pretrained(folder, "cpu")
    said: list[str] = []
    plan = changed(tiny_plan, epochs=1, learning_rate=1e-9).model_copy(
        update={"data": data, "start": folder, "corpus": CorpusConfig()}
    )
    without = train(plan, tmp_path / "without", notify=said.append).model
    assert without.property_names == ()
    assert any("property head is removed" in line for line in said)
    # As many other molecules have another mean and deviation.
    kept = CorpusConfig(property_columns=("logp", "qed"))
    rows = data.read_text().splitlines()
    data.write_text(
        "\n".join(["smiles,logp,qed", *(f"{row.split(',')[0]},9.0,9.5" for row in rows[1:])])
    )
    said.clear()
    same = train(plan.model_copy(update={"corpus": kept}), tmp_path / "same", notify=said.append)
    latents = start.encode(["CCO", "CCCCCCCC"])
    np.testing.assert_allclose(same.model.predict(latents), start.predict(latents), atol=1e-3)
    assert not any("removed" in line for line in said)


def at_the_validation(number, act):
    """Collects the lines of a training, and acts at the validation of that number."""
    said = []

    def hear(line):
        said.append(line)
        if (
            line.startswith("epoch")
            and sum(earlier.startswith("epoch") for earlier in said) == number
        ):
            act()

    return said, hear


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def stored_in(run):
    with safe_open(run.checkpoint, framework="pt") as stored:
        state = json.loads(stored.metadata()["state"])
        names = [name for name in stored.keys() if name.startswith("weight.")]  # noqa: SIM118
        return state, {name.removeprefix("weight."): stored.get_tensor(name) for name in names}


class CutOffError(Exception):
    pass


def cut_off():
    raise CutOffError


def test_weights_that_were_given_up_are_in_no_checkpoint(tiny_plan, tmp_path):
    plan = changed(tiny_plan, validate_every=2, epochs=2)
    said, hear = at_the_validation(2, cut_off)
    session = new_session(plan, tmp_path / "run", measure_as(5.0, nan, 4.0), hear)
    run = session.run_directory
    with pytest.raises(CutOffError):
        session.run()
    assert sum("back to the last good weights" in line for line in said) == 1
    state, weights = stored_in(run)
    assert (state["step"], state["rollbacks"], state["step_scale"]) == (4, 1, 0.5)
    good = MoleculeVAE.from_pretrained(run.best_model, "cpu")
    assert good.card["updates"] == 2
    for name, weight in good.network.state_dict().items():
        assert torch.equal(weight, weights[name]), name
    assert resume(run.path).stop is StopReason.ALL_EPOCHS


def test_an_interrupt_keeps_no_weights_that_are_not_finite(tiny_plan, tmp_path):
    plan = changed(tiny_plan, validate_every=2, epochs=2)
    said, hear = at_the_validation(1, press_ctrl_c)
    session = new_session(plan, tmp_path / "run", measure_as(5.0, nan), hear)
    assert (session.run(), session.state.step) == (StopReason.INTERRUPTED, 3)
    assert session.last_validation.is_finite
    assert any("not finite at update 3: back to the last good weights" in line for line in said)
    assert stored_in(session.run_directory)[0]["rollbacks"] == 1
    assert resume(tmp_path / "run").stop is StopReason.ALL_EPOCHS


def test_a_run_is_resumed_without_its_start_model(charged, tiny_plan, tmp_path):
    folder, data = charged
    plan = changed(tiny_plan, epochs=3, validate_every=1, seed=5).model_copy(
        update={"data": data, "start": folder, "corpus": CorpusConfig()}
    )
    whole = train(plan, tmp_path / "whole").model
    _, hear = at_the_validation(1, press_ctrl_c)
    stopped = train(plan, tmp_path / "run", notify=hear)
    assert (stopped.stop, stopped.steps) == (StopReason.INTERRUPTED, 2)
    shutil.rmtree(folder)
    resumed = resume(tmp_path / "run")
    assert resumed.stop is StopReason.ALL_EPOCHS
    assert resumed.model.card.held_out_seed(99) == tiny_plan.train.seed
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(weight, resumed.model.network.state_dict()[name]), name


def test_want_of_memory_leaves_no_run_that_cannot_be_resumed(tiny_plan, tmp_path):
    def too_little(_line):
        raise MemoryError

    with pytest.raises(MemoryError):
        train(tiny_plan, tmp_path / "run", notify=too_little)
    assert not (tmp_path / "run").exists()


def test_a_property_value_far_out_is_named_before_the_training(tiny_plan, few_molecules, tmp_path):
    _, held_out = split(prepare_corpus(few_molecules), 20, tiny_plan.train.seed)
    with few_molecules.open(encoding="utf-8") as stream:
        smiles = [row["smiles"] for row in csv.DictReader(stream)]
    scores = {row: float(row % 7) for row in range(200)} | {int(held_out[0]): 1e20}
    lines = [f"{smiles[row]},{score}\n" for row, score in scores.items()]
    data = tmp_path / "far.csv"
    data.write_text("smiles,score\n" + "".join(lines))
    plan = changed(tiny_plan, epochs=1).model_copy(
        update={"data": data, "corpus": CorpusConfig(property_columns=("score",))}
    )
    with pytest.raises(DataError, match=r"'score' holds 1e\+20, .* leave such cells empty"):
        train(plan, tmp_path / "run")
    data.write_text(data.read_text().replace("1e+20", "1e+05"))
    assert train(plan, tmp_path / "run").validation.is_finite
