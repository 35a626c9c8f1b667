"""Measure: docking score against a protein, by AutoDock Vina."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, JsonValue, PositiveFloat, PositiveInt, model_validator

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError, MoleculeError
from molvae.files import sha256
from molvae.objectives.desirability import AnyCurve, Sigmoid
from molvae.objectives.docking_programs import (
    Receptor,
    check_programs,
    find_obabel,
    find_target,
    find_vina,
    openbabel_version,
)
from molvae.objectives.docking_run import DockingRun
from molvae.objectives.measure import Failed, Readings, readings_of
from molvae.objectives.pdbqt import read_coordinates
from molvae.runs import package_version
from molvae.settings import Settings

_SEED = 974528263
"""Default seed of dockstring."""
_MAX_SEED = 2**31 - 1

Edge = Annotated[float, Field(gt=0.0, le=1000.0)]


class DockingMeasure(Settings):
    """Docking score (kcal/mol, lower is better) of a molecule in the box of a receptor.

    The molecule is protonated for pH 7.4 and embedded in 3D, both determined by its SMILES and the
    seed. Molecules that cannot be embedded, exceed the time limit or have no pose in the box are
    reported and have no value. With `cpus = 1` the same seed gives the same score.
    """

    kind: Literal["docking"] = "docking"
    target: str | None = None
    """Name of a target of dockstring, such as KIT, which brings its receptor and box."""
    receptor: Path | None = None
    """PDBQT file of your own receptor, instead of `target`; requires `center` and `size`."""
    center: tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    """Center of the box for your own receptor, in Å."""
    size: tuple[Edge, Edge, Edge] | None = None
    """Lengths of the edges of that box, in Å."""
    exhaustiveness: PositiveInt = 8
    """Number of independent runs of Vina's search; the time grows with it."""
    poses: PositiveInt = 9
    """Maximum number of poses; the score is that of the best."""
    seed: Annotated[int, Field(ge=1, le=_MAX_SEED)] = _SEED
    """Seed of the 3D structure and of Vina, 1 or more."""
    cpus: PositiveInt = 1
    """Threads of Vina per molecule; several molecules at once are the `workers` of the command."""
    timeout_seconds: PositiveFloat = 600.0
    """Time limit per molecule, in seconds."""
    poses_out: Path | None = None
    """Folder for the poses: an SD file per molecule, named by a hash of its SMILES, with the SMILES
    and the scores in it."""
    vina: str | None = None
    """Program with the flags of AutoDock Vina; default: version 1.1.2, which dockstring brings."""
    folder: Path | None = None
    """Folder from which relative paths start; by default the folder of the objective file."""

    @model_validator(mode="after")
    def _names_a_receptor(self) -> "DockingMeasure":
        if (self.target is None) == (self.receptor is None):
            raise ValueError("give either target or receptor")
        has_box = (self.center is not None, self.size is not None)
        if self.receptor is not None and not all(has_box):
            raise ValueError("a receptor requires center and size of the box")
        if self.target is not None and any(has_box):
            raise ValueError("a target has its own box; remove center and size")
        return self

    def label(self) -> str:
        return "docking"

    def usual_curve(self) -> AnyCurve | None:
        # Kilocalories per mole; most drug-like molecules lie between, whatever the protein.
        return Sigmoid(low=-6.0, high=-12.0)

    def identity(self) -> JsonValue:
        receptor = self._receptor()
        return {
            "kind": self.kind,
            "receptor_sha256": sha256(receptor.path),
            "center": list(receptor.center),
            "size": list(receptor.size),
            "exhaustiveness": self.exhaustiveness,
            "poses": self.poses,
            "seed": self.seed,
            "vina_sha256": sha256(find_vina(self.vina, self.folder)),
            "openbabel": openbabel_version(find_obabel()),
            "rdkit": package_version("rdkit"),
        }

    def within(self, folder: Path) -> "DockingMeasure":
        return self.model_copy(update={"folder": (folder / (self.folder or "")).absolute()})

    def action(self) -> str:
        poses = f" and writes poses into {self._path(self.poses_out)}" if self.poses_out else ""
        return f"runs obabel and {self.vina or 'AutoDock Vina'}{poses}"

    def check(self) -> None:
        run = self._run()
        _check_box(run.receptor)
        check_programs(run.vina, run.obabel)

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        run = self._run()
        answers: list[object] = []
        for molecule in molecules:
            try:
                answers.append(run.score(molecule))
            except MoleculeError as error:
                answers.append(Failed(str(error)))
        return readings_of(answers)

    def _run(self) -> DockingRun:
        return DockingRun(
            receptor=self._receptor(),
            vina=find_vina(self.vina, self.folder),
            obabel=find_obabel(),
            exhaustiveness=self.exhaustiveness,
            poses=self.poses,
            seed=self.seed,
            cpus=self.cpus,
            timeout_seconds=self.timeout_seconds,
            poses_out=None if self.poses_out is None else self._path(self.poses_out),
        )

    def _receptor(self) -> Receptor:
        if self.receptor is None or self.center is None or self.size is None:
            return find_target(self.target or "")
        path = self._path(self.receptor)
        if not path.is_file():
            raise ConfigError(f"no receptor file {str(path)!r}; check the path")
        return Receptor(path, self.center, self.size)

    def _path(self, path: Path) -> Path:
        return ((self.folder or Path()) / path).absolute()


def _check_box(receptor: Receptor) -> None:
    """Check that the receptor is a PDBQT file with an atom in the box.

    Raises:
        ConfigError: it is not, or the box is elsewhere.
    """
    name = repr(str(receptor.path))
    try:
        atoms = read_coordinates(receptor.path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{name} is not a PDBQT file: {error}") from None
    if len(atoms) == 0:
        raise ConfigError(f"{name} has no atoms; expected a PDBQT file of a receptor")
    distances = abs(atoms - receptor.center)
    if not (distances <= [edge / 2 for edge in receptor.size]).all(axis=1).any():
        raise ConfigError(
            f"no atom of {name} lies in the box; its atoms are around "
            f"{', '.join(f'{mean:.1f}' for mean in atoms.mean(axis=0))}: check 'center' and 'size'"
        )
