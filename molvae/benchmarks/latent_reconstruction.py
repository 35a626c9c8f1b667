"""Figures of the latent space benchmark on what comes back: reconstruction, samples, ELBO gap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import nan
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.latent_reference import (
    Figure,
    Reference,
    canonical_selfies,
    decode_judged,
    is_known,
    round_tripping,
)
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, to_selfies
from molvae.chem.operators.mutation import mutate
from molvae.chem.refusal import none_if_refused
from molvae.chem.screening import JudgedSelfies
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.layout import ColumnChoice
from molvae.dataset.rows import AcceptedRow, RefusedRow, read_rows
from molvae.diagnosis.held_out import measure_held_out
from molvae.molecule_vae import MoleculeVAE

_STEREO_MARKS = frozenset("@/\\")


def exact_in_file(
    model: MoleculeVAE, path: Path, config: LatentConfig, columns: ColumnChoice | None = None
) -> Iterator[Figure]:
    """Exact reconstructions of a file's molecules, and of those with stereo marks without them."""
    flat = model.card.cleaning.with_changes({"keep_stereo": False})
    marked = model.card.cleaning.with_changes({"keep_stereo": True})
    rows = list(islice(_rows(model, path, columns, marked, config), config.exact_molecules))
    flat_rows = list(islice(_rows(model, path, columns, flat, config), config.exact_molecules))
    changed = [
        row
        for row, before in zip(flat_rows, rows, strict=True)
        if isinstance(before, AcceptedRow)
        and (isinstance(row, RefusedRow) or row.smiles != before.smiles)
    ]
    name = f"exact, {path.name}"
    yield _exact(model, name, rows)
    if config.candidates:
        some = rows[: config.closest_molecules]
        yield _exact(model, f"{name}, closest of {config.candidates}", some, config.candidates)
    if config.refined:
        yield _exact(model, f"{name}, refined", rows, refine=True)
    yield _exact(model, f"{name}, stereo marks removed", changed)
    if config.refined:
        yield _exact(model, f"{name}, stereo marks removed, refined", changed, refine=True)


def exact_after_edits(
    model: MoleculeVAE, reference: Reference, edits: int, config: LatentConfig
) -> Iterator[Figure]:
    """Exact reconstructions of flat reference molecules after random graph edits."""
    generator = np.random.default_rng([config.seed, edits])
    flat = [molecule for molecule in reference.molecules if is_flat(molecule)]
    children = [edit(molecule, edits, generator) for molecule in flat[: config.edited]]
    pairs: list[tuple[str, Selfies]] = []
    for child in filter(None, children):
        selfies = none_if_refused(to_selfies, child)
        if selfies is not None and is_known(model, selfies):
            pairs.append((child.smiles, selfies))
    total = sum(child is not None for child in children)
    name = f"exact after {edits} graph edit{'s' if edits > 1 else ''}"
    for is_refined in (False, True) if config.refined else (False,):
        exact = len(round_tripping(model, pairs, refine=is_refined))
        yield Figure(
            f"{name}, refined" if is_refined else name,
            exact / total if total else nan,
            len(pairs) / total if total else nan,
            "readable by the model",
            total,
        )


@dataclass(frozen=True)
class NormalSamples:
    """Greedily decoded samples of N(0, I)."""

    judged: tuple[JudgedSelfies, ...]
    round_trips: Bool[np.ndarray, " sample"]
    """Whether encoding and decoding the molecule gives the same molecule."""

    def smiles(self, chosen: Sequence[bool] | Bool[np.ndarray, " sample"]) -> list[str]:
        """SMILES of those chosen samples that are molecules."""
        pairs = zip(self.judged, chosen, strict=True)
        return [sample.smiles for sample, is_in in pairs if is_in and sample.smiles]


