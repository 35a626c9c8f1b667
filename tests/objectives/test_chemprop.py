"""Real chemprop models where chemprop is installed, and files that are none everywhere."""

import importlib.util
import json
import zipfile

import numpy as np
import pytest
import torch

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError, MissingExtraError
from molvae.objectives.chemprop_model import ChempropMeasure
from molvae.objectives.configured import ConfiguredObjective

# Lightning and descriptastorus warn on import.
pytestmark = pytest.mark.filterwarnings("default")

SMILES = ["CCO", "c1ccccc1", "C", "CC(=O)Nc1ccc(O)cc1", "[Na+].[Cl-]", "C[C@H](N)C(=O)O"]
MOLECULES = [Molecule.parse(smiles) for smiles in SMILES]
IS_INSTALLED = importlib.util.find_spec("chemprop") is not None


class Command:
    """An object whose pickle runs a command."""

    def __reduce__(self):
        return (print, ("the code in the file ran",))


def archive(path, pickled):
    """A file in the form of torch.save with this pickle."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickled)
        file.writestr("archive/version", "3\n")
    return path


@pytest.mark.skipif(IS_INSTALLED, reason="chemprop is installed")
def test_where_chemprop_is_missing_its_extra_is_named(tmp_path):
    torch.save({"hyper_parameters": {}, "state_dict": {}}, tmp_path / "model.pt")
    with pytest.raises(MissingExtraError, match="chemprop"):
        ChempropMeasure(path=tmp_path / "model.pt").check()


def test_a_file_that_would_run_code_is_not_read(tmp_path, capsys):
    torch.save({"hyper_parameters": Command()}, tmp_path / "model.pt")
    with pytest.raises(ConfigError, match=r"print.*not read"):
        ChempropMeasure(path=tmp_path / "model.pt").check()
    assert "the code" not in capsys.readouterr().out


@pytest.mark.skipif(not IS_INSTALLED, reason="chemprop is not installed")
def test_code_is_not_reached_through_a_module_of_torch(tmp_path):
    pickled = b"\x80\x02ctorch.nn.modules.module\nwarnings\n."
    path = archive(tmp_path / "model.pt", pickled)
    with pytest.raises(ConfigError, match=r"warnings.*not read"):
        ChempropMeasure(path=path).check()


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04]\x94.", None])
def test_files_that_are_no_models(tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ConfigError, match=r"model\.pt"):
        ChempropMeasure(path=tmp_path / "model.pt").check()


def test_a_folder_without_models(tmp_path):
    with pytest.raises(ConfigError, match="no chemprop model"):
        ChempropMeasure(path=tmp_path).check()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An ensemble of two untrained regression models of two columns, and other models."""
    pytest.importorskip("chemprop")
    from chemprop import nn
    from chemprop.models import MPNN, save_model

    folder = tmp_path_factory.mktemp("models")

    def save(name, predictor, columns):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        model = MPNN(nn.BondMessagePassing(d_h=16, depth=2), nn.MeanAggregation(), predictor)
        save_model(path, model, columns)

    for number in range(2):
        save(f"ensemble/{number}.pt", nn.RegressionFFN(n_tasks=2, input_dim=16), ["ki", "logd"])
    save("active.pt", nn.BinaryClassificationFFN(n_tasks=1, input_dim=16), ["active"])
    save("mve.pt", nn.MveFFN(n_tasks=1, input_dim=16), ["y"])
    save("classes.pt", nn.MulticlassClassificationFFN(3, input_dim=16), ["class"])
    save("described.pt", nn.RegressionFFN(input_dim=20), ["y"])
    return folder


def trainer_predictions(path):
    """Predictions in chemprop's own way: data set, loader and Lightning's trainer."""
    from chemprop.data import MoleculeDatapoint, MoleculeDataset, build_dataloader
    from chemprop.models import load_model
    from lightning import pytorch

    data = MoleculeDataset([MoleculeDatapoint.from_smi(text.smiles) for text in MOLECULES])
    trainer = pytorch.Trainer(
        logger=False, enable_progress_bar=False, accelerator="cpu", enable_model_summary=False
    )
    loader = build_dataloader(data, shuffle=False, num_workers=0)
    return torch.cat(trainer.predict(load_model(path), loader, weights_only=False)).numpy()


def test_the_values_are_those_of_chemprop(folder):
    expected = np.stack([trainer_predictions(folder / f"ensemble/{n}.pt") for n in range(2)])
    mean = ChempropMeasure(path=folder / "ensemble", column="logd")
    mean.check()
    np.testing.assert_allclose(
        mean(MOLECULES).values, expected[:, :, 1].mean(axis=0), rtol=1e-5, atol=1e-6
    )
    spread = ChempropMeasure(path=folder / "ensemble", column="ki", predicts="spread")
    np.testing.assert_allclose(
        spread(MOLECULES).values, expected[:, :, 0].std(axis=0), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", ["active.pt", "mve.pt"])
def test_other_predictors(folder, name):
    measure = ChempropMeasure(path=folder / name)
    measure.check()
    expected = trainer_predictions(folder / name)
    expected = expected[..., 0] if expected.ndim == 3 else expected
    np.testing.assert_allclose(measure(MOLECULES).values, expected[:, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"path": "ensemble"}, "ki, logd"),
        ({"path": "ensemble", "column": "log"}, "logd"),
        ({"path": "active.pt", "predicts": "spread"}, "several"),
        ({"path": "classes.pt"}, "classes"),
        ({"path": "described.pt"}, "SMILES alone"),
    ],
)
def test_models_that_cannot_be_used_are_refused_beforehand(folder, settings, match):
    with pytest.raises(ConfigError, match=match):
        ChempropMeasure.parse(settings).within(folder).check()


def test_a_model_scores_in_an_objective_file(folder, tmp_path):
    path = tmp_path / "objective.toml"
    path.write_text(
        f"name = 'x'\n[[component]]\nkind = 'chemprop'\npath = '{folder / 'active.pt'}'\n"
    )
    objective = ConfiguredObjective.load(path)
    assert np.isfinite(objective.score(MOLECULES).total).all()
    assert "active.pt" not in json.dumps(objective.description)
