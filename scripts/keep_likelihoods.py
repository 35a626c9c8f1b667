"""Put the log-likelihoods of held-out molecules on the card of a model, for `molvae likelihood`.

    python scripts/keep_likelihoods.py molvae/pretrained/chembl held_out.smi

A training does this itself at its end; the script is for models that were trained before. The file
must hold molecules that the model was not trained on. The weights are written as float16.
"""

import argparse
import sys
from pathlib import Path

import torch

from molvae.dataset.cleaning import CleaningRules
from molvae.diagnosis.drawing import draw_molecules
from molvae.likelihood_quantiles import MIN_MOLECULES
from molvae.molecule_vae import MoleculeVAE
from molvae.training.likelihoods import keep_likelihoods

MOLECULES = 10_000


def main() -> int:
    """Measure the molecules and save the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder of the model")
    parser.add_argument("held_out", type=Path, help="file of molecules")
    parser.add_argument("--molecules", type=int, default=MOLECULES)
    arguments = parser.parse_args()
    model = MoleculeVAE.from_pretrained(arguments.folder, "cpu")
    rules = CleaningRules(model.card.cleaning, model.card.max_symbols)
    drawn = draw_molecules(
        arguments.held_out, arguments.molecules, model.vocabulary, rules=rules, progress=True
    )
    if not keep_likelihoods(model, drawn.selfies_rows):
        sys.exit(f"expected a model with a learned prior and {MIN_MOLECULES} molecules or more")
    model.save_pretrained(arguments.folder, torch.float16)
    print(f"{arguments.folder}: {len(drawn.selfies_rows)} molecules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
