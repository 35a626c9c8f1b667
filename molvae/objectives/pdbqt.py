"""Read PDBQT files, the format of receptors, ligands and poses of AutoDock Vina."""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

_SCORE = re.compile(r"REMARK VINA RESULT:\s*([-+]?\d+\.?\d*(?:[eE][-+]?\d+)?)")


@dataclass(frozen=True)
class Pose:
    """A docked ligand."""

    score: float
    """Estimated free energy of binding, in kcal/mol."""
    coordinates: Float64[np.ndarray, "atom 3"]


def read_coordinates(text: str) -> Float64[np.ndarray, "atom 3"]:
    """Coordinates of the atoms, in Å.

    Raises:
        ValueError: a coordinate is not a number.
    """
    lines = [line for line in text.splitlines() if line.startswith(("ATOM", "HETATM"))]
    # The columns are fixed: large coordinates leave no blank between them.
    rows = [[float(line[begin : begin + 8]) for begin in (30, 38, 46)] for line in lines]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def read_poses(text: str) -> list[Pose]:
    """The poses that Vina wrote, the best first.

    Raises:
        ValueError: a coordinate is not a number.
    """
    poses = []
    for model in text.split("ENDMDL"):
        match = _SCORE.search(model)
        if match:
            poses.append(Pose(float(match.group(1)), read_coordinates(model)))
    return sorted(poses, key=lambda pose: pose.score)
