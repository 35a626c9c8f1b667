"""What several test folders need: a few real molecules and one model trained on them."""

import csv
from collections.abc import Generator
from pathlib import Path

import type_checks  # isort: skip  # noqa: F401 - before molvae, whose imports it concerns.
import pytest
import torch

from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.corpus_config import CorpusConfig
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.training.config import TrainConfig, TrainingPlan
from molvae.training.run import TrainingResult, train

SAMPLE = Path(__file__).parents[1] / "data" / "moses_sample.csv"
TINY = ModelConfig(
    tokens=0,
    embedding_size=16,
    encoder_size=32,
    decoder_size=64,
    latent_size=16,
    latent_input="every",
    decoder="separate",
    prior_size=32,
)


LONGEST = ("test_run.py", "test_documents.py", "test_fault_sweeps.py", "test_combined.py")
"""Names of the test files that take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the longest test files, so that no worker is left with one at the end.

    Coverage is not measured in slow tests, which would take nearly twice as long.
    """
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage in the processes of a test in which none is measured."""
    if not item.get_closest_marker("no_cover"):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        return (yield)


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """The models of the tests are too small to share between threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def few_molecules(tmp_path_factory) -> Path:
    """The first 200 rows of the shipped sample, with some property values missing."""
    with SAMPLE.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[:201]
    for row in rows[1::5]:
        row[2] = ""
    path = tmp_path_factory.mktemp("data") / "few.csv"
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_plan(few_molecules) -> TrainingPlan:
    """Settings with which a training takes seconds."""
    return TrainingPlan(
        data=few_molecules,
        corpus=CorpusConfig(property_columns=("logp", "qed"), standardize=StandardizeConfig()),
        model=TINY,
        train=TrainConfig(
            epochs=12,
            batch_size=32,
            learning_rate=5e-3,
            warmup=0.05,
            beta=0.01,
            validate_every=20,
            processes=1,
            precision="float32",
            device="cpu",
        ),
    )


@pytest.fixture(scope="session")
def trained(tiny_plan, tmp_path_factory) -> tuple[TrainingResult, Path]:
    """The result of that training, and its run directory."""
    out = tmp_path_factory.mktemp("runs") / "trained"
    return train(tiny_plan, out), out


@pytest.fixture(scope="session")
def tiny_model(trained):
    """The trained model."""
    return trained[0].model


@pytest.fixture(scope="session")
def model_without_prior(tiny_model):
    """An untrained model that has no language model."""
    network = ModelConfig(
        tokens=0, embedding_size=4, encoder_size=4, decoder_size=4, latent_size=4,
        decoder="separate", prior_size=0,
    )  # fmt: skip
    return MoleculeVAE.untrained(tiny_model.vocabulary, network)
