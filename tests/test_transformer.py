import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from molvae.errors import ConfigError, MoleculeError
from molvae.transformer import MolVAETransformer

SMILES = ["CC(=O)Nc1ccccc1", "CCO", "CC(C)CN", "c1ccccc1O", "CCCCl", "CCC(=O)O"]


@pytest.fixture
def transformer(tiny_model):
    return MolVAETransformer(tiny_model)


def test_features_are_the_latent_vectors_of_the_model(transformer, tiny_model):
    expected = tiny_model.encode(SMILES)
    table = pd.DataFrame({"smiles": SMILES, "weight": range(6)})
    inputs = [
        SMILES,
        np.array(SMILES),
        np.array(SMILES)[:, None],
        table["smiles"],
        table[["smiles"]],
        table,
        [Chem.MolFromSmiles(smiles) for smiles in SMILES],
    ]
    for molecules in inputs:
        np.testing.assert_array_equal(transformer.fit_transform(molecules), expected)


def test_a_model_is_loaded_by_its_folder(trained, tiny_model):
    transformer = MolVAETransformer(trained[1], device="cpu").fit(SMILES)
    np.testing.assert_allclose(
        transformer.transform(SMILES), tiny_model.encode(SMILES), rtol=1e-4, atol=1e-5
    )


def test_it_must_be_fitted_first(transformer):
    with pytest.raises(NotFittedError):
        transformer.transform(SMILES)


def test_invalid_molecules_raise_or_become_nan(transformer, tiny_model):
    molecules = ["CCO", "not a molecule", None, "C[13CH3]", "CC(C)CN"]
    with pytest.raises(MoleculeError, match="index 1"):
        transformer.fit_transform(molecules)
    with pytest.raises(MoleculeError, match="index 0"):
        transformer.fit_transform(molecules[3:])
    z = transformer.set_params(invalid="nan").fit_transform(molecules)
    assert np.isnan(z).all(axis=1).tolist() == [False, True, True, True, False]
    np.testing.assert_allclose(z[[0, 4]], tiny_model.encode(["CCO", "CC(C)CN"]), atol=1e-5)
    assert np.isnan(transformer.fit_transform(["xx"])).all()
    missing = pd.Series(["CCO", None, pd.NA, float("nan")], dtype=object)
    assert np.isnan(transformer.fit_transform(missing)).any(axis=1).tolist() == [False, *[True] * 3]


def test_wrong_arguments_are_refused(transformer):
    with pytest.raises(ConfigError, match="invalid"):
        clone(transformer).set_params(invalid="drop").fit(SMILES)
    with pytest.raises(ConfigError, match="one column"):
        transformer.fit_transform(np.array([SMILES, SMILES]))


def test_clones_have_the_same_parameters(trained):
    transformer = MolVAETransformer(trained[1], "cpu", "nan")
    copy = clone(transformer)
    assert copy.get_params() == transformer.get_params()


def test_columns_have_names(transformer, tiny_model):
    names = [f"z{index}" for index in range(tiny_model.latent_size)]
    assert transformer.fit(SMILES).get_feature_names_out().tolist() == names
    frame = transformer.set_output(transform="pandas").transform(
        pd.Series(SMILES, index=[*"abcdef"])
    )
    assert frame.columns.tolist() == names
    assert frame.index.tolist() == [*"abcdef"]
    columns = make_column_transformer((MolVAETransformer(transformer.model), "smiles"))
    table = columns.fit_transform(pd.DataFrame({"smiles": SMILES}))
    assert table.shape == (6, tiny_model.latent_size)


def test_a_grid_search_chooses_settings_of_a_pipeline(transformer):
    pipeline = make_pipeline(transformer, Ridge())
    search = GridSearchCV(
        pipeline, {"ridge__alpha": [0.1, 10.0], "molvaetransformer__invalid": ["raise"]}, cv=2
    )
    search.fit(SMILES, np.arange(6.0))
    assert search.predict(["CCN"]).shape == (1,)


def test_import_of_molvae_brings_no_scikit_learn():
    code = "import sys, molvae; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
