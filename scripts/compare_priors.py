"""Compare priors on z by the FCD of their samples, all from one model.

    molvae data moses --out data/moses
    python scripts/compare_priors.py --data data/moses --out data/results/priors/priors.json

`normal` is N(0, I); `one normal` and `mixture` are fitted to latent vectors of training molecules;
`codes` are such vectors themselves, the bound for a prior that fits them perfectly. `push-forward`
is the learned prior without resampling: all of its samples, those that round-trip, and those that
SELFIES need not repair either. `learned` is what `generate` does.
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
from molvae.chem.notation import Selfies, from_selfies, is_unrepaired
from molvae.errors import MoleculeError
from molvae.files import write_json
from molvae.metrics.chemnet import ChemNet, frechet_distance
from molvae.metrics.samples import read_smiles
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import provenance

Latents = Float[np.ndarray, "molecule latent"]


@dataclass(frozen=True)
class Priors:
    """A model, latent vectors of its training molecules, and a random generator."""

    model: MoleculeVAE
    codes: Latents
    generator: np.random.Generator

    def normal(self, n: int) -> list[Selfies]:
        """N(0, I)."""
        return self._decode(self.generator.standard_normal((n, self.model.latent_size)))

    def mixture(self, n: int, components: int) -> list[Selfies]:
        """A mixture of normal distributions with full covariance, fitted to the latent vectors."""
        seed = int(self.generator.integers(2**31))
        fitted = GaussianMixture(components, reg_covar=1e-4, max_iter=50, random_state=seed)
        return self._decode(fitted.fit(self.codes).sample(n)[0])

    def codes_themselves(self, n: int) -> list[Selfies]:
        """The latent vectors themselves."""
        return self._decode(self.codes[:n])

    def language_model(self, n: int, **settings: Any) -> list[Selfies]:
        """The learned prior, by the settings of `MosesConfig`."""
        config, seed = MosesConfig(n=n, **settings), int(self.generator.integers(2**31))
        return list(draw_samples(self.model, config, seed).samples.selfies_rows or ())

    def _decode(self, latents: Latents) -> list[Selfies]:
        return list(self.model.decode_symbols(latents))


def measure(selfies_rows: Sequence[Selfies], net: ChemNet) -> dict[str, float]:
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
        "strict": float(np.mean([*map(is_unrepaired, selfies_rows)])),
        "unique": len(set(smiles)) / len(smiles),
        "FCD/Test": distance,
    }


def main() -> None:
    """Sample, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of molvae data moses")
    parser.add_argument("--model", default="moses", help="folder of a model, or a shipped model")
    parser.add_argument("--n", type=int, default=10_000, help="samples per prior")
    parser.add_argument("--components", type=int, default=20, help="of the mixture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the record")
    arguments = parser.parse_args()
    generator = np.random.default_rng(arguments.seed)
    model, net = MoleculeVAE.from_pretrained(arguments.model, "cpu"), ChemNet.load()
    training = read_smiles(arguments.data / "train.csv")
    chosen = generator.choice(len(training), 2 * arguments.n, replace=False)
    codes = model.encode([training[index] for index in chosen]).astype(np.float64)
    priors, n = Priors(model, codes, generator), arguments.n
    ways: dict[str, Callable[[], list[Selfies]]] = {
        "normal": lambda: priors.normal(n),
        "one normal": lambda: priors.mixture(n, 1),
        f"mixture of {arguments.components}": lambda: priors.mixture(n, arguments.components),
        "codes": lambda: priors.codes_themselves(n),
        "push-forward": lambda: priors.language_model(n, prior="push-forward", strict=False),
        "push-forward, strict": lambda: priors.language_model(n, prior="push-forward"),
        "push-forward, strict, round trips": lambda: priors.language_model(
            n, prior="push-forward", round_trips=True
        ),
        "learned, strict": lambda: priors.language_model(n, prior="learned"),
        "learned, strict, round trips": lambda: priors.language_model(
            n, prior="learned", round_trips=True
        ),
    }
    rows: list[dict[str, Any]] = []
    for name, selfies_rows in ways.items():
        rows.append({"prior": name, **measure(selfies_rows(), net)})
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
