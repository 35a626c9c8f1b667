"""Docking with small programs in place of Open Babel and Vina, and with the real ones if there."""

import importlib.util
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from molvae.chem.conformers import embed, neutral_smiles
from molvae.chem.molecule import Molecule
from molvae.chem.sdf import read_sdf
from molvae.errors import ConfigError, MissingExtraError, MoleculeError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.docking import DockingMeasure
from molvae.objectives.docking_programs import find_obabel
from molvae.objectives.docking_run import pose_file
from molvae.objectives.pdbqt import read_coordinates, read_poses
from molvae.objectives.permissions import Permissions

ETHANOL = Molecule.parse("CCO")
HAS_DOCKSTRING = importlib.util.find_spec("dockstring") is not None
HAS_EXTRA = HAS_DOCKSTRING and importlib.util.find_spec("openbabel") is not None
needs_extra = pytest.mark.skipif(not HAS_EXTRA, reason="the extra dock is not installed")

OBABEL = """
import sys
if "-V" in sys.argv:
    sys.exit(print("Open Babel 3.1.0 -- Oct  1 2020 -- 12:00:00"))
text = sys.stdin.read()
if "-ismi" in sys.argv and "I" not in text:
    print(text.strip() + "\\t")
if "-imol" in sys.argv:
    lines = text.splitlines()
    for number, line in enumerate(lines[4 : 4 + int(lines[3][:3])], 1):
        x, y, z, symbol = line.split()[:4]
        numbers = "".join(f"{float(value):8.3f}" for value in (x, y, z))
        print(f"ATOM  {number:5}  {symbol:3} UNL     1    {numbers}  1.00  0.00     0.000 {symbol}")
"""
"""Open Babel without chemistry; it does not read SMILES with iodine."""

VINA = """
import pathlib, sys, time
if "--version" in sys.argv:
    sys.exit()
flags = dict(zip(sys.argv[1::2], sys.argv[2::2]))
pathlib.Path(__file__).with_name("flags.txt").write_text(" ".join(sys.argv[1:]))
atoms = pathlib.Path(flags["--ligand"]).read_text().splitlines()
symbols = [line.split()[-1] for line in atoms]
if "S" in symbols:
    time.sleep(600)
if "Br" in symbols:
    sys.exit("atom type Br is not known")
with open(flags["--out"], "w") as out:
    for pose in range(0 if "Cl" in symbols else int(flags["--num_modes"])):
        out.write(f"MODEL {pose + 1}\\nREMARK VINA RESULT: {pose - len(atoms):8.1f}  0.0  0.0\\n")
        for line in atoms:
            x = float(line[30:38]) + 10 * (pose + 1)
            out.write(f"{line[:30]}{x:8.3f}{line[38:]}\\n")
        out.write("ENDMDL\\n")
"""
"""Vina that scores by the number of atoms and moves them by 10 Å along x; some elements fail."""

RECEPTOR = """\
ATOM      1  N   GLN   549      60.373 -11.051 -41.305  1.00  0.00    -0.411 N
ATOM      2  HN2 GLN   549    -160.868-111.894-141.597  1.00  0.00     0.151 HD
"""
BOX = {"center": (60.0, -11.0, -41.0), "size": (20.0, 20.0, 20.0)}


