# %% [markdown]
# # From a CSV file to a model that one can trust
#
# Check a file of molecules, train the default model further on it, and measure what the result is
# worth before using it. Run it in a checkout; `--small` makes it a test of seconds.

# %%
import sys
from pathlib import Path

import molvae
from molvae.chem.molecule import Molecule
from molvae.exploration import round_trips

IS_SMALL = "--small" in sys.argv
DATA = Path("data/moses_sample.csv")  # your file: CSV, TSV, SMI, SDF or Parquet
OUT = Path("tutorials/own_data")

# %% [markdown]
# ## Check the file
#
# Every refused row has a reason. Read them before you train: a few are ordinary, many are a hint
# that the column or the format is not what you think.

# %%
corpus = molvae.prepare_corpus(DATA, molvae.CorpusConfig(), OUT / "tokens")
print(corpus.summary())
print(corpus.refusals_file.read_text(encoding="utf-8")[:500])

# %% [markdown]
# ## Train the model further
#
# A few minutes are enough to see whether it works. Give hours for a model that you want to keep. A
# training that was stopped continues when this cell is run again.

# %%
plan = molvae.TrainingPlan(
    data=DATA,
    store=OUT / "tokens",
    start=Path("moses"),
    train=molvae.TrainConfig(max_minutes=0.05 if IS_SMALL else 2.5, acceptance_draws=0),
)
run = molvae.RunDirectory(OUT / "run")
result = molvae.resume(run.path) if run.settings.is_file() else molvae.train(plan, run.path)
print(result.validation)
print(*result.advice, sep="\n")

# %% [markdown]
# ## Do molecules of your project come back?
#
# Use molecules that are not in the file, here three drugs. A molecule that does not come back is a
# poor start for a search in the latent space.

# %%
drugs = {
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "ibuprofen": "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "diazepam": "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21",
}
molecules = [Molecule.parse(smiles) for smiles in drugs.values()]
for name, trip in zip(drugs, round_trips(result.model, molecules), strict=True):
    print(f"{name}: {trip}")

# %% [markdown]
# ## Are they like the training data?
#
# A low percentile marks a molecule that the model knows little about. Compare molecules of similar
# size: small molecules are likelier because they are small.

# %%
for row in molvae.likelihoods(result.model, list(drugs.values())):
    tokens = ", ".join(map(str, row.least_likely_tokens))
    print(f"{row.smiles}: {row.log_likelihood:.1f} nats, percentile {row.percentile:.0f}; {tokens}")

# %% [markdown]
# The page of the run has the curves and examples: `molvae report tutorials/own_data/run`.
