"""The figures of the latent space benchmark, each with its control."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import nan
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from molvae.benchmarks.latent_config import LatentConfig
from molvae.chem.judging import JudgedSelfies, judge_selfies
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, random_selfies, to_selfies, to_selfies_batch
from molvae.chem.operators.mutation import mutate
from molvae.chem.properties import property_values
from molvae.chem.similarity import morgan_bits
from molvae.chem.standardize import standardize
from molvae.chem.standardize_config import StandardizeConfig
from molvae.dataset.rows import AcceptedRow, RefusedRow, read_rows
from molvae.diagnosis.reconstruction import measure_losses
from molvae.errors import MoleculeError
from molvae.metrics.similarity import tanimoto_matrix
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores, ordered_map

PROPERTIES = ("logp", "qed", "tpsa", "weight")
MIN_SIMILARITY = 0.4
"""Tanimoto similarity above which a neighbor is usable."""
NOISE_LEVELS = (
    *(("posterior", level) for level in (1.0, 2.0, 4.0, 8.0)),
    *(("isotropic", level) for level in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)),
)
"""Noise added to posterior means, in standard deviations of the posterior or of N(0, I)."""
_BITS = 2_048
_PENALTIES = tuple(10.0**power for power in range(-2, 5))
"""Ridge penalties, from which a fifth of the training molecules chooses."""
_ROWS = 512

Row = TypeVar("Row")
Latents = Float32[np.ndarray, "molecule latent"]


@dataclass(frozen=True)
class Figure:
    """A measured value and its control, the same measure of something known."""

    name: str
    value: float
    control: float
    """NaN if there is none."""
    control_name: str
    basis: int
    """Number of molecules, or of decoded latent vectors, behind the value."""


@dataclass(frozen=True)
class Reference:
    """The reference molecules and their posteriors."""

    molecules: tuple[Molecule, ...]
    selfies_rows: tuple[Selfies, ...]
    mean: Latents
    deviation: Latents

    @classmethod
    def encode(
        cls, model: MoleculeVAE, smiles: Sequence[str], selfies_rows: Sequence[Selfies]
    ) -> "Reference":
        """The molecules with the posteriors that a model gives them."""
        mean, deviation = model.posterior(selfies_rows)
        molecules = tuple(map(Molecule.parse, smiles))
        return cls(molecules, tuple(selfies_rows), mean, deviation)

    def __len__(self) -> int:
        return len(self.molecules)


def exact_in_file(model: MoleculeVAE, path: Path, config: LatentConfig) -> Iterator[Figure]:
    """Exact reconstructions of a file's molecules, as they are and without stereo marks."""
    cleaning = model.card.cleaning
    for keep_stereo in (True, False):
        rules = cleaning.with_changes({"keep_stereo": keep_stereo})
        rows = list(islice(_rows(model, path, rules, config), config.exact_molecules))
        fitting = [
            row for row in rows if isinstance(row, AcceptedRow) and is_known(model, row.selfies)
        ]
        pairs = [(row.smiles, row.selfies) for row in fitting]
        yield Figure(
            f"exact, {path.name}{'' if keep_stereo else ', flattened'}",
            _hits(model, pairs) / len(rows) if rows else nan,
            len(fitting) / len(rows) if rows else nan,
            "readable by the model",
            len(rows),
        )


def exact_after_edits(
    model: MoleculeVAE, reference: Reference, edits: int, config: LatentConfig
) -> Figure:
    """Exact reconstructions of flattened reference molecules after random graph edits."""
    generator = np.random.default_rng([config.seed, edits])
    pairs: list[tuple[str, Selfies]] = []
    unknown = 0
    for molecule in reference.molecules[: config.edited]:
        child = _edit(molecule, edits, generator)
        if child is None:
            continue
        selfies = _selfies_or_none(child)
        if selfies is None or not is_known(model, selfies):
            unknown += 1
        else:
            pairs.append((child.smiles, selfies))
    total = len(pairs) + unknown
    return Figure(
        f"exact after {edits} graph edit{'s' if edits > 1 else ''}",
        _hits(model, pairs) / total if total else nan,
        len(pairs) / total if total else nan,
        "readable by the model",
        total,
    )


