"""What the README shows is run: its Python from top to bottom, its commands one after the other."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from molvae.objectives.config import ObjectiveConfig

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

SHORTER = {
    'molvae.ModelConfig.preset("small")': "molvae.ModelConfig(decoder_size=32, prior_size=16)",
    '"max_minutes": 1}': '"max_minutes": 0.03}',
    "--max-minutes 2.5": "--max-minutes 0.05 --acceptance-draws 0",
    "n=1000": "n=20",
    # A model of three seconds writes radicals for the most part.
    "--model runs/first --n 1000": "--model runs/first --n 20 --radicals",
    "--n 1000": "--n 20",
    "budget=500": "budget=30, patience=2",
    # A model of three seconds writes nothing that the guard rails let pass; one that ships does.
    "--model runs/first --out runs/search": "--out runs/search",
    "--budget 2000": "--budget 30",
    "--budget 200": "--budget 30",
    "--molecules 200": "--molecules 20",
    "benchmark moses": "benchmark moses --n 20 --seeds 0 --no-fcd",
    "benchmark reconstruction": "benchmark reconstruction --sampled 2",
    "benchmark pmo": "benchmark pmo --tasks qed --method random",
    "--budget 1000": "--budget 20",
}
"""What takes minutes in the README takes seconds here."""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shortened(text):
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkout's data folder, with few molecules in it."""
    folder = tmp_path_factory.mktemp("readme")
    # What a reader of the README may have brought into data/ stays where it is.
    left = shutil.ignore_patterns("*.tokens", "moses", "zinc250k")
    shutil.copytree(ROOT / "data", folder / "data", ignore=left)
    sample = folder / "data" / "moses_sample.csv"
    lines = sample.read_text(encoding="utf-8").splitlines(keepends=True)
    sample.write_text("".join(lines[:301]), encoding="utf-8")
    (folder / "data" / "moses").mkdir()
    for place, name in enumerate(("train", "test", "test_scaffolds"), start=4):
        rows = [lines[0], *lines[100 * place : 100 * place + 30]]
        path = folder / "data" / "moses" / f"{name}.csv"
        path.write_text("".join(rows), encoding="utf-8")
    return folder


def run(words, folder):
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (words, done.stderr)


@pytest.mark.slow
def test_the_commands_run_as_they_stand(folder):
    commands = [
        shlex.split(line, comments=True)
        for block in blocks("sh")
        for line in shortened(block).replace("\\\n", " ").splitlines()
        if line.startswith("molvae ")
    ]
    assert len(commands) >= 6
    for words in commands:
        if words[1] != "data":
            run([sys.executable, "-m", *words], folder)


@pytest.mark.slow
def test_the_python_runs_as_it_stands(folder):
    code = blocks("python")
    assert code
    for block in code:
        # What a reader would put in a script of their own.
        (folder / "readme.py").write_text(shortened(block), encoding="utf-8")
        run([sys.executable, "readme.py"], folder)


def test_the_example_of_an_objective_is_one():
    for block in blocks("toml"):
        assert ObjectiveConfig.parse_tables(tomllib.loads(block), "README").component


def test_the_tables_are_those_of_the_recorded_results():
    script = ROOT / "scripts" / "write_results_tables.py"
    run([sys.executable, str(script), "--check"], ROOT)


def test_files_that_the_readme_names_are_there():
    names = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert names
    for name in names:
        assert (ROOT / name).exists(), name
