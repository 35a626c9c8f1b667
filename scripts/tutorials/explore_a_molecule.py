# %% [markdown]
# # Explore the latent space around a molecule
#
# Neighbors, a path to another molecule, a direction, completions of a scaffold, and likelihoods.
# Run it in a checkout; `--small` makes it a test of seconds.

# %%
import sys

import molvae
from molvae.chem.molecule import Molecule
from molvae.exploration import neighbors_of, round_trips
from molvae.interpolation import interpolate
from molvae.traversal import latent_dimension, traverse

IS_SMALL = "--small" in sys.argv
model = molvae.MoleculeVAE.from_pretrained("zinc250k")
first = Molecule.parse("CC(=O)Nc1ccc(O)cc1")
last = Molecule.parse("NC(=O)c1ccccc1")

# %% [markdown]
# ## Does the model know the molecule?
#
# All that follows starts from refined latent vectors, and refers to the molecules that they decode
# to.

# %%
for trip in round_trips(model, [first, last], refine=True):
    print(trip)

# %% [markdown]
# ## Neighbors
#
# Samples around its latent vector, the most similar first.

# %%
neighbors = neighbors_of(model, first, n=5 if IS_SMALL else 30)
for neighbor in neighbors.neighbors:
    print(f"{neighbor.similarity:.2f} {neighbor.molecule.smiles}")
print(f"{neighbors.draws} latent vectors were decoded")

# %% [markdown]
# ## A path, and a direction
#
# Look at both similarities: a path is what the decoder makes of points on a line, not a series of
# small chemical steps.

# %%
for step in interpolate(model, [first, last]):
    near, far = step.similarities
    print(f"{step.position:.2f} {near:.2f} {far:.2f} {step.molecule.smiles}")
for position in traverse(model, first, latent_dimension(model, 1), steps=7, properties=["logp"]):
    print(f"{position.position:+.1f} logP {position.values['logp']:.2f} {position.molecule.smiles}")

# %% [markdown]
# ## Complete a scaffold
#
# Substituents at the marked atom of indole; the likeliest molecules come first.

# %%
config = molvae.CompleteConfig(n=5 if IS_SMALL else 50, where="weight < 400")
completion = molvae.complete(model, "[*:1]c1c[nH]c2ccccc12", config)
for molecule in completion.molecules[:10]:
    print(molecule.smiles, molecule.parts["r1"])

# %% [markdown]
# ## What is unusual?
#
# The least likely tokens say where a molecule differs from the training data.

# %%
for row in molvae.likelihoods(model, [first.smiles, "C1CC1=C=C=C=C=N"]):
    print(row.smiles, f"percentile {row.percentile:.0f}", *row.least_likely_tokens)
