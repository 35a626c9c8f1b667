"""Real scikit-learn models, from files of skops and from others."""

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import morgan_bits
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.learned import ModelMeasure
from molvae.objectives.suites import find_objective

io = pytest.importorskip("skops.io")
ensemble = pytest.importorskip("sklearn.ensemble")
linear_model = pytest.importorskip("sklearn.linear_model")

TREE = "sklearn.tree._tree.Tree"
SMILES = ["CCO", "c1ccccc1", "CCN", "c1ccncc1", "CCCCC", "Cc1ccccc1O", "CC(=O)O", "c1ccoc1"]
MOLECULES = [Molecule.parse(smiles) for smiles in SMILES]
AROMATIC = np.array([0, 1, 0, 1, 0, 1, 0, 1])
BITS = morgan_bits(MOLECULES, 2, 256).astype(float)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models that tell aromatic molecules, and files that are none."""
    folder = tmp_path_factory.mktemp("models")
    forest = ensemble.RandomForestClassifier(20, random_state=0).fit(BITS, AROMATIC)
    io.dump(forest, folder / "forest.skops")
    io.dump(linear_model.Ridge().fit(BITS, AROMATIC), folder / "ridge.skops")
    # What pickle.dumps([], 4) gives.
    (folder / "list.pkl").write_bytes(b"\x80\x04]\x94.")
    (folder / "empty.skops").write_bytes(b"")
    wide = np.zeros((2, 2048))
    wide[1] = 1
    io.dump(ensemble.RandomForestClassifier(5).fit(wide, [0, 1]), folder / "gsk3b.skops")
    return folder


def test_values_are_those_that_the_model_predicts(folder):
    expected = linear_model.Ridge().fit(BITS, AROMATIC).predict(BITS)
    measure = ModelMeasure(path=folder / "ridge.skops", bits=256)
    np.testing.assert_allclose(measure(MOLECULES).values, expected)


def test_a_probability_is_that_of_the_last_class(folder):
    forest = ensemble.RandomForestClassifier(20, random_state=0).fit(BITS, AROMATIC)
    measure = ModelMeasure(
        path=folder / "forest.skops", bits=256, predicts="probability", trusted=(TREE,)
    )
    np.testing.assert_allclose(measure(MOLECULES).values, forest.predict_proba(BITS)[:, 1])
    assert measure.usual_curve() is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "nowhere.skops"}, "no model file"),
        ({"path": "list.pkl"}, "pickle and joblib files are not read"),
        ({"path": "empty.skops"}, "not a model that skops wrote"),
        ({"path": "forest.skops"}, rf"untrusted types: {TREE}.*`trusted`"),
        ({"path": "ridge.skops", "bits": 512}, "cannot predict a value from 512 bits"),
        ({"path": "ridge.skops", "predicts": "probability"}, "cannot predict a probability"),
    ],
)
def test_a_model_that_cannot_be_used_is_told_before_the_work(folder, settings, message):
    measure = ModelMeasure.parse({"bits": 256, **settings}).within(folder)
    with pytest.raises(ConfigError, match=message):
        measure.check()


def test_an_objective_of_a_model_goes_by_its_content(folder, tmp_path):
    text = "name = 'x'\n[[component]]\nkind = 'model'\npath = 'ridge.skops'\nbits = 256\n"
    described = []
    for place in (folder, tmp_path):
        (place / "ridge.skops").write_bytes((folder / "ridge.skops").read_bytes())
        (place / "objective.toml").write_text(text)
        described.append(ConfiguredObjective.load(place / "objective.toml").description)
    assert described[0] == described[1]
    io.dump(linear_model.Ridge(alpha=2).fit(BITS, AROMATIC), tmp_path / "ridge.skops")
    changed = ConfiguredObjective(ObjectiveConfig.load(tmp_path / "objective.toml")).description
    assert changed != described[0]


def test_a_task_takes_its_model_after_its_name(folder):
    objective = ConfiguredObjective.load(f"pmo/gsk3b@{folder / 'gsk3b.skops'}")
    scores = objective.score(MOLECULES)
    assert objective.columns == ("gsk3b",)
    assert ((scores.total >= 0) & (scores.total <= 1)).all()
    with pytest.raises(ConfigError, match="2048 bits"):
        ConfiguredObjective.load(f"pmo/drd2@{folder / 'ridge.skops'}")


@pytest.mark.parametrize("name", ["pmo/drd2", "pmo/gsk3b", "pmo/jnk3"])
def test_a_task_without_its_model_says_how_to_give_it(name):
    with pytest.raises(ConfigError, match=rf"{name} needs a model.*{name}@MODEL\.skops"):
        find_objective(name)


def test_a_model_file_that_was_written_anew_is_read_anew(folder, tmp_path):
    path = tmp_path / "model.skops"
    for target in AROMATIC, 3.0 * AROMATIC:
        model = linear_model.Ridge().fit(BITS, target)
        io.dump(model, path)
        measure = ModelMeasure(path=path, bits=256)
        np.testing.assert_allclose(measure(MOLECULES).values, model.predict(BITS))
