"""Dock a molecule: protonation, 3D structure, ligand file and a run of AutoDock Vina.

The steps are those of dockstring (García-Ortegón et al. 2022).
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from molvae.chem.conformers import embed, neutral_smiles
from molvae.chem.molecule import Molecule
from molvae.errors import MoleculeError
from molvae.files import write_bytes
from molvae.objectives.docking_programs import Receptor
from molvae.objectives.pdbqt import Pose, read_coordinates, read_poses
from molvae.objectives.running import Limits, run_program

_PH = 7.4
_OUTPUT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class DockingRun:
    """Everything that docking needs besides the molecule."""

    receptor: Receptor
    vina: Path
    obabel: Path
    exhaustiveness: int
    poses: int
    seed: int
    cpus: int
    timeout_seconds: float
    poses_out: Path | None

    def score(self, molecule: Molecule) -> float:
        """Score of the best pose in kcal/mol; the poses are written if a folder for them is given.

        Raises:
            MoleculeError: the molecule cannot be docked; the reason names the step that failed.
            FileError: the poses cannot be written.
        """
        clock = _Clock(self.timeout_seconds)
        protonated = self._convert(
            neutral_smiles(molecule), ("-ismi", "-ocan", f"-p{_PH}"), "protonation failed", clock
        ).split()[0]
        conformer = embed(protonated, self.seed, clock.remaining())
        ligand = self._convert(
            conformer.mol_block(),
            ("-imol", "-opdbqt", "--partialcharge", "gasteiger"),
            "ligand file failed",
            clock,
        )
        poses = self._dock(ligand, clock)
        if not poses:
            raise MoleculeError("no pose", "Vina found none in the box")
        if self.poses_out is not None:
            atoms = read_coordinates(ligand)
            records = []
            for rank, pose in enumerate(poses, 1):
                fields = {
                    "smiles": molecule.smiles,
                    "pose": str(rank),
                    "docking_score": f"{pose.score:g}",
                }
                records.append(conformer.sdf_record(atoms, pose.coordinates, fields))
            write_bytes(self.poses_out / pose_file(molecule), "".join(records).encode())
        return poses[0].score

    def _convert(self, text: str, flags: Sequence[str], failure: str, clock: "_Clock") -> str:
        """Output of Open Babel, which ends with status 0 also when it has converted nothing."""
        command = (str(self.obabel), *flags)
        ended = run_program(command, text, None, Limits(clock.remaining(), _OUTPUT_BYTES))
        clock.check()
        if ended.problem or not ended.output.strip():
            raise MoleculeError(failure, f"Open Babel {ended.problem or 'wrote nothing'}")
        return ended.output

    def _dock(self, ligand: str, clock: "_Clock") -> list[Pose]:
        with tempfile.TemporaryDirectory(prefix="molvae-dock-") as name:
            folder = Path(name)
            (folder / "ligand.pdbqt").write_text(ligand, encoding="utf-8")
            limits = Limits(clock.remaining(), _OUTPUT_BYTES)
            ended = run_program(self._command(), "", folder, limits)
            clock.check()
            if ended.problem:
                raise MoleculeError("docking failed", f"Vina {ended.problem}")
            try:
                return read_poses((folder / "poses.pdbqt").read_text(encoding="utf-8"))
            except FileNotFoundError:
                return []
            except ValueError as error:
                raise MoleculeError("unreadable pose", str(error)) from None

    def _command(self) -> tuple[str, ...]:
        sizes = zip("xyz", self.receptor.center, self.receptor.size, strict=True)
        box = [
            word
            for axis, center, size in sizes
            for word in (f"--center_{axis}", f"{center!r}", f"--size_{axis}", f"{size!r}")
        ]
        numbers = {
            "exhaustiveness": self.exhaustiveness,
            "num_modes": self.poses,
            "seed": self.seed,
            "cpu": self.cpus,
        }
        options = [word for name, n in numbers.items() for word in (f"--{name}", str(n))]
        files = ("--receptor", str(self.receptor.path), "--ligand", "ligand.pdbqt")
        return (str(self.vina), *files, "--out", "poses.pdbqt", *box, *options)


def pose_file(molecule: Molecule) -> str:
    """File name of the poses of a molecule."""
    return hashlib.sha256(molecule.smiles.encode()).hexdigest()[:16] + ".sdf"


class _Clock:
    """The time that is left of a limit."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = monotonic() + seconds

    def remaining(self) -> float:
        """Seconds until the limit; raises MoleculeError if there are none."""
        self.check()
        return self._end - monotonic()

    def check(self) -> None:
        """Raise MoleculeError if the limit has passed."""
        if monotonic() >= self._end:
            raise MoleculeError("time limit", f"not docked within {self._seconds:g} seconds")