def respelled(model: MoleculeVAE, reference: Reference, config: LatentConfig) -> Iterator[Figure]:
    """Whether a random SELFIES of a molecule is encoded near the canonical one."""
    generator = np.random.default_rng([config.seed, 10])
    rows, selfies_rows = [], []
    for row, molecule in enumerate(reference.molecules[: config.respelled]):
        selfies = random_selfies(molecule, generator)
        if selfies is not None and is_known(model, selfies):
            rows.append(row)
            selfies_rows.append(selfies)
    if not rows:
        return
    own = np.array(rows)
    distances = _distances(model.posterior(selfies_rows)[0], reference.mean)
    count = np.arange(len(rows))
    own_distance = distances[count, own].copy()
    distances[count, own] = np.inf
    other_distance = distances.min(axis=1)
    n = len(rows)
    yield Figure(
        "another SELFIES: own code is the nearest",
        float((own_distance <= other_distance).mean()),
        1.0 / len(reference),
        "chance",
        n,
    )
    yield Figure(
        "another SELFIES: median distance to the own code",
        float(np.median(own_distance)),
        float(np.median(other_distance)),
        "to the nearest other molecule",
        n,
    )


def ridge(reference: Reference, config: LatentConfig) -> Iterator[Figure]:
    """R2 of ridge regressions of properties on latent vectors, and on Morgan bits."""
    values = [property_values(molecule, PROPERTIES) for molecule in reference.molecules]
    y = np.array([[row[name] for name in PROPERTIES] for row in values])
    order = np.random.default_rng([config.seed, 11]).permutation(len(reference))
    cut = len(order) * 4 // 5
    bits = morgan_bits(reference.molecules, bits=_BITS)
    scores = [
        ridge_r2(table[order].astype(np.float64), y[order], cut) for table in (reference.mean, bits)
    ]
    for name, value, control in zip(PROPERTIES, *scores, strict=True):
        yield Figure(
            f"ridge R2, {name}", float(value), float(control), "Morgan bits", len(order) - cut
        )


def ridge_r2(
    x: Float64[np.ndarray, "molecule feature"],
    y: Float64[np.ndarray, "molecule property"],
    cut: int,
) -> Float64[np.ndarray, " property"]:
    """R2 on the rows from `cut` on; a fifth of the rows before chooses the penalty per column."""
    inner = cut * 4 // 5
    trials = [_r2(x[:cut], y[:cut], inner, penalty) for penalty in _PENALTIES]
    best = np.argmax(np.array(trials), axis=0)
    columns = [
        _r2(x, y[:, [column]], cut, _PENALTIES[choice])[0] for column, choice in enumerate(best)
    ]
    return np.array(columns)


def nearest_neighbors(reference: Reference, config: LatentConfig) -> Iterator[Figure]:
    """Mean Tanimoto similarity of each molecule to the molecule with the nearest latent vector."""
    bits = morgan_bits(reference.molecules, bits=_BITS).astype(np.float32)
    n = len(reference)
    rows = np.arange(n)
    random = (rows + np.random.default_rng([config.seed, 12]).integers(1, n, size=n)) % n
    nearest, best, by_chance = np.empty(n), np.empty(n), np.empty(n)
    for begin in range(0, n, _ROWS):
        here = rows[begin : begin + _ROWS]
        local = np.arange(len(here))
        similarity = tanimoto_matrix(bits[here], bits)
        distance = _distances(reference.mean[here], reference.mean)
        distance[local, here] = np.inf
        nearest[here] = similarity[local, distance.argmin(axis=1)]
        by_chance[here] = similarity[local, random[here]]
        similarity[local, here] = -1.0
        best[here] = similarity.max(axis=1)
    name = "nearest neighbor in z, Tanimoto"
    yield Figure(name, float(nearest.mean()), float(best.mean()), "best possible", n)
    yield Figure(name, float(nearest.mean()), float(by_chance.mean()), "random molecule", n)


