"""What a researcher must know to trust a model's latent space, measured on molecules of a file."""

from molvae.diagnosis.config import DiagnoseConfig
from molvae.diagnosis.drawing import DrawnMolecules, draw_molecules
from molvae.diagnosis.reconstruction import jtvae_reconstruction
from molvae.diagnosis.report import Diagnosis, diagnose

__all__ = [
    "DiagnoseConfig",
    "Diagnosis",
    "DrawnMolecules",
    "diagnose",
    "draw_molecules",
    "jtvae_reconstruction",
]
