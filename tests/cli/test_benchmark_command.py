import json

import pytest


@pytest.fixture(scope="module")
def sets(data, tmp_path_factory):
    """A folder as `molvae data moses` makes it."""
    folder = tmp_path_factory.mktemp("moses")
    smiles = [line.split(",")[0] for line in data.read_text().splitlines()[1:91]]
    for place, name in enumerate(("train", "test", "test_scaffolds")):
        rows = ["SMILES", *smiles[30 * place : 30 * place + 30]]
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_the_record_of_moses_tells_how_it_was_made(molvae, run, sets, tmp_path):
    out = tmp_path / "moses.json"
    flags = ("--n", 40, "--seeds", 0, "--prior", "normal", "--max-symbols", 25, "--no-fcd")
    done = molvae("benchmark", "moses", "--data", sets, "--model", run, "--out", out, *flags)
    record = json.loads(out.read_text())
    assert done.status == 0
    assert record["settings"]["n"] == 40
    assert record["provenance"]["command"].startswith("molvae benchmark moses")
    assert f"{record['mean']['IntDiv']:.4f}" in done.out


def test_reconstruction_is_counted_and_recorded(molvae, run, data, tmp_path):
    out = tmp_path / "reconstruction.json"
    flags = ("--molecules", 30, "--sampled", 2, "--encodings", 2, "--decodings", 2, "--json")
    done = molvae("benchmark", "reconstruction", data, "--model", run, "--out", out, *flags)
    assert json.loads(done.out) == json.loads(out.read_text())
    assert json.loads(done.out)["molecules"] == 30
