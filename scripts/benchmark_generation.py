"""Measure the speed of generation.

python scripts/benchmark_generation.py --model moses --n 30000
"""

import argparse
import sys
from pathlib import Path

from molvae.files import write_json
from molvae.generation import generate
from molvae.generation_config import GenerateConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores
from molvae.runs import provenance


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="moses", help="a model folder or a shipped model")
    parser.add_argument("--n", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    return parser.parse_args()


def measure(model: MoleculeVAE, config: GenerateConfig) -> dict[str, object]:
    """Rate and yield of a generation."""
    generation = generate(model, config)
    return {
        "workers": config.workers,
        "properties": list(config.properties),
        "molecules": len(generation.molecules),
        "draws": generation.drawn,
        "molecules_per_second": round(len(generation.molecules) / generation.seconds, 1),
    }


def main() -> None:
    """Measure with and without properties, on a single core and on all cores; print and record."""
    arguments = parse_arguments()
    model = MoleculeVAE.from_pretrained(arguments.model, "cpu")
    # Start the worker processes first: in a longer run that time would not show.
    generate(model, GenerateConfig(n=200, workers=available_cores()))
    rows = []
    for properties in ((), ("logp", "qed", "sa", "weight")):
        for workers in sorted({1, available_cores()}):
            config = GenerateConfig(
                n=arguments.n, seed=arguments.seed, workers=workers, properties=properties
            )
            rows.append(measure(model, config))
            print(rows[-1])
    if arguments.out:
        command = ["python", "scripts/benchmark_generation.py", *sys.argv[1:]]
        write_json(
            arguments.out,
            {
                "name": arguments.model,
                "model": model.card,
                "rows": rows,
                "provenance": provenance(arguments.seed, command),
            },
        )


if __name__ == "__main__":
    main()
