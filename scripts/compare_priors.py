"""What each prior on z is worth: samples of one model under several of them, by FCD.

    molvae data moses --out data/moses
    python scripts/compare_priors.py --data data/moses --out data/results/priors/priors.json

`normal` is N(0, I), which the KL draws the posteriors to; `one normal` and `mixture` are fitted to
codes of training molecules; `codes` are such codes themselves, the bound for a prior that fits them
perfectly; `push-forward` is the learned prior without its acceptance: all that it gives, what its
codes give back, and of that what SELFIES takes as it is written; `learned` is what `generate`
gives.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from sklearn.mixture import GaussianMixture

from molvae.benchmarks.moses import draw_samples, reference_statistics
from molvae.benchmarks.moses_config import MosesConfig
from molvae.chem.notation import Selfies, from_selfies, repair
from molvae.errors import MoleculeError
from molvae.files import write_json
from molvae.metrics.chemnet import ChemNet, frechet_distance
from molvae.metrics.samples import read_smiles
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import provenance

Latents = Float[np.ndarray, "molecule latent"]


@dataclass(frozen=True)
class Priors:
    """A model, codes of molecules that it was trained on, and what is drawn with."""

    model: MoleculeVAE
    codes: Latents
    generator: np.random.Generator

    def normal(self, n: int) -> list[Selfies]:
        """N(0, I)."""
        return self._decoded(self.generator.standard_normal((n, self.model.latent_size)))

    def mixture(self, n: int, components: int) -> list[Selfies]:
        """Normal distributions with full covariances, fitted to the codes."""
        seed = int(self.generator.integers(2**31))
        fitted = GaussianMixture(components, reg_covar=1e-4, max_iter=50, random_state=seed)
        return self._decoded(fitted.fit(self.codes).sample(n)[0])

    def of_codes(self, n: int) -> list[Selfies]:
        """The codes themselves."""
        return self._decoded(self.codes[:n])

    def learned(self, n: int, **settings: Any) -> list[Selfies]:
        """The learned prior, by the settings of `MosesConfig`."""
        config, seed = MosesConfig(n=n, **settings), int(self.generator.integers(2**31))
        return list(draw_samples(self.model, config, seed).samples.selfies_rows or ())

    def _decoded(self, latents: Latents) -> list[Selfies]:
        return list(self.model.decode_symbols(latents))


def _is_strict(selfies: Selfies) -> bool:
    try:
        return repair(selfies) is None
    except MoleculeError:
        return False


def measured(selfies_rows: Sequence[Selfies], net: ChemNet) -> dict[str, float]:
    """Figures of one prior's samples."""
    smiles = []
    for selfies in selfies_rows:
        try:
            smiles.append(from_selfies(selfies).smiles)
        except MoleculeError:
            continue
    distance = frechet_distance(net.gaussian(smiles), reference_statistics()["Test"])
    return {
        "valid": len(smiles) / len(selfies_rows),
        "strict": float(np.mean([_is_strict(selfies) for selfies in selfies_rows])),
        "unique": len(set(smiles)) / len(smiles),
        "FCD/Test": distance,
    }


def main() -> None:
    """Sample, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of molvae data moses")
    parser.add_argument("--model", default="moses", help="a model folder or a shipped model")
    parser.add_argument("--n", type=int, default=10_000, help="samples of each prior")
    parser.add_argument("--components", type=int, default=20, help="of the mixture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the record")
    arguments = parser.parse_args()
    generator = np.random.default_rng(arguments.seed)
    model, net = MoleculeVAE.from_pretrained(arguments.model, "cpu"), ChemNet.load()
    training = read_smiles(arguments.data / "train.csv")
    chosen = generator.choice(len(training), 2 * arguments.n, replace=False)
    codes = model.encode([training[place] for place in chosen]).astype(np.float64)
    priors, n = Priors(model, codes, generator), arguments.n
    ways: dict[str, Callable[[], list[Selfies]]] = {
        "normal": lambda: priors.normal(n),
        "one normal": lambda: priors.mixture(n, 1),
        f"mixture of {arguments.components}": lambda: priors.mixture(n, arguments.components),
        "codes": lambda: priors.of_codes(n),
        "push-forward": lambda: priors.learned(n, prior="push-forward", exact=False, strict=False),
        "push-forward, exact": lambda: priors.learned(n, prior="push-forward", strict=False),
        "push-forward, exact and strict": lambda: priors.learned(n, prior="push-forward"),
        "learned, exact and strict": lambda: priors.learned(n, prior="learned"),
    }
    rows: list[dict[str, Any]] = []
    for name, selfies_rows in ways.items():
        rows.append({"prior": name, **measured(selfies_rows(), net)})
        print(rows[-1], flush=True)
    record = {
        "name": arguments.model,
        "model": model.card.origin,
        "n": n,
        "codes": len(codes),
        "rows": rows,
        "provenance": provenance(
            arguments.seed, ["python", "scripts/compare_priors.py", *sys.argv[1:]]
        ),
    }
    write_json(arguments.out, record)


if __name__ == "__main__":
    main()
