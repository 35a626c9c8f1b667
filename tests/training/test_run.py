import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas
import pytest
import torch
from rdkit import Chem
from safetensors.torch import load_file
from training_process import start_training, wait_for

from molvae.chem.molecule import Molecule
from molvae.dataset.corpus_config import CorpusConfig
from molvae.dataset.preparation import prepare_corpus
from molvae.errors import (
    ConfigError,
    DataError,
    FileError,
    ModelError,
    RunError,
    TrainingError,
)
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import RunDirectory
from molvae.training.config import TrainingPlan
from molvae.training.loop import Step
from molvae.training.process_group import ProcessGroup
from molvae.training.progress import ProgressReport, Validation
from molvae.training.run import open_session, resume, train
from molvae.training.session import StopReason
from molvae.training.start import prepare_start


def changed(plan, corpus=None, **settings):
    return plan.model_copy(
        update={
            "train": plan.train.with_changes(settings),
            "corpus": plan.corpus.with_changes(corpus or {}),
        }
    )


def weights(run, folder="last_model"):
    return load_file(run / folder / "weights.safetensors")


def assert_equal_weights(one, other):
    assert one.keys() == other.keys()
    for name, weight in one.items():
        assert torch.equal(weight, other[name]), name


def progress(run):
    return [json.loads(line) for line in RunDirectory(run).progress.read_text().splitlines()]


@pytest.fixture(scope="module")
def short_plan(tiny_plan):
    """A training of one epoch that validates twice."""
    return changed(tiny_plan, epochs=1, validate_every=4)


@pytest.fixture(scope="module")
def short(short_plan, tmp_path_factory):
    """The run directory of that training."""
    out = tmp_path_factory.mktemp("runs") / "short"
    train(short_plan, out)
    return out


@pytest.fixture(scope="module")
def longer_plan(tiny_plan):
    """A training long enough to be ended by a signal, with a checkpoint at nearly every update."""
    return changed(tiny_plan, epochs=4, checkpoint_minutes=1e-6)


@pytest.fixture(scope="module")
def longer(tiny_plan, tmp_path_factory):
    """The run directory of that training where nothing ended it."""
    out = tmp_path_factory.mktemp("runs") / "longer"
    train(changed(tiny_plan, epochs=4), out)
    return out


@pytest.fixture(scope="module")
def watched(tiny_plan, tmp_path_factory):
    """Result, run directory and events of a training that writes TensorBoard files."""
    out, events = tmp_path_factory.mktemp("runs") / "watched", []
    plan = changed(tiny_plan, epochs=1, validate_every=4, tensorboard=True)
    return train(plan, out, callback=events.append), RunDirectory(out), events


@pytest.fixture(scope="module")
def collapsed(tiny_plan, tmp_path_factory):
    """Plan, result and messages of a training whose posterior collapses."""
    plan, lines = changed(tiny_plan, beta=50.0, beta_warmup=0.01, epochs=8), []
    out = tmp_path_factory.mktemp("runs") / "collapsed"
    return plan, train(plan, out, notify=lines.append), lines


def test_training_learns(trained):
    lines = progress(trained[1])
    assert lines[-1]["reconstruction"] < 0.95 * lines[0]["reconstruction"]
    assert lines[-1]["step"] == trained[0].steps


def test_a_run_holds_all_that_is_promised(trained):
    run = RunDirectory(trained[1])
    for path in (run.settings, run.provenance, run.refused_rows, run.checkpoint, run.summary):
        assert path.is_file(), path
    assert TrainingPlan.of_run(run).train.precision == "float32"
    card = MoleculeVAE.from_pretrained(run.best_model).card
    assert card["molecules"] == 180
    assert card["validation"]["molecules"] == 20


@pytest.mark.parametrize(
    "source",
    [
        lambda frame: frame,
        lambda frame: frame["smiles"],
        lambda frame: [Chem.MolFromSmiles(smiles) for smiles in frame["smiles"]],
        lambda frame: (Molecule.parse(smiles) for smiles in frame["smiles"]),
    ],
)
def test_molecules_that_python_holds_are_trained_on_and_resumed(
    few_molecules, tiny_plan, tmp_path, source
):
    frame = pandas.read_csv(few_molecules).head(60)
    plan = TrainingPlan(
        data=source(frame),
        model=tiny_plan.model,
        train=tiny_plan.train.with_changes({"epochs": 1, "acceptance_draws": 0}),
    )
    run = RunDirectory(tmp_path / "run")
    train(plan.with_changes({"store": tmp_path / "store"}), run.path)
    assert TrainingPlan.of_run(run).data == run.molecules.resolve()
    assert len(pandas.read_csv(run.molecules)) == len(frame)
    assert resume(run.path).steps == progress(run.path)[-1]["step"]


