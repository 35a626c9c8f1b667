# %% [markdown]
# # Score with chemprop and with docking
#
# Train a chemprop model, use it in an objective, and dock molecules into a kinase. Each part is
# skipped where its packages are missing: `pip install ".[chemprop,dock]"`. Run it in a checkout;
# `--small` makes it a short test.

# %%
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import molvae
from molvae.chem.molecule import Molecule

IS_SMALL = "--small" in sys.argv
OUT = Path("tutorials/scorers")
OUT.mkdir(parents=True, exist_ok=True)
SMILES = ["CC(=O)Nc1ccc(O)cc1", "Oc1ccccc1"] + ([] if IS_SMALL else ["CC(C)Cc1ccc(C(C)C(=O)O)cc1"])
molecules = [Molecule.parse(smiles) for smiles in SMILES]


def print_scores(objective: molvae.ConfiguredObjective) -> None:
    """Print the measured values and the score of each molecule."""
    scores = objective.score(molecules)
    for row, molecule in enumerate(molecules):
        values = {name: round(float(column[row]), 3) for name, column in scores.values.items()}
        print(molecule.smiles, values, f"score {scores.total[row]:.3f}")
    for failure in scores.failures:
        print(f"{failure.smiles}: {failure.reason}")


# %% [markdown]
# ## A chemprop model
#
# An ensemble of two predicts logP, which stands for a measured value here. Its spread is a second
# component, so that a search stays where the models agree.

# %%
if find_spec("chemprop"):
    lines = Path("data/moses_sample.csv").read_text(encoding="utf-8").splitlines()
    (OUT / "train.csv").write_text("\n".join(lines[: 101 if IS_SMALL else 2001]), encoding="utf-8")
    program = str(Path(sys.executable).with_name("chemprop"))
    command = [program, "train", "--data-path", str(OUT / "train.csv")]
    targets = ["--smiles-columns", "smiles", "--target-columns", "logp", "--ensemble-size", "2"]
    epochs = ["--epochs", "3" if IS_SMALL else "20", "--output-dir", str(OUT / "logp")]
    subprocess.run([*command, *targets, *epochs], check=True)
    goal = """\
name = "logP of about 2, and the models agree"

[[component]]
kind = "chemprop"
path = "logp"
desirability = { kind = "gaussian", mu = 2.0, sigma = 1.0 }

[[component]]
kind = "chemprop"
name = "spread"
path = "logp"
predicts = "spread"
desirability = { kind = "linear", low = 1.0, high = 0.2 }
"""
    (OUT / "chemprop.toml").write_text(goal, encoding="utf-8")
    print_scores(molvae.ConfiguredObjective.load(OUT / "chemprop.toml"))
else:
    print("skipped: chemprop is not installed")

# %% [markdown]
# ## Docking
#
# Into the ATP site of KIT, with the receptor and box of dockstring. `exhaustiveness = 1` is for a
# first search. The poses are SD files, which any viewer opens.

# %%
goal = """\
name = "docking into KIT"
where = "qed >= 0.5"

[[component]]
kind = "docking"
target = "KIT"
exhaustiveness = 1
poses_out = "poses"
"""
(OUT / "docking.toml").write_text(goal, encoding="utf-8")
try:
    print_scores(molvae.ConfiguredObjective.load(OUT / "docking.toml"))
except molvae.MolvaeError as error:  # a package is missing, or its programs do not run here
    print(f"skipped: docking: {error}")

# %% [markdown]
# ## Search
#
# Docking takes seconds to minutes for each molecule, so begin with a few hundred calls:
# `molvae optimize tutorials/scorers/docking.toml --out runs/kit --budget 200`.