def usable_neighbors(
    model: MoleculeVAE, reference: Reference, config: LatentConfig
) -> tuple[Figure, Mapping[str, float]]:
    """Usable molecules per decoded neighbor at the best noise level, and the share at each level.

    A neighbor is usable if its SELFIES is unrepaired and canonical, and it is another molecule at
    Tanimoto similarity above 0.4.
    """
    generator = np.random.default_rng([config.seed, 13])
    n = min(config.starts, len(reference))
    rows = np.repeat(np.arange(n), config.directions)
    noise = generator.standard_normal((len(rows), model.latent_size), np.float32)
    shares = {}
    for kind, level in NOISE_LEVELS:
        scale = reference.deviation[rows] if kind == "posterior" else np.float32(1.0)
        moved = reference.mean[rows] + np.float32(level) * scale * noise
        judged = decode_judged(model, moved, config)
        shares[f"{kind} {level:g}"] = float(_usable(reference, rows, judged).mean())
    edited = [_edit(molecule, 1, generator) for molecule in reference.molecules[:n]]
    children = [
        JudgedSelfies((), child.smiles if child else None, bool(child), bool(child))
        for child in edited
    ]
    figure = Figure(
        "usable neighbors per decode",
        max(shares.values()),
        float(_usable(reference, np.arange(n), children).mean()),
        "random graph edits",
        len(rows),
    )
    return figure, shares


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
    canonical = dict(zip(distinct, _canonical(distinct, config), strict=True))
    pairs = [
        (s, selfies) for s, selfies in canonical.items() if selfies and is_known(model, selfies)
    ]
    survivors = set(_survivors(model, pairs))
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
    reconstruction, kl, nll = measure_losses(model, rows, noise, progress=False).mean(axis=1)
    if nll == 0.0:
        nll = nan
    name = "ELBO gap (reconstruction + KL - NLL of the prior), nats"
    yield Figure(name, float(reconstruction + kl - nll), 0.0, "exact posterior", len(rows))
    yield Figure("reconstruction, nats", float(reconstruction), nan, "", len(rows))
    yield Figure("KL, nats", float(kl), nan, "", len(rows))
    yield Figure("NLL of the learned prior, nats", float(nll), nan, "", len(rows))


def decode_judged(
    model: MoleculeVAE, latents: Latents, config: LatentConfig
) -> list[JudgedSelfies]:
    """Greedily decode latent vectors and judge the SELFIES, each distinct one once."""
    selfies_rows = list(model.decode_symbols(latents))
    distinct = list(dict.fromkeys(selfies_rows))
    batches = _batches(distinct)
    judged = {
        sample.selfies: sample
        for _, samples in ordered_map(judge_selfies, enumerate(batches), _workers(config, distinct))
        for sample in samples
    }
    return [judged[selfies] for selfies in selfies_rows]


def is_known(model: MoleculeVAE, selfies: Selfies) -> bool:
    """Whether the model's vocabulary holds all symbols, and the SELFIES is not too long."""
    if len(selfies) > model.card.max_symbols:
        return False
    return all(symbol in model.vocabulary for symbol in selfies)


def _rows(
    model: MoleculeVAE, path: Path, rules: StandardizeConfig, config: LatentConfig
) -> Iterator[AcceptedRow | RefusedRow]:
    for rows in read_rows(
        path, cleaning=rules, workers=config.workers, max_symbols=model.card.max_symbols
    ):
        yield from rows


def _hits(model: MoleculeVAE, pairs: Sequence[tuple[str, Selfies]]) -> int:
    return len(_survivors(model, pairs))


def _survivors(model: MoleculeVAE, pairs: Sequence[tuple[str, Selfies]]) -> list[str]:
    """SMILES of those molecules that come back from their posterior means."""
    if not pairs:
        return []
    mean, _ = model.posterior([selfies for _, selfies in pairs])
    decoded = model.decode(mean)
    return [
        smiles
        for (smiles, _), molecule in zip(pairs, decoded, strict=True)
        if molecule is not None and molecule.smiles == smiles
    ]


