"""Figures on anomaly detection by the language model's likelihood, against the length alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_reconstruction import edit, is_flat
from molvae.benchmarks.latent_reference import Figure, Reference, is_known
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, from_selfies_batch, to_selfies_batch
from molvae.diagnosis.figures import auc
from molvae.molecule_vae import MoleculeVAE

_EDITS = (1, 3, 10)


def anomaly(
    model: MoleculeVAE,
    reference: Reference,
    others: Mapping[str, Reference],
    config: ExploreConfig,
) -> Iterator[Figure]:
    """AUROC with which the NLL tells unusual molecules from usual ones.

    Molecules without stereochemistry are compared with such, since graph edits remove it. Half of
    the flat reference molecules are the usual ones, the other half is changed.

    Args:
        model: model with a learned prior.
        reference: usual molecules.
        others: unusual molecules, by the name of their file.
        config: sizes and seed.
    """
    flat = [molecule for molecule in reference.molecules if is_flat(molecule)]
    usual, changed = flat[::2][: config.edited], flat[1::2][: config.edited]
    usual_rows = _selfies_of(model, usual)
    for edits in _EDITS:
        generator = np.random.default_rng([config.seed, 21, edits])
        children = [edit(molecule, edits, generator) for molecule in changed]
        yield _auroc(
            model,
            f"AUROC, {edits} graph edit{'s' if edits > 1 else ''}",
            _selfies_of(model, filter(None, children)),
            usual_rows,
        )
    yield _auroc(
        model, "AUROC, random tokens", _random_tokens(model, usual_rows, config), usual_rows
    )
    for name, molecules in others.items():
        rows = reference.selfies_rows[: config.edited]
        yield _auroc(model, f"AUROC, {name}", molecules.selfies_rows, rows)


def _auroc(
    model: MoleculeVAE, name: str, unusual: Sequence[Selfies], usual: Sequence[Selfies]
) -> Figure:
    lengths = [np.array([len(row) for row in rows]) for rows in (unusual, usual)]
    value = auc(model.nll(unusual), model.nll(usual))
    return Figure(name, value, auc(*lengths), "number of symbols", len(unusual))


def _random_tokens(
    model: MoleculeVAE, rows: Sequence[Selfies], config: ExploreConfig
) -> list[Selfies]:
    """Canonical SELFIES of what random symbols, as many as in each row, decode to."""
    generator = np.random.default_rng([config.seed, 22])
    symbols = model.vocabulary.symbols
    written = [
        tuple(symbols[index] for index in generator.integers(len(symbols), size=len(row)))
        for row in rows
    ]
    return _selfies_of(model, filter(None, from_selfies_batch(written)))


def _selfies_of(model: MoleculeVAE, molecules: Iterable[Molecule]) -> list[Selfies]:
    """Canonical SELFIES of those molecules that the model can read."""
    answers = to_selfies_batch([molecule.smiles for molecule in molecules])
    return [selfies for selfies in answers if selfies and is_known(model, selfies)]
