import csv
import json

import pytest
import torch

from molvae.chem.molecule import Molecule
from molvae.chem.similarity import FingerprintKind, fingerprint, tanimoto
from molvae.molecule_vae import MoleculeVAE

ANILIDE, BENZAMIDE = "CC(=O)Nc1ccccc1", "NC(=O)c1ccccc1"


def table(text):
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def similarity(one, other):
    prints = (fingerprint(Molecule.parse(each), FingerprintKind.ECFP4) for each in (one, other))
    return tanimoto(*prints)


def test_a_path_begins_and_ends_with_what_the_latent_vectors_of_its_molecules_decode_to(
    molvae, run
):
    words = ("interpolate", ANILIDE, BENZAMIDE, "--steps", 5, "--properties", "weight")
    rows = json.loads(molvae(*words, "--model", run, "--json").out)
    first, last = MoleculeVAE.from_pretrained(run / "model", "cpu").reconstruct(
        [ANILIDE, BENZAMIDE], refine=True
    )
    assert {row["position"] for row in rows} <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert (rows[0]["position"], rows[0]["smiles"]) == (0.0, first.smiles)
    assert rows[-1]["smiles"] == last.smiles
    for row in rows:
        assert row["similarity_to_1"] == similarity(row["smiles"], ANILIDE)
        assert row["similarity_to_2"] == similarity(row["smiles"], BENZAMIDE)
        assert row["weight"] > 0


def test_a_path_passes_further_molecules(molvae, run):
    words = ("interpolate", ANILIDE, BENZAMIDE, ANILIDE, "--steps", 2, "--path", "spherical")
    rows = json.loads(molvae(*words, "--model", run, "--json").out)
    assert rows[0]["smiles"] == rows[-1]["smiles"]
    assert rows[-1]["similarity_to_1"] == rows[-1]["similarity_to_3"]


def test_neighbors_are_distinct_others_the_most_similar_first(molvae, run):
    words = ("neighbors", BENZAMIDE, "--n", 6, "--scale", 2, "--model", run)
    done = molvae(*words)
    found = table(done.out)
    assert len({one["smiles"] for one in found} - {BENZAMIDE}) == 6
    similarities = [float(one["similarity"]) for one in found]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] == pytest.approx(similarity(found[0]["smiles"], BENZAMIDE), abs=1e-3)
    assert molvae(*words).out == done.out
    assert molvae(*words, "--seed", 1).out != done.out


def test_fewer_neighbors_than_were_asked_for_are_said_to_be_so(molvae, run):
    done = molvae("neighbors", BENZAMIDE, "--n", 3, "--scale", 1e-6, "--model", run)
    assert done.status == 3
    assert len(table(done.out)) < 3
    assert "of 3 after 192 samples; try a larger --scale" in done.err


def test_no_larger_scale_is_advised_where_none_was_given(molvae, run, tmp_path):
    model = MoleculeVAE.from_pretrained(run, "cpu")
    with torch.no_grad():
        # Whatever the point, it writes carbon after carbon.
        model.network.decoder.to_logits.weight.zero_()
        model.network.decoder.to_logits.bias.zero_()
        model.network.decoder.to_logits.bias[model.vocabulary.encode(["[C]"])[0]] = 9.0
    model.save_pretrained(tmp_path / "dull")
    done = molvae("neighbors", BENZAMIDE, "--n", 2, "--model", tmp_path / "dull")
    assert len(table(done.out)) == 1
    assert "does not give NC(=O)c1ccccc1 back" in done.err
    assert done.err.splitlines()[-1] == "only 1 of 2 after 1280 samples"


def test_the_way_out_goes_on_until_there_are_enough(molvae):
    # A model that gives back what it is given: near the code there is one molecule alone.
    words = ("neighbors", "CC(=O)Nc1ccc(O)cc1", "--n", 8, "--model", "zinc250k", "--json")
    close, enough = (molvae(*words, *scale) for scale in (("--scale", 1), ()))
    assert len(json.loads(close.out)) < len(json.loads(enough.out)) == 8
    # A single one is the nearest that was found, not the first.
    nearest = json.loads(molvae(*[1 if word == 8 else word for word in words]).out)
    assert len(nearest) == 1


def test_both_can_be_written_to_a_file(molvae, run, tmp_path):
    out = tmp_path / "near.csv"
    done = molvae("neighbors", BENZAMIDE, "--n", 2, "--out", out, "--model", run)
    assert done.out == f"{out}: 2 molecules\n"
    with out.open() as stream:
        assert list(next(csv.DictReader(stream))) == ["smiles", "similarity"]


def test_likelihoods_are_those_of_the_learned_prior(molvae, run, data, tmp_path):
    out = tmp_path / "likelihood.csv"
    done = molvae("likelihood", data, "--out", out, "--model", run, "--quiet", "--json")
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    model = MoleculeVAE.from_pretrained(run / "model", "cpu")
    codes = model.encode([row["smiles"] for row in rows])
    found = [float(row["log_density"]) for row in rows]
    assert found == pytest.approx(model.log_density(codes).tolist(), rel=1e-3)
    likelihoods = [float(row["log_likelihood"]) for row in rows]
    assert max(likelihoods) < 0
    told = json.loads(done.out)
    assert told["molecules"] == len(rows) == 200
    assert told["mean_log_likelihood"] == pytest.approx(sum(likelihoods) / 200)
    assert all(float(row["elbo"]) < 0 < float(row["kl"]) for row in rows)
    assert all(0 <= float(row["percentile"]) <= 100 for row in rows)
    assert all(len(row["least_likely_tokens"].split("; ")) == 3 for row in rows)


def test_unlikely_molecules_are_flagged(molvae, run, data, tmp_path):
    out = tmp_path / "flagged.csv"
    words = ("--out", out, "--model", run, "--samples", 1, "--flag-below", 20, "--quiet")
    done = molvae("likelihood", data, *words)
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    flagged = [row for row in rows if row["flagged"] == "1"]
    assert flagged == [row for row in rows if float(row["percentile"]) < 20]
    assert f"{len(flagged)} below percentile 20" in done.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("interpolate", "CC(", "CC"), "expected a SMILES, got 'CC('"),
        (("interpolate", "CC", "CCC", "--steps", 1), "--steps"),
        (("neighbors", "CC", "--n", 0), 'Invalid value "0" for --n. Must be >= 1'),
        (("neighbors", "CC", "--scale", 0), 'Invalid value "0.0" for --scale. Must be > 0'),
        (("neighbors", "CC", "--scale", "inf"), "Must be < inf"),
        (("neighbors", "[U]"), "unknown symbol: '[U]'"),
    ],
)
def test_what_makes_no_sense_is_refused(molvae, run, words, complaint):
    assert complaint in molvae(*words, "--model", run).complaint
