import json

from molvae.pretrained import DEFAULT, shipped_models


def test_shipped_models_are_listed_with_their_figures(molvae):
    done = molvae("models", "--json")
    cards = json.loads(done.out)
    assert set(cards) == set(shipped_models())
    told = molvae("models").out
    for name, card in cards.items():
        assert f"{name}" in told
        assert card["about"] in told
        assert all(str(value) in told for value in card["figures"].values())
    # KL 98.2 + reconstruction 0.5 - prior 20.4 nats.
    assert "78.2 nats: an autoencoder" in told


def test_models_are_listed_from_the_package_whatever_lies_here(molvae, tmp_path, monkeypatch):
    expected = molvae("models").out
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT).mkdir()
    (tmp_path / DEFAULT / "model.json").write_text("{}")
    assert molvae("models").out == expected


def test_generation_works_right_after_installation(molvae, tmp_path):
    out = tmp_path / "samples.csv"
    assert molvae("generate", "--n", 20, "--out", out, "--quiet").status == 0
    assert len(out.read_text().splitlines()) == 21


def test_a_shipped_model_is_taken_by_its_name(molvae, tmp_path):
    words = ["generate", "--n", 5, "--out", tmp_path / "samples.csv", "--quiet", "--model"]
    assert molvae(*words, "zinc250k").status == 0
    assert "did you mean 'zinc250k'" in molvae(*words, "zinc25k").complaint
