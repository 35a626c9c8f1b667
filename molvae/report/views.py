"""Sections with interactive views of the molecules of a page."""

from collections.abc import Sequence
from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.report.molecule_set import MoleculeSet, Projections
from molvae.report.page import Section, View


def molecule_sections(title: str, molecules: MoleculeSet, text: str = "") -> tuple[Section, ...]:
    """The map, if the molecules have positions, and the table of the molecules."""
    table = Section(title, text, view=View.TABLE)
    return (Section("Latent map", view=View.MAP), table) if molecules.projections else (table,)


def projections_of(model: Path | None, molecules: Sequence[Molecule]) -> Projections:
    """Positions of molecules on maps of the latent space of a model; none without a model.

    Raises:
        ModelError: the model is damaged, or not there.
    """
    if model is None:
        return {}
    # Imported here: torch takes seconds.
    from molvae.molecule_vae import MoleculeVAE
    from molvae.report.latent_map import latent_projections

    return latent_projections(MoleculeVAE.from_pretrained(model), molecules)