def _edit(molecule: Molecule, edits: int, generator: np.random.Generator) -> Molecule | None:
    child: Molecule | None = molecule
    for _ in range(edits):
        child = mutate(child, generator) if child is not None else None
    return child


def _selfies_or_none(molecule: Molecule) -> Selfies | None:
    try:
        return to_selfies(molecule)
    except MoleculeError:
        return None


def flatten(reference: Reference, cleaning: StandardizeConfig) -> Reference:
    """The reference molecules without stereo marks; their posteriors are left as they are."""
    flat = cleaning.with_changes({"keep_stereo": False})
    molecules = tuple(standardize(molecule.smiles, flat) for molecule in reference.molecules)
    return replace(reference, molecules=molecules)


def _distances(
    queries: Float32[np.ndarray, "query latent"], others: Latents
) -> Float64[np.ndarray, "query molecule"]:
    a, b = queries.astype(np.float64), others.astype(np.float64)
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2.0 * a @ b.T
    distances: np.ndarray = np.sqrt(np.maximum(squared, 0.0))
    return distances


def _r2(
    x: Float64[np.ndarray, "molecule feature"],
    y: Float64[np.ndarray, "molecule property"],
    cut: int,
    penalty: float,
) -> Float64[np.ndarray, " property"]:
    """R2 on the rows from `cut` on, of w = (X'X + penalty I)^-1 X'y fitted to the rows before."""
    x_mean, y_mean = x[:cut].mean(axis=0), y[:cut].mean(axis=0)
    a, b = x[:cut] - x_mean, y[:cut] - y_mean
    weights = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ b)
    residual = y[cut:] - y_mean - (x[cut:] - x_mean) @ weights
    spread = y[cut:] - y[cut:].mean(axis=0)
    r2: np.ndarray = 1.0 - (residual**2).sum(axis=0) / np.maximum((spread**2).sum(axis=0), 1e-12)
    return r2


def _usable(
    reference: Reference, rows: Int64[np.ndarray, " sample"], judged: Sequence[JudgedSelfies]
) -> Bool[np.ndarray, " sample"]:
    """Whether each sample, decoded near the reference molecule of that row, is usable."""
    usable = np.zeros(len(judged), dtype=np.bool_)
    candidates = [
        (at, Molecule.parse(sample.smiles))
        for at, (row, sample) in enumerate(zip(rows.tolist(), judged, strict=True))
        if sample.smiles
        and sample.is_unrepaired
        and sample.is_canonical
        and sample.smiles != reference.molecules[row].smiles
    ]
    if not candidates:
        return usable
    places = np.array([at for at, _ in candidates])
    a = morgan_bits([molecule for _, molecule in candidates], bits=_BITS).astype(np.float32)
    starts = [reference.molecules[row] for row in rows[places].tolist()]
    b = morgan_bits(starts, bits=_BITS).astype(np.float32)
    shared = (a * b).sum(axis=1)
    similarity = shared / np.maximum(a.sum(axis=1) + b.sum(axis=1) - shared, 1.0)
    usable[places] = similarity > MIN_SIMILARITY
    return usable


def _canonical(smiles: Sequence[str], config: LatentConfig) -> list[Selfies | None]:
    answers = ordered_map(to_selfies_batch, enumerate(_batches(smiles)), _workers(config, smiles))
    return [selfies for _, batch in answers for selfies in batch]


def _workers(config: LatentConfig, rows: Sequence[object]) -> int:
    """One process for little work, which takes less time than starting others."""
    return (config.workers or available_cores()) if len(rows) > _ROWS else 1


def _batches(rows: Sequence[Row]) -> list[list[Row]]:
    return [list(rows[begin : begin + _ROWS]) for begin in range(0, len(rows), _ROWS)]
