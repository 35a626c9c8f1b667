"""Sections of the report of a training that need its model: examples, samples, and a map."""

from collections.abc import Sequence

import numpy as np

from molvae.chem.depiction import depiction
from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.chem.similarity import ecfp4_similarity
from molvae.dataset.data_files import describe_files
from molvae.dataset.preparation import find_corpus
from molvae.dataset.spacing import spread_indices
from molvae.errors import RunError
from molvae.generation import generate
from molvae.generation_config import GenerateConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.report.comparison import Reference, property_histograms
from molvae.report.config import ReportConfig
from molvae.report.latent_map import encode_readable, latent_projections
from molvae.report.page import Card, Picture, Section
from molvae.report.page_molecules import MAX_MOLECULES, PageMolecules
from molvae.report.views import molecule_sections
from molvae.runs import RunDirectory
from molvae.training.config import TrainingPlan
from molvae.training.start import split_data

_MOST_DRAWS = 5.0
"""Samples per molecule asked for; a model that needs more is drawn with fewer molecules."""
_COLUMNS = ("logp", "qed", "sa", "weight")


def sample_sections(
    run: RunDirectory, config: ReportConfig
) -> tuple[tuple[Section, ...], PageMolecules | None]:
    """Examples of reconstruction, samples beside data, a map; and the molecules that they show.

    Nothing if the training has saved no model yet, or no samples are asked for.

    Raises:
        ModelError: the model is damaged.
        DataError: the file to compare with cannot be read.
    """
    if not config.samples or not run.best_model.is_dir():
        return (), None
    model = MoleculeVAE.from_pretrained(run.best_model)
    label, data = _data(run, model, config)
    settings = GenerateConfig(n=config.samples, most_draws=_MOST_DRAWS, workers=1)
    generation = generate(model, settings)
    samples = [Molecule.parse(row.smiles) for row in generation.molecules]
    about = f"{len(samples):,} distinct molecules from {generation.drawn:,} samples of the model"
    about += f", beside {len(data):,} {label}." if data else f". {label}"
    pictures = property_histograms({"samples": samples, label: data})
    shown = [*samples, *data][:MAX_MOLECULES]
    if not shown:
        return (Section("Samples", about),), None
    rows = [property_values(molecule, _COLUMNS) for molecule in shown]
    examples = [data[row] for row in spread_indices(len(data), config.molecules // 2)]
    sets = ["sample"] * len(samples) + [label] * (len(shown) - len(samples))
    molecules = PageMolecules(
        f"{run.path.resolve().name}_samples",
        shown,
        {"set": sets, **{name: [row[name] for row in rows] for name in _COLUMNS}},
        projections=latent_projections(model, shown),
    )
    sections = (
        *_examples(model, examples, label),
        Section("Samples", about, pictures=pictures),
        *molecule_sections("Molecules", molecules),
    )
    return sections, molecules


def _data(
    run: RunDirectory, model: MoleculeVAE, config: ReportConfig
) -> tuple[str, list[Molecule]]:
    """A label and as many molecules as samples; without molecules the reason."""
    generator = np.random.default_rng(0)
    if config.reference is not None:
        reference = Reference(config.reference)
        return f"molecules of {reference.name}", reference.sample(config.samples)
    try:
        plan = TrainingPlan.of_run(run)
    except RunError:
        return "The settings of the run are those of another version of molvae.", []
    files = plan.data_files
    is_there = all(file.is_file() for file in files)
    corpus = find_corpus(files, plan.corpus, plan.store) if is_there else None
    if corpus is None:
        text = (
            f"The data in {describe_files(files)} are not as they were; give them with "
            "`--reference`."
        )
        return text, []
    _, held_out = split_data(plan, corpus, model)
    chosen = generator.permutation(held_out)[: config.samples]
    return "held-out molecules", [Molecule.parse(corpus.smiles(int(row))) for row in chosen]


def _examples(model: MoleculeVAE, molecules: Sequence[Molecule], label: str) -> tuple[Section, ...]:
    """Molecules beside their reconstructions."""
    rows, latents = encode_readable(model, molecules)
    if not rows:
        return ()
    pairs = list(zip((molecules[row] for row in rows), model.decode(latents), strict=True))
    exact = sum(molecule == decoded for molecule, decoded in pairs)
    text = (
        f"{exact} of {len(pairs)} {label} come back exactly. Left: the molecule. "
        "Right: what the model decodes greedily at its latent vector; atoms that the "
        "molecule does not have are highlighted."
    )
    cards = tuple(_card(molecule, decoded) for molecule, decoded in pairs)
    return (Section("Examples of reconstruction", text, cards=cards),)


def _card(molecule: Molecule, decoded: Molecule | None) -> Card:
    picture = Picture(depiction(molecule), molecule.smiles)
    if decoded is None:
        return Card(picture, ("decoded: no molecule",), molecule.smiles)
    second = Picture(depiction(decoded, reference=molecule), f"decoded: {decoded.smiles}")
    similarity = ecfp4_similarity(molecule, decoded)
    difference = (f"similarity {similarity:.2f}", f"decoded: {decoded.smiles}")
    lines = ("exact",) if molecule == decoded else difference
    return Card(picture, lines, molecule.smiles, second)
