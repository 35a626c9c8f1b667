import csv
from pathlib import Path

import pytest

from molvae.chem.standardize_config import StandardizeConfig
from molvae.errors import ModelError
from molvae.model.folder import read_model
from molvae.molecule_vae import MoleculeVAE
from molvae.pretrained import DEFAULT, find_model, shipped_folder, shipped_models

ROOT = Path(__file__).parents[1]
MOST_BYTES = 12_000_000


def test_the_default_model_ships():
    assert DEFAULT in shipped_models()


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_is_small_and_has_a_card_with_figures(name):
    folder = find_model(name)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= MOST_BYTES
    card = read_model(folder).description["card"]
    assert card["about"]
    assert card["validation"]["exact_reconstruction"] > 0
    assert card["figures"]


@pytest.mark.parametrize(
    ("name", "neutral"), [("moses", True), ("zinc250k", False), ("chembl", False)]
)
def test_a_shipped_model_tells_how_its_training_data_were_cleaned(name, neutral):
    cleaning = read_model(find_model(name)).description["card"]["cleaning"]
    assert StandardizeConfig.parse(cleaning) == StandardizeConfig(neutralize=neutral)


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_reconstructs_and_generates(name):
    model = MoleculeVAE.from_pretrained(name, "cpu")
    with (ROOT / "data" / "moses_sample.csv").open(encoding="utf-8") as stream:
        smiles = [row["smiles"] for row in csv.DictReader(stream)][:40]
    back = [one and one.smiles for one in model.reconstruct(smiles)]
    assert sum(map(str.__eq__, smiles, map(str, back))) >= 16
    drawn = model.sample(50, seed=0)
    assert sum(one is not None for one in drawn) >= 49
    assert len({one.smiles for one in drawn if one}) >= 45


def test_a_folder_goes_before_a_shipped_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT).mkdir()
    (tmp_path / DEFAULT / "model.json").write_text("{}")
    assert find_model(DEFAULT).resolve() == (tmp_path / DEFAULT).resolve()


def test_a_folder_without_a_model_hides_no_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # As `molvae data chembl --out chembl` leaves it.
    (tmp_path / DEFAULT).mkdir()
    (tmp_path / DEFAULT / "train.csv").write_text("smiles\nCCO\n")
    assert find_model(DEFAULT) == shipped_folder(DEFAULT)
    (tmp_path / "other").mkdir()
    assert find_model("other") == Path("other")


def test_the_run_of_a_search_is_no_model(tmp_path):
    for name in "settings.json", "journal.sqlite":
        (tmp_path / name).write_text("{}")
    with pytest.raises(ModelError, match="is the run of a search"):
        find_model(tmp_path)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ModelError, match=f"did you mean '{DEFAULT}'"):
        find_model(DEFAULT[:-1])


def test_what_a_record_tells_of_a_model_holds_no_figures_of_earlier_weights():
    model = MoleculeVAE.from_pretrained(DEFAULT, "cpu")
    measured = {"figures", "likelihood_quantiles"}
    assert measured <= set(model.card)
    assert model.card.origin == {
        name: value for name, value in model.card.items() if name not in measured
    }
