import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from molvae import __version__
from molvae.cli.main import COMMANDS, application
from molvae.generation_config import GenerateConfig
from molvae.optimize.methods import SearchConfig
from molvae.training.config import TrainingPlan

HEAVY = {"jaxtyping", "matplotlib", "numpy", "pandas", "rdkit", "scipy", "selfies", "torch"}
HELP = """
import sys
from molvae.cli.main import main
status = main(sys.argv[1:])
print("imported:", *sorted(sys.modules))
sys.exit(status)
"""


def help_of(*words: str) -> tuple[str, set[str]]:
    """The help of a command in a fresh process, and the modules that it imports."""
    done = subprocess.run(
        [sys.executable, "-c", HELP, *words, "--help"], capture_output=True, text=True, check=True
    )
    text, _, modules = done.stdout.rpartition("imported:")
    return text, set(modules.split())


def test_help_names_every_command():
    text, modules = help_of()
    assert modules & HEAVY == set()
    for command in COMMANDS:
        assert f"\n│ {command} " in text


GROUPS = {
    "benchmark": ("constrained", "credit", "latent", "moses", "pmo", "reconstruction"),
    "data": ("chembl", "moses", "zinc250k"),
}


IMPORTS = """
import json, sys
from molvae.cli.main import main
heavy, imports = {HEAVY!r}, {{}}
for command in sys.argv[1:]:
    assert main([*command.split(), "--help"]) == 0, command
    imports[command] = sorted(heavy & {{*sys.modules}})
print("imports:", json.dumps(imports))
"""


def test_help_of_a_command_imports_no_heavy_library():
    commands = [
        *(name for name in COMMANDS if name not in GROUPS),
        *(f"{group} {name}" for group, names in GROUPS.items() for name in names),
    ]
    code = IMPORTS.format(HEAVY=HEAVY)
    words = [sys.executable, "-c", code, *commands]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    imports = json.loads(done.stdout.rpartition("imports:")[2])
    # In one process: the first command with a name behind it is the one to mend.
    assert imports == {command: [] for command in commands}


def test_version_is_that_of_the_package(shell):
    done = shell("--version")
    assert (done.status, done.out) == (0, f"{__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_overview_and_the_help_of_a_command_begin_alike(command, molvae):
    target = application()[command]
    first = (target.default_command.__doc__ or "") if target.default_command else target.help
    assert first.splitlines()[0][:30] in molvae("--help").out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train", ["--max-minutes", "--from", "--preset", "[default: 0.003]", "--no-keep-stereo"]),
        ("generate", ["--novel-to", "--temperature", "[default: logp,qed,sa,weight]"]),
        ("optimize", ["--budget", "[default: 2000]", "--combined.pool", "combined, cma-es"]),
        ("encode", ["--smiles-column", "--model"]),
        ("decode", ["--temperature", "temperature 0"]),
        ("reconstruct", ["--json", "exact (0 or 1)"]),
    ],
)
def test_help_of_a_command_shows_its_settings_with_their_defaults(molvae, command, words):
    done = molvae(command, "--help")
    text = " ".join(done.out.replace("│", " ").split())
    assert done.status == 0
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["trian"], 'Unknown command "trian". Did you mean "train"?'),
        (["train", "x.csv", "--out", "y", "--epoch", "3"], "Did you mean --epochs?"),
        (["train", "x.csv"], "--out requires an argument"),
        (["train", "--out", "y"], "give a file of molecules (CSV, TSV or SMI)"),
        (["score", "--out", "y"], "SOURCE requires an argument"),
        (["generate", "--out", "y", "--n", "0"], "--n 0: Input should be greater than 0"),
        (["generate", "--out", "y", "--temperature", "hot"], "--temperature hot: Input should be"),
        (["train", "x", "--out", "y", "--elements", "Xx"], "--elements "),
        (["train", "x", "--out", "y", "--device", "gpu"], "auto, cpu, cuda, cuda:1 or mps"),
        (["optimize", "x", "--out", "y", "--limits.max-sa", "70"], "--limits.max-sa 70: "),
        (["data", "zinc"], 'Unknown command "zinc"'),
    ],
)
def test_wrong_usage_is_one_line_on_stderr_and_status_2(molvae, words, complaint):
    done = molvae(*words)
    assert complaint in done.complaint
    assert done.status == 2