def write_program(path, source):
    path.write_text(f"#!{sys.executable} -I\n{source}")
    path.chmod(0o755)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a receptor, both programs, and the interpreter beside which they are sought."""
    write_program(tmp_path / "obabel", OBABEL)
    write_program(tmp_path / "vina", VINA)
    (tmp_path / "receptor.pdbqt").write_text(RECEPTOR)
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


def measure(folder, **settings):
    given = {"receptor": "receptor.pdbqt", "vina": "./vina", **BOX, **settings}
    return DockingMeasure.parse(given).within(folder)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "target or receptor"),
        ({"target": "KIT", "receptor": "r.pdbqt"}, "target or receptor"),
        ({"receptor": "r.pdbqt"}, "center and size"),
        ({"receptor": "r.pdbqt", "center": (0, 0, 0)}, "center and size"),
        ({"target": "KIT", **BOX}, "its own box"),
        ({"target": "KIT", "seed": 0}, "seed"),
        ({"target": "KIT", "exhaustiveness": 0}, "exhaustiveness"),
        ({"receptor": "r.pdbqt", **BOX, "size": (1, 1, 0)}, "size"),
    ],
)
def test_settings_that_contradict_each_other(settings, problem):
    with pytest.raises(ConfigError, match=problem):
        DockingMeasure.parse(settings)


def test_the_best_pose_gives_the_score_and_the_settings_reach_vina(folder):
    docking = measure(folder, exhaustiveness=3, poses=2, seed=5, cpus=4)
    docking.check()
    assert docking([ETHANOL]).values.tolist() == [-9.0]
    flags = (folder / "flags.txt").read_text()
    for flag in ("--exhaustiveness 3", "--num_modes 2", "--seed 5", "--cpu 4", "--center_y -11.0"):
        assert flag in flags
    assert str(folder / "receptor.pdbqt") in flags


def test_poses_are_written_with_the_docked_coordinates(folder):
    docking = measure(folder, poses=2, poses_out="poses")
    docking([ETHANOL])
    records = list(read_sdf((folder / "poses" / pose_file(ETHANOL)).read_text().splitlines()))
    assert [record.smiles for record in records] == ["CCO", "CCO"]
    assert [record.fields["docking_score"] for record in records] == ["-9", "-8"]
    text = (folder / "poses" / pose_file(ETHANOL)).read_text().splitlines()
    carbon = embed("CCO", docking.seed, 60.0).mol.GetConformer().GetPositions()[0]
    assert float(text[4].split()[0]) == pytest.approx(carbon[0] + 10, abs=0.01)


def test_failures_are_named_per_molecule_and_the_others_have_scores(folder):
    smiles = ["CI", "CBr", "CCl", "CC.CC", "[CH3]", "CCO"]
    readings = measure(folder)([Molecule.parse(text) for text in smiles])
    assert np.isnan(readings.values).tolist() == [True] * 5 + [False]
    reasons = [problem.reason for problem in readings.problems]
    words = ["protonation", "type Br is not known", "no pose", "several fragments", "radical"]
    assert all(word in reason for word, reason in zip(words, reasons, strict=True)), reasons


def test_a_molecule_that_takes_too_long_is_given_up(folder):
    readings = measure(folder, timeout_seconds=2.0)([Molecule.parse("CS")])
    assert [problem.reason for problem in readings.problems] == [
        "time limit: not docked within 2 seconds"
    ]


@pytest.mark.parametrize("smiles", ["F[C@@]12CC[C@](F)(CC1)C2", "C1CC"])
def test_a_molecule_without_3d_structure_is_named(smiles):
    # A bridgehead that points into its cage, and a text that is no molecule.
    with pytest.raises(MoleculeError, match="embedding failed"):
        embed(smiles, 1, 60.0)


def test_embedding_is_determined_by_the_seed():
    first, again, further = (embed("CCCCO", seed, 60.0).mol_block() for seed in (1, 1, 2))
    assert first == again != further


def test_charges_that_protons_can_remove_are_removed_before_protonation():
    assert neutral_smiles(Molecule.parse("CC(=O)[O-]")) == "CC(=O)O"


def test_the_identity_depends_on_the_receptor_and_not_on_paths_or_threads(folder):
    before = measure(folder).identity()
    assert measure(folder, cpus=2, poses_out="p", timeout_seconds=5).identity() == before
    assert measure(folder, seed=7).identity() != before
    assert before["openbabel"] == "Open Babel 3.1.0"
    assert before["rdkit"] == version("rdkit")
    (folder / "receptor.pdbqt").write_text(RECEPTOR * 2)
    assert measure(folder).identity() != before


def test_open_babel_beside_the_interpreter_precedes_that_on_the_path(folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    write_program(folder / "elsewhere" / "obabel", OBABEL)
    monkeypatch.setenv("PATH", str(folder / "elsewhere"))
    assert find_obabel() == folder / "obabel"
    (folder / "obabel").unlink()
    assert find_obabel() == folder / "elsewhere" / "obabel"


@pytest.mark.parametrize("program", ["./vina", "bin/vina"])
def test_a_program_in_the_current_folder_has_an_absolute_path(folder, monkeypatch, program):
    (folder / "bin").mkdir()
    write_program(folder / "bin" / "vina", VINA)
    monkeypatch.chdir(folder)
    docking = DockingMeasure.parse({"receptor": "receptor.pdbqt", "vina": program, **BOX})
    docking.check()
    assert docking([ETHANOL]).values.tolist() == [-9.0]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"receptor": "none.pdbqt"}, "no receptor file"),
        ({"vina": "no-such-program"}, "no-such-program"),
        ({"vina": "./broken"}, "broken"),
        ({"center": (0.0, 0.0, 0.0)}, "lies in the box"),
        ({"receptor": "empty.pdbqt"}, "no atoms"),
        ({"receptor": "damaged.pdbqt"}, "not a PDBQT file"),
    ],
)
def test_files_and_programs_are_checked_beforehand(folder, settings, problem):
    write_program(folder / "broken", "raise SystemExit('wrong machine')")
    (folder / "empty.pdbqt").write_text("REMARK\n")
    (folder / "damaged.pdbqt").write_text("ATOM      1  N   GLN   549      here and there\n")
    with pytest.raises(ConfigError, match=problem):
        measure(folder, **settings).check()


def test_a_missing_open_babel_is_named_with_the_extra(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    (folder / "obabel").unlink()
    with pytest.raises(MissingExtraError, match="openbabel-wheel"):
        measure(folder).check()


@pytest.mark.skipif(HAS_DOCKSTRING, reason="dockstring is installed")
def test_a_missing_dockstring_is_named_with_the_extra():
    with pytest.raises(MissingExtraError, match="dockstring"):
        DockingMeasure(target="KIT").check()


def test_an_objective_runs_the_programs_only_with_permission(folder):
    path = folder / "objective.toml"
    path.write_text(
        'name = "dock"\n[[component]]\nkind = "docking"\nreceptor = "receptor.pdbqt"\n'
        'vina = "./vina"\ncenter = [60, -11, -41]\nsize = [20, 20, 20]\n'
    )
    lines = []
    objective = ConfiguredObjective.load(path, permissions=Permissions(announce=lines.append))
    assert "./vina" in lines[0]
    total = objective.score([ETHANOL, Molecule.parse("C")]).total
    assert 0 < total[1] < total[0] <= 1
    with pytest.raises(ConfigError, match="no_code"):
        Permissions(no_code=True).apply(ObjectiveConfig.load(path))


def test_files_of_vina_are_read_by_column_and_sorted():
    assert read_coordinates(RECEPTOR)[1].tolist() == [-160.868, -111.894, -141.597]
    text = "".join(
        f"MODEL\nREMARK VINA RESULT:   {score}  0.0  0.0\n{RECEPTOR}ENDMDL\n"
        for score in ("-3.5", "-7.1")
    )
    assert [pose.score for pose in read_poses(text)] == [-7.1, -3.5]


@needs_extra
def test_a_target_that_dockstring_lacks():
    with pytest.raises(ConfigError, match="did you mean"):
        DockingMeasure(target="KITT").check()


@needs_extra
@pytest.mark.slow
def test_two_molecules_are_docked_into_kit(tmp_path: Path):
    docking = DockingMeasure(target="KIT", exhaustiveness=1, poses=2, poses_out=tmp_path)
    try:
        docking.check()
    except ConfigError as error:
        pytest.skip(f"Vina does not run here: {error}")
    molecules = [Molecule.parse("Oc1ccccc1"), Molecule.parse("CC(=O)Nc1ccc(O)cc1")]
    readings = docking(molecules)
    assert not readings.problems
    assert -9 < readings.values[1] < readings.values[0] < -3
    assert docking(molecules[:1]).values[0] == readings.values[0]
    for molecule in molecules:
        records = list(read_sdf((tmp_path / pose_file(molecule)).read_text().splitlines()))
        assert {record.smiles for record in records} == {molecule.smiles}
