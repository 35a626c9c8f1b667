"""Sections that several kinds of pages have: views of molecules, and the use of a latent space."""

from collections.abc import Sequence
from pathlib import Path

from molvae.chem.molecule import Molecule
from molvae.report.charts import bars
from molvae.report.page import Picture, Section, View
from molvae.report.page_molecules import PageMolecules, Projections


def molecule_sections(title: str, molecules: PageMolecules, text: str = "") -> tuple[Section, ...]:
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


def latent_use_section(kl_per_dimension: Sequence[float], when: str = "") -> Section:
    """A chart of the KL of each dimension of z; `when` says at which point of a training."""
    kl = sorted(kl_per_dimension, reverse=True)
    about = f"KL of each dimension of z{when}; a dimension near 0 is unused."
    picture = Picture(bars(kl, "dimension, most used first", "KL in nats"), about)
    return Section("Use of the latent space", pictures=(picture,))