@pytest.mark.parametrize("out", [".", "", "/"])
@pytest.mark.parametrize(
    "words",
    [
        ["encode", "x.csv", "--out"],
        ["decode", "x.npz", "--out"],
        ["reconstruct", "x.csv", "--out"],
        ["likelihood", "x.csv", "--out"],
        ["score", "x.csv", "qed", "--out"],
        ["diagnose", "zinc250k", "x.csv", "--out"],
        ["evaluate", "x.csv", "--reference", "y.csv", "--training", "z.csv", "--out"],
        ["generate", "--out", "x.csv", "--novel-to", "y.csv", "--latents"],
    ],
)
def test_a_folder_without_a_name_is_no_place_for_a_file(molvae, tmp_path, monkeypatch, words, out):
    monkeypatch.chdir(tmp_path)
    assert "is a folder; give the name of a file" in molvae(*words, out).complaint


def test_a_reader_who_leaves_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "molvae", "--help"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


# The work was done, and its last line a traceback.
@pytest.mark.parametrize("name", [b"caf\xe9.html", "caf\xe9.html".encode()])
def test_a_name_that_cannot_be_printed_is_printed_escaped(tmp_path, name):
    (tmp_path / "settings.json").write_text("{}")
    words = [sys.executable, "-m", "molvae", "report", tmp_path, "--out", os.fsencode(tmp_path)]
    words[-1] += b"/" + name
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, capture_output=True, env=ascii_only, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"/caf\\" in done.stdout
    assert Path(os.fsdecode(words[-1])).is_file()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9e9 bytes"),
    ],
)
def test_too_little_memory_is_one_line_with_advice(molvae, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("molvae.report.writing.write_report", fail)
    assert "not enough memory; use a smaller --batch-size" in molvae("report", "run").complaint


def test_another_fault_is_not_taken_for_want_of_memory(molvae, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr("molvae.report.writing.write_report", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        molvae("report", "run")


@pytest.mark.parametrize(("command", "most"), [("train", 37), ("optimize", 35)])
def test_help_shows_only_the_settings_that_users_need(molvae, command, most):
    flags = re.findall(r"^│[ *]+(--[a-z.-]+)", molvae(command, "--help").out, re.MULTILINE)
    flags = {flag for flag in flags if ".no-" not in flag and not flag.startswith("--no-")}
    assert 6 < len(flags) <= most


def test_settings_without_a_flag_are_in_the_printed_file(molvae, tmp_path):
    text = molvae("config", "train").out
    settings = tomllib.loads(text)
    assert settings["model"]["encoder_size"] == 384
    assert settings["train"]["warmup"] == 0.01
    assert "\n# Share of the training over which the learning rate rises from 0:" in text
    # The file has the defaults, once the data are named.
    assert TrainingPlan.parse({"data": "x", **settings}) == TrainingPlan(data=Path("x"))


@pytest.mark.parametrize(
    ("command", "kind"), [("generate", GenerateConfig), ("optimize", SearchConfig)]
)
def test_the_printed_file_of_settings_holds_the_defaults(molvae, command, kind):
    assert kind.parse(tomllib.loads(molvae("config", command).out)) == kind()


def test_schemas_name_the_keys_of_the_files(molvae):
    assert "component" in json.loads(molvae("schema", "objective").out)["properties"]
    assert "corpus" in json.loads(molvae("schema", "train").out)["properties"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_knows_commands_and_flags(molvae, shell):
    script = molvae("completion", shell).out
    assert "interpolate" in script
    assert "max-minutes" in script


def test_short_flags_are_those_of_other_programs(molvae):
    text = molvae("generate", "--help").out
    for long, short in ("--out", "-o"), ("--model", "-m"), ("--n", "-n"), ("--quiet", "-q"):
        assert f"{long} {short}" in text
    assert molvae("-V").out == molvae("--version").out


def test_verbose_shows_where_an_error_came_from(molvae, tmp_path):
    words = ("report", tmp_path / "none")
    assert len(molvae(*words).err.splitlines()) == 1
    assert "Traceback" in molvae(*words, "-v").err