def normal_samples(model: MoleculeVAE, config: LatentConfig) -> NormalSamples:
    """Samples of N(0, I), decoded greedily, judged and sent through the model once more."""
    generator = np.random.default_rng([config.seed, 14])
    z = generator.standard_normal((config.samples, model.latent_size), np.float32)
    judged = decode_judged(model, z, config)
    distinct = list(dict.fromkeys(sample.smiles for sample in judged if sample.smiles))
    canonical = dict(zip(distinct, canonical_selfies(distinct, config), strict=True))
    pairs = [
        (s, selfies) for s, selfies in canonical.items() if selfies and is_known(model, selfies)
    ]
    survivors = set(round_tripping(model, pairs))
    return NormalSamples(tuple(judged), np.array([sample.smiles in survivors for sample in judged]))


def normal_figures(
    model: MoleculeVAE, reference: Reference, samples: NormalSamples, config: LatentConfig
) -> Iterator[Figure]:
    """Shares of the samples of N(0, I) that are sound, beside those of decoded posterior means."""
    n = len(samples.judged)
    control = decode_judged(model, reference.mean[:n], config)
    basis = len(control)
    yield Figure(
        "N(0, I), greedy: unrepaired",
        sum(sample.is_unrepaired for sample in samples.judged) / n,
        sum(sample.is_unrepaired for sample in control) / basis,
        "posterior means",
        n,
    )
    yield Figure(
        "N(0, I), greedy: distinct molecules",
        len({sample.smiles for sample in samples.judged if sample.smiles}) / n,
        len({sample.smiles for sample in control if sample.smiles}) / basis,
        "posterior means",
        n,
    )
    own = zip(control, reference.molecules, strict=False)
    yield Figure(
        "N(0, I), greedy: round trips",
        float(samples.round_trips.mean()),
        sum(sample.smiles == molecule.smiles for sample, molecule in own) / basis,
        "reference molecules",
        n,
    )


def elbo_gap(model: MoleculeVAE, reference: Reference, config: LatentConfig) -> Iterator[Figure]:
    """ELBO gap of the reference molecules and the terms it consists of, in nats."""
    rows = reference.selfies_rows[: config.held_out]
    generator = np.random.default_rng([config.seed, 15])
    noise = generator.standard_normal((len(rows), model.latent_size), np.float32)
    measured = measure_held_out(model, rows, noise)
    name = "ELBO gap (reconstruction + KL - NLL of the prior), nats"
    yield Figure(name, measured.elbo_gap, 0.0, "exact posterior", len(rows))
    yield Figure("reconstruction, nats", measured.reconstruction, nan, "", len(rows))
    yield Figure("KL, nats", measured.kl, nan, "", len(rows))
    yield Figure("NLL of the learned prior, nats", measured.language or nan, nan, "", len(rows))


def edit(molecule: Molecule, edits: int, generator: np.random.Generator) -> Molecule | None:
    """The molecule after random graph edits; None if an edit fails."""
    child: Molecule | None = molecule
    for _ in range(edits):
        child = mutate(child, generator) if child is not None else None
    return child


def _exact(
    model: MoleculeVAE,
    name: str,
    rows: Sequence[AcceptedRow | RefusedRow],
    candidates: int = 0,
    *,
    refine: bool = False,
) -> Figure:
    pairs = [
        (row.smiles, row.selfies)
        for row in rows
        if isinstance(row, AcceptedRow) and is_known(model, row.selfies)
    ]
    return Figure(
        name,
        len(round_tripping(model, pairs, candidates, refine=refine)) / len(rows) if rows else nan,
        len(pairs) / len(rows) if rows else nan,
        "readable by the model",
        len(rows),
    )


def is_flat(molecule: Molecule) -> bool:
    """Whether the SMILES has no stereo marks."""
    return _STEREO_MARKS.isdisjoint(molecule.smiles)


def _rows(
    model: MoleculeVAE,
    path: Path,
    columns: ColumnChoice | None,
    rules: StandardizeConfig,
    config: LatentConfig,
) -> Iterator[AcceptedRow | RefusedRow]:
    for rows in read_rows(path, columns, rules, config.workers, max_symbols=model.card.max_symbols):
        yield from rows
