"""Measure refined latent vectors: what they bring, what they cost, and other settings of them.

    python scripts/benchmark_refinement.py held_out.smi --models chembl zinc250k \
        --out data/results/refinement/refinement.json

The first molecules of the file are encoded, and their latent vectors refined with several settings.
The control moves each latent vector as far as refinement did, in a random direction.
"""

import argparse
import sys
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32

from molvae.chem.molecule import Molecule
from molvae.chem.notation import Selfies
from molvae.dataset.rows import AcceptedRow, read_rows
from molvae.files import write_json
from molvae.model.refinement import Refinement
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import provenance

Latents = Float32[np.ndarray, "molecule latent"]

SETTINGS = (
    Refinement(),
    *(Refinement(steps=steps) for steps in (10, 20, 80)),
    *(Refinement(step_size=step_size) for step_size in (0.05, 0.2)),
    *(Refinement(prior_weight=prior_weight) for prior_weight in (0.0, 0.05, 1.0)),
)
"""The first are the settings of the product."""
TOGETHER = 128


class Sample:
    """Molecules of a file, and their posteriors under a model."""

    def __init__(self, model: MoleculeVAE, path: Path, n: int, seed: int) -> None:
        rules, longest = model.card.cleaning, model.card.max_symbols
        chunks = read_rows(path, None, rules, max_symbols=longest)
        accepted = (
            row
            for chunk in chunks
            for row in chunk
            if isinstance(row, AcceptedRow) and model.vocabulary.knows(row.selfies)
        )
        rows = list(islice(accepted, n))
        self.model = model
        self.molecules = [Molecule.parse(row.smiles) for row in rows]
        self.selfies_rows: list[Selfies] = [row.selfies for row in rows]
        self.mean, self.deviation = model.posterior(self.selfies_rows)
        self._generator = np.random.default_rng(seed)
        self._noise = self._generator.standard_normal(self.mean.shape, np.float32)

    def refine(self, settings: Refinement) -> Latents:
        """Refined latent vectors with other settings than those of the product."""
        refined = self.mean.copy()
        for rows, ids, lengths in self.model.batches(self.selfies_rows, TOGETHER):
            z = torch.from_numpy(self.mean[rows]).to(self.model.device)
            points = self.model.network.refine(ids, lengths, z, settings)
            refined[rows] = points.cpu().numpy()
        return refined

    def measure(self, latents: Latents) -> dict[str, float]:
        """Figures of latent vectors, one for each molecule."""
        decoded = self.model.decode(latents)
        exact = [a == b for a, b in zip(self.molecules, decoded, strict=True)]
        moved = ((latents - self.mean) / self.deviation).astype(np.float64)
        variance = self.deviation.astype(np.float64) ** 2
        kl = 0.5 * (latents.astype(np.float64) ** 2 + variance - 1.0 - np.log(variance)).sum(1)
        reconstruction = self._nll(latents + self.deviation * self._noise)
        return {
            "exact": float(np.mean(exact)),
            "length": float(np.linalg.norm(latents, axis=1).mean()),
            "moved": float(np.sqrt((moved**2).mean(1)).mean()),
            "negative_elbo": float(reconstruction.mean() + kl.mean()),
            "nll": float(self._nll(latents).mean()),
        }

    def move_at_random(self, refined: Latents) -> Latents:
        """Each posterior mean, moved as far as its refined vector, in a random direction.

        Distances are measured in standard deviations of the posterior.
        """
        distance = np.linalg.norm((refined - self.mean) / self.deviation, axis=1, keepdims=True)
        direction = self._generator.standard_normal(self.mean.shape, np.float32)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        return (self.mean + self.deviation * direction * distance).astype(np.float32)

    @torch.inference_mode()
    def _nll(self, latents: Latents) -> Float32[np.ndarray, " molecule"]:
        nll = np.empty(len(latents), np.float32)
        for rows, ids, lengths in self.model.batches(self.selfies_rows):
            z = torch.from_numpy(latents[rows]).to(self.model.device)
            nll[rows] = self.model.network.reconstruction_nll(ids, lengths, z).cpu().numpy()
        return nll


def main() -> int:
    """Measure each model and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("molecules", type=Path)
    parser.add_argument("--models", nargs="+", default=["chembl"])
    parser.add_argument("--n", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows: list[dict[str, float | str]] = []
    for name in arguments.models:
        model = MoleculeVAE.from_pretrained(name, "cpu")
        sample = Sample(model, arguments.molecules, arguments.n, arguments.seed)
        rows.append({"model": name, "kind": "posterior mean", **sample.measure(sample.mean)})
        for settings in SETTINGS:
            start = time.perf_counter()
            refined = sample.refine(settings)
            speed = len(refined) / (time.perf_counter() - start)
            figures = sample.measure(refined) | {"molecules_per_second": speed}
            rows.append({"model": name, "kind": "refined", **asdict(settings), **figures})
            if settings == Refinement():
                figures = sample.measure(sample.move_at_random(refined))
                rows.append({"model": name, "kind": "moved at random", **figures})
            print(rows[-1], flush=True)
    record = {
        "molecules": arguments.n,
        "file": arguments.molecules.name,
        "rows": rows,
        "provenance": provenance(arguments.seed),
    }
    write_json(arguments.out, record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
