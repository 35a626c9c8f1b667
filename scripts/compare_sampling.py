"""Compare the settings of `molvae generate`: quality of the molecules, against their cost.

    python scripts/compare_sampling.py chembl --reference held_out.smi --training train.smi \
        --out data/results/sampling/chembl.json

Every row is a whole generation of distinct valid molecules. FCD is measured against the reference
molecules; its control, under the name "reference", is one half of them against the other half.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from molvae.files import write_json
from molvae.generation import generate
from molvae.generation_config import GenerateConfig
from molvae.metrics.chemnet import ChemNet, Gaussian, frechet_distance
from molvae.metrics.samples import read_smiles
from molvae.molecule_vae import MoleculeVAE
from molvae.runs import provenance

# Any: values of settings.
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "temperature 1": {"decoding": {"temperature": 1.0}},
    "temperature 0.9": {"decoding": {"temperature": 0.9}},
    "temperature 0.8": {"decoding": {"temperature": 0.8}},
    "temperature 0.7": {"decoding": {"temperature": 0.7}},
    "temperature 0.6": {"decoding": {"temperature": 0.6}},
    "temperature 1, repaired accepted": {"strict": False, "decoding": {"temperature": 1.0}},
    "temperature 1, grammar": {"decoding": {"grammar": True, "temperature": 1.0}},
    "temperature 0.7, grammar": {"decoding": {"grammar": True, "temperature": 0.7}},
    "temperature 0.7, round trips": {"round_trips": True, "decoding": {"temperature": 0.7}},
    "normal": {"prior": "normal"},
    "normal, repaired accepted": {"prior": "normal", "strict": False},
    "normal, grammar": {"prior": "normal", "decoding": {"grammar": True}},
}


def measure(
    model: MoleculeVAE,
    config: GenerateConfig,
    reference: Gaussian,
    training: set[str],
    net: ChemNet,
) -> dict[str, float]:
    """Figures of one generation."""
    generation = generate(model, config)
    smiles = [molecule.smiles for molecule in generation.molecules]
    return {
        "molecules": len(smiles),
        "accepted": len(smiles) / generation.drawn,
        "molecules/s": len(smiles) / generation.seconds,
        "FCD": frechet_distance(net.gaussian(smiles), reference),
        "novelty": sum(text not in training for text in smiles) / len(smiles),
    }


def main() -> None:
    """Generate, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="folder of a model, or a shipped model")
    parser.add_argument("--reference", type=Path, required=True, help="held-out molecules")
    parser.add_argument("--training", type=Path, required=True, help="training molecules")
    parser.add_argument("--n", type=int, default=3_000, help="molecules per row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="JSON file for the record")
    arguments = parser.parse_args()
    model, net = MoleculeVAE.from_pretrained(arguments.model, "cpu"), ChemNet.load()
    reference = read_smiles(arguments.reference)
    half = len(reference) // 2
    held_out = net.gaussian(reference[:half])
    training = set(read_smiles(arguments.training))
    control = {"FCD": frechet_distance(net.gaussian(reference[half:][: arguments.n]), held_out)}
    rows: list[dict[str, Any]] = [{"settings": "reference", **control}]
    for name, settings in SETTINGS.items():
        config = GenerateConfig(n=arguments.n, seed=arguments.seed, properties=(), **settings)
        rows.append({"settings": name, **measure(model, config, held_out, training, net)})
        print(rows[-1], flush=True)
    record = {
        "model": arguments.model,
        "n": arguments.n,
        "rows": rows,
        "provenance": provenance(
            arguments.seed, ["python", "scripts/compare_sampling.py", *sys.argv[1:]]
        ),
    }
    write_json(arguments.out, record)


if __name__ == "__main__":
    main()
