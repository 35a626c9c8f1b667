"""Reference molecules of the latent space benchmark, and decoding that its figures share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float32

from molvae.benchmarks.latent_config import LatentConfig
from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies, to_selfies_batch
from molvae.chem.screening import JudgedSelfies, judge_selfies
from molvae.closest import decode_closest
from molvae.dataset.cleaning import CleaningRules
from molvae.dataset.layout import ColumnChoice
from molvae.diagnosis.drawing import draw_molecules
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores, ordered_map

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

    @classmethod
    def draw(
        cls,
        model: MoleculeVAE,
        path: Path,
        n: int,
        seed: int,
        columns: ColumnChoice | None = None,
        *,
        progress: bool = False,
    ) -> "Reference":
        """`n` random molecules of a file, cleaned as for the model.

        Raises:
            DataError: the file cannot be read or holds no molecule that the model can read.
        """
        rules = CleaningRules(model.card.cleaning, model.card.max_symbols)
        drawn = draw_molecules(path, n, model.vocabulary, seed, columns, rules, progress=progress)
        return cls.encode(model, drawn.smiles, drawn.selfies_rows)

    def __len__(self) -> int:
        return len(self.molecules)


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
    return model.vocabulary.knows(selfies)


def round_tripping(
    model: MoleculeVAE,
    pairs: Sequence[tuple[str, Selfies]],
    candidates: int = 0,
    *,
    refine: bool = False,
) -> list[str]:
    """SMILES of those molecules that come back from their latent vectors.

    Args:
        model: the model.
        pairs: SMILES and SELFIES of each molecule.
        candidates: see `decode_closest`; 0 decodes greedily.
        refine: whether posterior means are refined, see `MoleculeVAE.refine`.
    """
    if not pairs:
        return []
    latents = model.latents([selfies for _, selfies in pairs], refine=refine)
    decoded = decode_closest(model, latents, candidates)
    return [
        smiles
        for (smiles, _), molecule in zip(pairs, decoded, strict=True)
        if molecule is not None and molecule.smiles == smiles
    ]


def canonical_selfies(smiles: Sequence[str], config: LatentConfig) -> list[Selfies | None]:
    """Canonical SELFIES of each molecule; None if there is none."""
    answers = ordered_map(to_selfies_batch, enumerate(_batches(smiles)), _workers(config, smiles))
    return [selfies for _, batch in answers for selfies in batch]


def _workers(config: LatentConfig, rows: Sequence[object]) -> int:
    """One process for little work, which takes less time than starting others."""
    return (config.workers or available_cores()) if len(rows) > _ROWS else 1


def _batches(rows: Sequence[Row]) -> list[list[Row]]:
    return [list(rows[begin : begin + _ROWS]) for begin in range(0, len(rows), _ROWS)]
