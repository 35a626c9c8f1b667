"""The documents are tested: commands and Python run, objectives parse, links and tables hold."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from molvae.cli.main import main
from molvae.objectives.config import ObjectiveConfig

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "molvae").rglob("*.md")),
    ROOT / "data" / "README.md",
    *sorted((ROOT / "data" / "results").rglob("*.md")),
]

SHORTER = {
    'molvae.ModelConfig.preset("small")': "molvae.ModelConfig(decoder_size=32, prior_size=16)",
    '"max_minutes": 1}': '"max_minutes": 0.03}',
    "TrainConfig(epochs=1)": "TrainConfig(epochs=1, processes=1)",
    "--max-minutes 2.5": "--max-minutes 0.02 --acceptance-draws 0 --processes 1",
    "n=1000": "n=20",
    # A model trained for three seconds writes mostly radicals.
    "--model runs/first --n 1000": "--model runs/first --n 20 --radicals",
    "--n 1000": "--n 20",
    "--n 500": "--n 20",
    "budget=500": "budget=30, patience=2",
    # The guardrails reject all that a model trained for three seconds writes.
    "--model runs/first --out runs/search": "--out runs/search",
    "--budget 2000": "--budget 30",
    "--budget 200": "--budget 30",
    "--molecules 200": "--molecules 20 --protocol-molecules 2 --starts 4 --pairs 100",
    "molvae report runs/tuned": "molvae report runs/tuned --samples 20",
    "benchmark moses": "benchmark moses --n 20 --seeds 0 --no-fcd",
    "benchmark reconstruction": "benchmark reconstruction --sampled 2",
    "benchmark pmo": "benchmark pmo --tasks qed --method random",
    "--budget 1000": "--budget 20",
    "benchmark credit": "benchmark credit --tasks zaleplon_mpo --seeds 0 --sampled 20 --children 4",
}
"""Replacements by which minutes become seconds."""


def blocks(document, language):
    text = document.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shorten(text):
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    return text


def commands(document):
    """The words of each molvae command that needs no download."""
    return [
        shlex.split(line, comments=True)[1:]
        for block in blocks(document, "sh")
        for line in shorten(block).replace("\\\n", " ").splitlines()
        if line.startswith("molvae ") and not line.startswith("molvae data")
    ]


def with_blocks(language):
    names = [path for path in DOCUMENTS if blocks(path, language)]
    return pytest.mark.parametrize("document", names, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The data folder of a checkout with few molecules, and the files that the examples name."""
    folder = tmp_path_factory.mktemp("documents")
    # Downloads of the person who runs the tests are left where they are.
    ignored = shutil.ignore_patterns("*.tokens", "moses", "zinc250k", "results")
    shutil.copytree(ROOT / "data", folder / "data", ignore=ignored)
    sample = folder / "data" / "moses_sample.csv"
    lines = sample.read_text(encoding="utf-8").splitlines(keepends=True)
    sample.write_text("".join(lines[:121]), encoding="utf-8")
    (folder / "data" / "moses").mkdir()
    for number, name in enumerate(("train", "test", "test_scaffolds"), start=4):
        rows = [lines[0], *lines[100 * number : 100 * number + 30]]
        path = folder / "data" / "moses" / f"{name}.csv"
        path.write_text("".join(rows), encoding="utf-8")
    return folder


@pytest.mark.slow
@with_blocks("sh")
def test_the_commands_run_as_they_stand(document, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for words in commands(document):
        assert main(words) == 0, (words, capsys.readouterr().err)


@pytest.mark.slow
@with_blocks("python")
def test_the_python_runs_as_it_stands(document, folder, monkeypatch):
    monkeypatch.chdir(folder)
    for block in blocks(document, "python"):
        (folder / "example.py").write_text(shorten(block), encoding="utf-8")
        runpy.run_path("example.py", run_name="__main__")


@with_blocks("toml")
def test_the_examples_of_objectives_are_valid(document):
    for block in blocks(document, "toml"):
        assert ObjectiveConfig.parse_tables(tomllib.loads(block), document.name).component


def test_the_readme_shows_commands_and_python():
    readme = ROOT / "README.md"
    assert {words[0] for words in commands(readme)} >= {"train", "generate", "optimize"}
    assert blocks(readme, "python")


def test_the_tables_come_from_the_records():
    script = ROOT / "scripts" / "write_results_tables.py"
    subprocess.run([sys.executable, script, "--check"], cwd=ROOT, check=True)


def test_the_reference_of_objectives_comes_from_the_code():
    script = ROOT / "scripts" / "write_objectives_guide.py"
    subprocess.run([sys.executable, script, "--check"], cwd=ROOT, check=True)


def test_each_record_belongs_to_a_table():
    folders = {path.parent for path in (ROOT / "data" / "results").glob("*/*.json")}
    assert folders
    for records in folders:
        assert "<!-- results -->" in (records / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_linked_files_exist(document):
    # Without code, in which brackets belong to SMILES.
    text = re.sub(r"`[^`\n]*`", "", document.read_text(encoding="utf-8"))
    for name in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (document.parent / name).exists(), name