def test_data_that_are_no_molecules_are_refused(tiny_plan, tmp_path):
    for data in (5, None, {"smiles": ["C"]}):
        with pytest.raises(ConfigError, match="data"):
            TrainingPlan.parse({"data": data})
    with pytest.raises(DataError):
        train(tiny_plan.with_changes({"data": []}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_two_runs_with_one_seed_are_one_run(short, short_plan, tmp_path):
    train(short_plan, tmp_path / "again")
    assert_equal_weights(weights(short), weights(tmp_path / "again"))


def test_another_seed_is_another_run(short, short_plan, tmp_path):
    train(changed(short_plan, seed=1), tmp_path / "other")
    ours, others = weights(short), weights(tmp_path / "other")
    assert not torch.equal(ours["decoder.to_logits.weight"], others["decoder.to_logits.weight"])


def test_the_property_head_learns_from_incomplete_columns(trained):
    model = trained[0].model
    assert model.property_names == ("logp", "qed")
    predicted = model.predict(model.encode(["CCO", "CCCCCCCC"]))
    assert np.isfinite(predicted).all()
    validation = trained[0].validation
    assert validation.property_error < 1.5
    assert str(validation).endswith(f"properties {validation.property_error:.2f} deviations off")
    assert str(replace(validation, property_error=0.0)).endswith("16/16")


def test_a_run_directory_that_is_taken_is_refused(trained, tiny_plan):
    with pytest.raises(RunError, match="`resume`"):
        train(tiny_plan, trained[1])


def test_a_training_that_goes_on_is_not_resumed_beside_itself(trained):
    run = RunDirectory(trained[1])
    before = run.settings.read_bytes()
    with run.lock(), pytest.raises(RunError, match="another process works on"):
        resume(run.path, max_minutes=1.0)
    assert run.settings.read_bytes() == before


def test_a_property_column_without_numbers_is_refused(tiny_plan, tmp_path):
    path = tmp_path / "no_numbers.csv"
    path.write_text("smiles,activity\n" + "".join(f"{'C' * n},high\n" for n in range(1, 30)))
    plan = changed(tiny_plan, corpus={"property_columns": ("activity",)})
    with pytest.raises(DataError, match="activity"):
        train(plan.model_copy(update={"data": path}), tmp_path / "run")


def test_time_that_is_up_ends_a_training_cleanly(tiny_plan, tmp_path):
    result = train(changed(tiny_plan, max_minutes=0.01, epochs=10_000), tmp_path / "run")
    assert result.stop is StopReason.OUT_OF_TIME
    assert result.seconds < 30
    assert MoleculeVAE.from_pretrained(tmp_path / "run" / "model").sample(1)


def test_a_collapsed_model_is_named_with_advice(collapsed):
    _, _, lines = collapsed
    assert any("posterior collapse" in line and "`free_bits`" in line for line in lines)


def test_free_bits_keep_units_active(collapsed, tmp_path):
    plan, result, _ = collapsed
    free = train(changed(plan, free_bits=0.5), tmp_path / "free")
    assert free.validation.kl > result.validation.kl + 0.1 * 16


def test_fine_tuning_on_new_symbols_extends_the_vocabulary(trained, tiny_plan, tmp_path):
    path = tmp_path / "silicon.csv"
    path.write_text("smiles\n" + "".join(f"C[Si](C)(C){'C' * n}[n+]1ccccc1\n" for n in range(30)))
    plan = changed(tiny_plan, corpus={"property_columns": ()}, epochs=2)
    plan = plan.model_copy(update={"data": path, "start": trained[1] / "model"})
    model = train(plan, tmp_path / "run").model
    old = trained[0].model.vocabulary.symbols
    assert model.vocabulary.symbols[: len(old)] == old
    assert model.encode(["C[Si](C)(C)C[n+]1ccccc1"]).shape == (1, 16)


def held_out(plan):
    return prepare_start(plan, prepare_corpus(plan.data, plan.corpus)).data.held_out.tolist()


def test_a_model_trained_further_is_measured_on_what_it_was_not_trained_on(trained, tiny_plan):
    plan = changed(tiny_plan, seed=5)
    further = plan.model_copy(update={"start": trained[1] / "model"})
    assert held_out(further) == held_out(tiny_plan) != held_out(plan)


def prior_alone(plan, trained, **settings):
    plan = changed(
        plan, corpus={"property_columns": ()}, **{"only": "prior", "epochs": 4, **settings}
    )
    return plan.model_copy(update={"start": trained[1] / "model"})


def test_training_the_prior_alone_leaves_codes_as_they_are(trained, tiny_plan, tmp_path):
    out = tmp_path / "run"
    result = train(prior_alone(tiny_plan, trained), out)
    before, after = weights(trained[1], "model"), weights(out)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith("language_model.") for name in moved)
    assert result.model.property_names == ("logp", "qed")
    assert progress(out)[0]["language"] > progress(out)[-1]["language"]
    assert "training_language" in progress(out)[0]
    assert "training_kl" not in progress(out)[0]


def test_training_the_prior_alone_can_be_resumed_and_shared(trained, tiny_plan, tmp_path):
    whole = train(prior_alone(tiny_plan, trained, epochs=2), tmp_path / "whole")
    shared = train(prior_alone(tiny_plan, trained, epochs=2, processes=2), tmp_path / "shared")
    assert shared.validation.language == pytest.approx(whole.validation.language, rel=1e-4)
    again = resume(tmp_path / "whole")
    assert again.validation.language == pytest.approx(whole.validation.language, rel=1e-6)


def test_training_the_prior_alone_needs_a_model(tiny_plan):
    with pytest.raises(ConfigError, match="`start`"):
        TrainingPlan.parse({"data": tiny_plan.data, "train": {"only": "prior"}})


def test_training_the_prior_alone_needs_a_model_with_one(tiny_plan, tiny_model, tmp_path):
    config = tiny_plan.model.with_changes({"prior_size": 0})
    MoleculeVAE.untrained(tiny_model.vocabulary, config).save_pretrained(tmp_path / "model")
    with pytest.raises(ModelError, match="no learned prior"):
        train(prior_alone(tiny_plan, (None, tmp_path)), tmp_path / "run")


def test_training_the_prior_alone_refuses_what_the_model_cannot_encode(
    trained, tiny_plan, tmp_path
):
    path = tmp_path / "chiral.csv"
    path.write_text("smiles\nC[C@H](N)CCO\nC[C@H](N)CCCO\n")
    plan = prior_alone(tiny_plan, trained).model_copy(update={"data": path})
    with pytest.raises(DataError, match=r"does not know the symbols .*\[C@"):
        train(plan, tmp_path / "run")


def test_training_the_prior_alone_trains_no_property_head(trained, tiny_plan, tmp_path):
    plan = prior_alone(tiny_plan, trained)
    plan = changed(plan, corpus={"property_columns": ("qed",)})
    with pytest.raises(ConfigError, match="`property_columns`"):
        train(plan, tmp_path / "run")


def test_not_a_number_goes_back_to_good_weights_and_says_so(tiny_plan, tmp_path):
    lines = []
    plan = changed(tiny_plan, learning_rate=1e30, epochs=3)
    with pytest.raises(TrainingError, match="smaller `learning_rate`"):
        train(plan, tmp_path / "run", notify=lines.append)
    assert sum("back to the last good weights" in line for line in lines) == 8


@pytest.mark.slow
def test_killed_at_any_moment_and_resumed_gives_the_same_weights_bit_for_bit(
    longer, longer_plan, tmp_path
):
    out = tmp_path / "killed"
    # Checkpoints at nearly every update make it likely that one is being written as the kill comes.
    process = start_training(longer_plan, out, tmp_path)
    wait_for(RunDirectory(out).checkpoint.exists, process)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    result = resume(out)
    assert result.stop is StopReason.ALL_EPOCHS
    assert_equal_weights(weights(longer), weights(out))
    assert_equal_weights(weights(longer, "model"), weights(out, "model"))
    ours, theirs = progress(longer), progress(out)
    assert [line["reconstruction"] for line in ours] == [line["reconstruction"] for line in theirs]


@pytest.mark.slow
def test_an_interrupt_ends_at_the_next_update_and_can_be_resumed(longer, longer_plan, tmp_path):
    out = tmp_path / "interrupted"
    process = start_training(longer_plan, out, tmp_path)
    wait_for(RunDirectory(out).checkpoint.exists, process)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    resume(out)
    assert_equal_weights(weights(longer), weights(out))
    # Measured where it was interrupted, and no choice made by it.
    assert_equal_weights(weights(longer, "model"), weights(out, "model"))
    assert [line["step"] for line in progress(out)] == [line["step"] for line in progress(longer)]


def test_a_training_whose_time_is_up_is_left_as_it_is_when_resumed(tiny_plan, tmp_path):
    train(changed(tiny_plan, max_minutes=1e-6), tmp_path / "run")
    before = weights(tmp_path / "run"), weights(tmp_path / "run", "model")
    result = resume(tmp_path / "run")
    assert (result.stop, result.steps) == (StopReason.OUT_OF_TIME, 1)
    assert_equal_weights(before[0], weights(tmp_path / "run"))
    assert_equal_weights(before[1], weights(tmp_path / "run", "model"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_is_heeded_by_the_leading_one(tiny_plan, tmp_path, number):
    out = tmp_path / "run"
    plan = changed(tiny_plan, processes=2, epochs=10_000, checkpoint_minutes=1e-6)
    process = start_training(plan, out, tmp_path)
    wait_for(RunDirectory(out).checkpoint.exists, process)
    os.killpg(process.pid, number)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    assert json.loads(RunDirectory(out).summary.read_text())["stop"].startswith("interrupted")


def test_a_process_that_cannot_begin_ends_the_training_with_a_word(
    tiny_plan, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(TrainingError, match="process 1 of the training ended before it began"):
        train(changed(tiny_plan, processes=2), tmp_path / "run")


def test_a_run_of_a_device_that_is_missing_is_refused_and_left_as_it_is(
    tiny_plan, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    run = RunDirectory.create(tmp_path / "run")
    changed(tiny_plan, device="mps").save(run)
    for device in None, "cuda":
        with pytest.raises(ConfigError, match="`device=auto`"):
            resume(run.path, device=device)
        assert TrainingPlan.of_run(run).train.device == "mps"


@pytest.mark.slow
def test_a_batch_may_have_fewer_molecules_than_there_are_processes(tiny_plan, tmp_path):
    few = tmp_path / "few.csv"
    few.write_text("smiles\nCCO\nCCN\nCCC\n")
    plan = changed(tiny_plan, processes=2, batch_size=1, free_bits=0.1, epochs=2).model_copy(
        update={"data": few, "corpus": CorpusConfig()}
    )
    assert train(plan, tmp_path / "run").stop is StopReason.ALL_EPOCHS


@pytest.mark.slow
@pytest.mark.parametrize("by_torchrun", [False, True])
def test_two_processes_train_what_one_trains(short, short_plan, tmp_path, by_torchrun):
    out = tmp_path / "two"
    if by_torchrun:
        launcher = "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"
        plan = changed(short_plan, processes=None)
        process = start_training(plan, out, tmp_path, sys.executable, *launcher)
        _, words = process.communicate(timeout=300)
        assert process.returncode == 0, words
    else:
        train(changed(short_plan, processes=2), out)
    assert TrainingPlan.of_run(RunDirectory(out)).train.processes == 2
    for ours, theirs in zip(progress(short), progress(out), strict=True):
        assert theirs["reconstruction"] == pytest.approx(ours["reconstruction"], rel=1e-2)


@pytest.mark.slow
def test_a_process_that_dies_ends_the_training_with_a_word(tiny_plan, tmp_path):
    out = tmp_path / "died"
    process = start_training(changed(tiny_plan, processes=2, epochs=10_000), out, tmp_path)
    wait_for(RunDirectory(out).checkpoint.exists, process)
    subprocess.run(["pkill", "-9", "-f", f"molvae.training.worker {out}"], check=True)
    _, words = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "resume the run" in words


def test_a_damaged_checkpoint_is_refused_with_a_way_out(short, tmp_path):
    out = shutil.copytree(short, tmp_path / "run")
    checkpoint = RunDirectory(out).checkpoint
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    with pytest.raises(RunError, match="is damaged"):
        resume(out)


def test_there_must_be_a_run_to_resume(tmp_path):
    with pytest.raises(RunError, match="no run to resume"):
        resume(tmp_path)


def test_tensorboard_files_are_written_when_asked_for(short, watched):
    assert list(watched[1].tensorboard.iterdir())
    assert not RunDirectory(short).tensorboard.exists()


def test_a_callback_gets_each_update_and_each_validation(watched):
    result, run, events = watched
    steps = [event for event in events if isinstance(event, Step)]
    validations = [event for event in events if isinstance(event, Validation)]
    assert len(steps) + len(validations) == len(events)
    assert [step.number for step in steps] == list(range(1, result.steps + 1))
    assert validations[-1].held_out == result.validation
    assert [line["step"] for line in progress(run.path)] == [event.number for event in validations]
    assert validations[0].values()["reconstruction"] > 0


# The first checkpoint did not fit on the disk, and the trained model was removed with the run.
def test_a_checkpoint_that_does_not_fit_leaves_the_model(tiny_plan, tiny_model, tmp_path):
    run = RunDirectory(tmp_path / "run")
    size = 4 * sum(weight.numel() for weight in tiny_model.network.state_dict().values())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * size, limits[1]))
    try:
        with pytest.raises(FileError, match="checkpoint"):
            train(changed(tiny_plan, epochs=1), run.path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    MoleculeVAE.from_pretrained(run.best_model)
    resume(run.path)
    assert run.last_model.is_dir()


def test_a_disk_without_room_is_refused_before_training_begins(tiny_plan, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 8, 1))
    with pytest.raises(FileError, match="free"):
        train(tiny_plan, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_gets_the_provenance_that_it_lacks(trained, tmp_path):
    run = RunDirectory(tmp_path / "run")
    shutil.copytree(trained[1], run.path)
    draft = run.path / ".checkpoint.safetensors.0123abcd.part"
    draft.write_bytes(b"of a killed training")
    run.provenance.unlink()
    resume(run.path)
    assert run.provenance.is_file()
    assert not draft.exists()


def selfies_of(plan):
    corpus = prepare_corpus(plan.data, plan.corpus)
    return [corpus.selfies(index) for index in range(len(corpus))]


def test_a_shared_decoder_with_merged_tokens_learns_all_its_tasks(tiny_plan, tmp_path):
    model = tiny_plan.model.with_changes(
        {"tokens": 40, "decoder": "shared", "latent_input": "first", "prior_size": 0}
    )
    plan = tiny_plan.model_copy(update={"model": model})
    result = train(plan, tmp_path / "shared")
    assert result.model.network.has_prior
    # A model that knows nothing gives each token the same probability.
    tokens = np.mean([len(result.model.vocabulary.encode(row)) + 1 for row in selfies_of(plan)])
    ignorant = tokens * np.log(len(result.model.vocabulary))
    assert result.validation.reconstruction < 0.8 * ignorant
    assert result.validation.language < 0.8 * ignorant
    read = MoleculeVAE.from_pretrained(tmp_path / "shared")
    assert read.vocabulary.merges == result.model.vocabulary.merges
    z = read.encode(["CCO", "c1ccccc1"])
    assert list(read.decode_symbols(z)) == list(result.model.decode_symbols(z))


def test_a_training_on_other_spellings_and_fingerprints_can_be_repeated_and_resumed(
    short, short_plan, tmp_path
):
    plan = changed(short_plan, respell=0.5, fingerprint_weight=0.1)
    for name in ("one", "other"):
        train(plan, tmp_path / name)
    assert_equal_weights(weights(tmp_path / "one"), weights(tmp_path / "other"))
    # What the encoder learned from shows in its weights; what it predicted is not kept.
    plain = weights(short)
    assert not torch.equal(
        plain["to_posterior.weight"], weights(tmp_path / "one")["to_posterior.weight"]
    )
    assert weights(tmp_path / "one").keys() == plain.keys()
    # A run that is complete is opened again with all its weights and their moments.
    run = RunDirectory(tmp_path / "one")
    report = ProgressReport(run, None, bar=False, tensorboard=False)
    corpus = prepare_corpus(plan.data, plan.corpus)
    session = open_session(run, TrainingPlan.of_run(run), corpus, ProcessGroup(), report)
    assert session.state.step == session.loop.total_steps
    assert len(session.loop.optimizer.state_dict()["state"]) == len(session.loop.parameters)
