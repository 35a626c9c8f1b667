# %% [markdown]
# # Novel molecules with filters and a report
#
# Sample a model, leave out what is known or unwanted, compare the rest with real molecules, and
# look at it. Run it in a checkout; `--small` makes it a test of seconds.

# %%
import sys
from pathlib import Path

import molvae

IS_SMALL = "--small" in sys.argv
KNOWN = Path("data/moses_sample.csv")
OUT = Path("tutorials/novel")
OUT.mkdir(parents=True, exist_ok=True)

# %% [markdown]
# ## Generate
#
# `where` filters by properties, `avoid` by substructures; molecules of `known` are left out.

# %%
model = molvae.MoleculeVAE.from_pretrained("moses")
config = molvae.GenerateConfig(
    n=20 if IS_SMALL else 1_000,
    where="weight < 350 and logp < 3.5 and qed > 0.5",
    avoid=("[N+](=O)[O-]", "C(=O)Cl"),
)
known = molvae.known_smiles(KNOWN)
generation = molvae.generate(model, config, known)
frame = generation.to_frame()
print(generation)
print("samples rejected:", generation.refused)
print(frame.describe())

# %% [markdown]
# ## Compare with real molecules
#
# Metrics need a reference. FCD is left out here, since it needs the extra `eval` and many samples.

# %%
reference = sorted(known)
metrics = molvae.evaluate(
    molvae.Samples(frame["smiles"].tolist()),
    {"known": reference},
    reference,
    molvae.EvaluateConfig(fcd=False),
)
for name, value in metrics.values.items():
    print(f"{name}: {value:.3f}")

# %% [markdown]
# ## Look at them
#
# The page has the molecules, their properties beside those of the reference, and the nearest known
# molecule of each.

# %%
table = molvae.save_molecules(frame, OUT / "novel.csv")
page = molvae.write_report(table, OUT / "novel.html", molvae.ReportConfig(reference=KNOWN))
print(f"open {page} in a browser")
