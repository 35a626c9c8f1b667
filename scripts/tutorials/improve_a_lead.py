# %% [markdown]
# # Improve a lead with a scoring function of your own
#
# Write a function, combine it with properties into an objective, try it on known molecules, and
# search around a lead. Run it in a checkout; `--small` makes it a test of seconds.

# %%
import sys
from pathlib import Path

import molvae
from molvae.chem.molecule import Molecule

IS_SMALL = "--small" in sys.argv
OUT = Path("tutorials/lead")
OUT.mkdir(parents=True, exist_ok=True)
LEAD = "CC(C(=O)O)c1ccc(-c2ccccc2)c(F)c1"  # flurbiprofen

# %% [markdown]
# ## The scoring function
#
# It takes a list of SMILES and returns a number for each, or None where there is none. It is in a
# file of its own, so that worker processes can import it.

# %%
scorer = '''\
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors


def polar_fraction(smiles):
    """TPSA over the approximate surface area; a crude guide to solubility."""
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    return [
        rdMolDescriptors.CalcTPSA(molecule) / rdMolDescriptors.CalcLabuteASA(molecule)
        for molecule in molecules
    ]
'''
(OUT / "scorer.py").write_text(scorer, encoding="utf-8")
goal = """\
name = "more polar, still drug-like"
where = "heavy_atoms <= 35"

[[component]]
kind = "python"
function = "scorer:polar_fraction"
desirability = { kind = "linear", low = 0.2, high = 0.6 }

[[component]]
property = "qed"
desirability = { kind = "linear", low = 0.3, high = 0.9 }

[[component]]
property = "sa"
desirability = { kind = "linear", low = 5.0, high = 2.0 }
"""
(OUT / "goal.toml").write_text(goal, encoding="utf-8")
objective = molvae.ConfiguredObjective.load(OUT / "goal.toml")

# %% [markdown]
# ## Try it before the search
#
# The lead should not be near 1 already, and a better molecule that you know should score higher.

# %%
examples = {
    "the lead": LEAD,
    "its amide": "CC(C(N)=O)c1ccc(-c2ccccc2)c(F)c1",
    "biphenyl": "c1ccc(-c2ccccc2)cc1",
}
scores = objective.score([Molecule.parse(smiles) for smiles in examples.values()])
for name, total in zip(examples, scores.total, strict=True):
    print(f"{name}: {total:.3f}")

# %% [markdown]
# ## Search around the lead
#
# Molecules that are too different, or lack the acid, are rejected before they cost a call. Every
# score is on disk at once: a search that was stopped continues when this cell is run again.

# %%
model = molvae.MoleculeVAE.from_pretrained("zinc250k")
config = molvae.SearchConfig(
    budget=15 if IS_SMALL else 500,
    constraints={"lead": LEAD, "min_similarity": 0.4, "keep": ["C(=O)[OH]"]},
)
run = molvae.RunDirectory(OUT / "search")
result = molvae.search(model, objective, config, run, resume=run.journal.exists())
print(result)
print(result.lead)
print("rejected:", {str(reason): count for reason, count in result.rejected.items()})

# %% [markdown]
# ## The best molecules
#
# Trust a score only after a look at the molecule. The page aligns them to the lead and highlights
# what has changed.

# %%
print(result.to_frame().head(10).to_string())
print(f"open {molvae.write_report(run)} in a browser")
