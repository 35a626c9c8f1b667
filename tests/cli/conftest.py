"""The commands as a user runs them, and one tiny model trained by the real command."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from molvae.cli.main import main

SAMPLE = Path(__file__).parents[2] / "data" / "moses_sample.csv"
SETTINGS = """
[corpus]
property_columns = ["logp", "qed"]

[model]
embedding_size = 16
encoder_size = 32
decoder_size = 64
latent_size = 16
prior_size = 32
tokens = 0
latent_input = "every"
decoder = "separate"

[train]
epochs = 10
batch_size = 32
learning_rate = 5e-3
warmup = 0.05
beta = 0.01
held_out = 20
processes = 1
device = "cpu"
precision = "float32"
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The only line of a command that was refused."""
        lines = self.err.splitlines()
        assert self.status in (1, 2), self
        assert self.out == "", self
        assert len(lines) == 1, lines
        assert lines[0].startswith("molvae: ")
        return lines[0].removeprefix("molvae: ")


def words_of(words: tuple[object, ...]) -> list[str]:
    return [str(word) for word in words]


def run_main(words: tuple[object, ...]) -> int:
    """Exit status of a command that runs in this process, whose records name it as it was typed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["molvae", *words_of(words)])
        return main(words_of(words))


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def shell() -> Callable[..., Done]:
    """Runs `molvae` as a process of its own."""

    def run(*words: object) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "molvae", *words_of(words)],
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def shared_molvae() -> Callable[..., Done]:
    """Runs `molvae` in this process for fixtures that several tests share."""

    def run(*words: object) -> Done:
        written = [io.BytesIO(), io.BytesIO()]
        out, err = (io.TextIOWrapper(stream, "utf-8", newline="") for stream in written)
        with redirect_stdout(out), redirect_stderr(err):
            status = run_main(words)
        out.flush()
        err.flush()
        return Done(status, *(stream.getvalue().decode() for stream in written))

    return run


@pytest.fixture
def molvae(capsys) -> Callable[..., Done]:
    """Runs `molvae` in this process, which saves the start of another."""

    def run(*words: object) -> Done:
        return Done(run_main(words), *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Holds the data, settings and run that the commands' tests share."""
    folder = tmp_path_factory.mktemp("cli")
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "few.csv").write_text("".join(lines[:201]), encoding="utf-8")
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def data(folder) -> Path:
    """200 molecules with logp and qed."""
    return folder / "few.csv"


@pytest.fixture(scope="session")
def settings(folder) -> Path:
    """Settings of a training that takes seconds."""
    return folder / "settings.toml"


@pytest.fixture(scope="session")
def trained(shared_molvae, folder, data, settings) -> Done:
    """How `molvae train --json` ended that made `run`."""
    return shared_molvae("train", data, "--out", folder / "run", "--config", settings, "--json")


@pytest.fixture(scope="session")
def run(trained, folder) -> Path:
    """A finished training."""
    assert trained.status == 0, trained.err
    return folder / "run"
