import math

import pandas
import pytest

from molvae.chem.molecule import Molecule
from molvae.generation import generate
from molvae.generation_config import GenerateConfig
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.result import SearchResult, StopReason
from molvae.vocabulary import Vocabulary

SIZES = ModelConfig(tokens=0, embedding_size=4, encoder_size=4, decoder_size=8, latent_size=4)


@pytest.fixture(scope="module")
def model():
    return MoleculeVAE.untrained(Vocabulary.from_symbols([]), SIZES)


def result_of(*evaluations):
    return SearchResult(evaluations, StopReason.BUDGET_SPENT, 1, 2, 0, 0)


def test_a_molecule_is_drawn_with_its_smiles_below():
    html = Molecule.parse("c1ccccc1N")._repr_html_()
    assert html.startswith("<div><svg")
    assert "Nc1ccccc1</small>" in html


def test_a_model_names_its_sizes(model):
    assert "latent_size=4" in repr(model)
    assert "<td>4</td>" in model._repr_html_()


def test_a_generation_is_short_and_becomes_a_frame(model):
    settings = GenerateConfig(
        n=3, properties=("weight",), radicals=True, strict=False, most_draws=400
    )
    generation = generate(model, settings)
    assert len(repr(generation)) < 200
    assert generation._repr_html_().count("<svg") == len(generation.molecules)
    frame = generation.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["smiles", "weight"]
    assert frame["smiles"].tolist() == [molecule.smiles for molecule in generation.molecules]


def test_a_search_result_is_short_and_becomes_a_frame():
    best = Evaluation("CCO", 0.5, {"logp": 0.1}, {"logp": 0.9}, call=2)
    failed = Evaluation("CC", math.nan, {"logp": math.nan}, {"logp": math.nan}, call=1)
    result = result_of(best, failed)
    assert "best score 0.5000" in repr(result)
    assert result._repr_html_().count("<svg") == 2
    frame = result.to_frame()
    names = ["smiles", "score", "logp", "logp_desirability", "call", "source"]
    assert list(frame.columns) == names
    assert frame["score"].isna().tolist() == [False, True]
    assert "no score" in repr(result_of())
    assert list(result_of().to_frame().columns) == ["smiles", "score", "call", "source"]
