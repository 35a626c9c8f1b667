# %% [markdown]
# # Latent vectors as features
#
# Predict a property from latent vectors with scikit-learn (extra `sklearn`), beside Morgan
# fingerprints. The comparison matters: fingerprints are often better. Run it in a checkout;
# `--small` makes it a test of seconds.

# %%
import sys

import numpy as np
import pandas as pd
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from molvae import MoleculeVAE, MolVAETransformer

IS_SMALL = "--small" in sys.argv
data = pd.read_csv("data/moses_sample.csv", nrows=60 if IS_SMALL else 3_000)

# %% [markdown]
# ## Two sets of features
#
# The transformer learns nothing from the data, so no information passes from the test folds.

# %%
generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)


def morgan_bits(smiles: pd.Series) -> np.ndarray:
    """Morgan fingerprints of radius 2."""
    return np.stack([generator.GetFingerprintAsNumPy(Chem.MolFromSmiles(text)) for text in smiles])


model = MoleculeVAE.from_pretrained("moses")
features = {
    "latent vectors": make_pipeline(MolVAETransformer(model), StandardScaler()),
    "Morgan bits": FunctionTransformer(morgan_bits),
}

# %% [markdown]
# ## Compare them by cross-validation

# %%
for target in ("logp", "qed"):
    for name, transformer in features.items():
        regression = make_pipeline(transformer, Ridge(alpha=10.0))
        r2 = cross_val_score(regression, data["smiles"], data[target], cv=3, scoring="r2")
        print(f"{target} from {name}: R2 {r2.mean():.2f} ± {r2.std():.2f}")

# %% [markdown]
# Latent vectors can be decoded, which fingerprints cannot: that is the reason to use them. A model
# on them can guide a search by its gradient (`molvae train --property-columns`, `--method
# gradient`).
