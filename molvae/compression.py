"""Code lengths of molecules under a model, beside those of general compressors."""

import gzip
import lzma
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float64

from molvae.chem.notation import Selfies, to_selfies
from molvae.dataset.molecules import read_molecules
from molvae.likelihood import elbo_terms
from molvae.molecule_vae import MoleculeVAE

_SAMPLES = 8
"""Latent vectors per molecule over which the reconstruction is averaged."""
_LN2 = math.log(2.0)


@dataclass(frozen=True)
class CodeLengths:
    """Bits that molecules cost, by the models and by general compressors."""

    language_model: Float64[np.ndarray, " molecule"]
    """-log2 p(SELFIES) under the language model; NaN for a model without a learned prior."""
    vae: Float64[np.ndarray, " molecule"]
    """Reconstruction + KL: the net code length of bits-back coding (Townsend et al. 2019)."""
    references: Mapping[str, float]
    """Mean bits per molecule of codes that know no chemistry, see `reference_code_lengths`."""

    def means(self) -> dict[str, float]:
        """Mean bits per molecule of each code; NaN where there is none."""
        return {
            "language_model": float(self.language_model.mean()),
            "vae": float(self.vae.mean()),
            **self.references,
        }


# Any: SMILES, molecules or RDKit Mols; or a table of pandas.
def code_lengths(model: MoleculeVAE, molecules: Iterable[Any], seed: int = 0) -> CodeLengths:
    """Bits that each molecule costs under a model.

    The size of the model itself is not counted.

    Args:
        model: model that encodes and decodes.
        molecules: SMILES, molecules or RDKit Mols, in a list, Series or DataFrame.
        seed: random seed of the latent vectors.

    Raises:
        MoleculeError: a molecule cannot be read, or has a symbol that the model lacks.
    """
    parsed = read_molecules(molecules)
    selfies_rows = list(map(to_selfies, parsed))
    terms = elbo_terms(model, selfies_rows, _SAMPLES, seed)
    nats = model.nll(selfies_rows) if model.network.has_prior else np.full(len(parsed), math.nan)
    return CodeLengths(
        language_model=nats.astype(np.float64) / _LN2,
        vae=(terms.reconstruction + terms.kl).astype(np.float64) / _LN2,
        references=reference_code_lengths(
            model, [molecule.smiles for molecule in parsed], selfies_rows
        ),
    )


def reference_code_lengths(
    model: MoleculeVAE, smiles: Sequence[str], selfies_rows: Sequence[Selfies]
) -> dict[str, float]:
    """Mean bits per molecule of codes that know no chemistry.

    `gzip`, `xz` and, where the package zstandard is installed, `zstd` compress the file of all
    SMILES at their highest level. `token_entropy` is the bound of an arithmetic coder that knows
    the frequency of each token in this very file, and nothing of the tokens before it.

    Args:
        model: model whose vocabulary splits molecules into tokens.
        smiles: the molecules.
        selfies_rows: SELFIES of the molecules.
    """
    text = "".join(f"{row}\n" for row in smiles).encode()
    sizes = {
        "gzip": len(gzip.compress(text, 9)),
        "xz": len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)),
    }
    with suppress(ImportError):
        sizes["zstd"] = len(import_module("zstandard").ZstdCompressor(level=22).compress(text))
    ids = [row for selfies in selfies_rows for row in (*model.vocabulary.encode(selfies), None)]
    counts = np.array(list(Counter(ids).values()), np.float64)
    entropy = -float((counts * np.log2(counts / len(ids))).sum())
    bits = {name: 8.0 * size for name, size in sizes.items()} | {"token_entropy": entropy}
    return {name: total / len(smiles) for name, total in bits.items()}
