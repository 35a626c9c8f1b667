import csv
import json
import zipfile

import numpy as np
import pytest
from rdkit import Chem
from wrong_files import WRONG_FILES, wrong_file

from molvae.chem.standardize_config import StandardizeConfig
from molvae.molecule_vae import MoleculeVAE


@pytest.fixture(scope="session")
def dirty(folder):
    """Rows of which the fourth is no molecule, and the last two are one molecule."""
    path = folder / "dirty.csv"
    path.write_text("smiles\nCCO\nc1ccccc1C(=O)N\nnot-one\nOCC\nC1CCNCC1F\n")
    return path


@pytest.fixture(scope="session")
def latents(shared_molvae, run, folder, dirty):
    """What `molvae encode` wrote, and how it ended."""
    out = folder / "latents.npz"
    return shared_molvae("encode", dirty, "--out", out, "--model", run / "model", "--json"), out


def test_latents_keep_order_duplicates_and_lines(latents):
    done, out = latents
    assert done.status == 0, done.err
    arrays = np.load(out)
    assert arrays["smiles"].tolist() == ["CCO", "NC(=O)c1ccccc1", "CCO", "FC1CCCNC1"]
    assert arrays["row"].tolist() == [2, 3, 5, 6]
    assert arrays["mean"].dtype == arrays["deviation"].dtype == np.float32
    assert arrays["mean"].shape == arrays["deviation"].shape == (4, 16)
    assert (arrays["deviation"] > 0).all()


def test_latents_are_those_of_the_model(latents, run):
    model = MoleculeVAE.from_pretrained(run / "model", "cpu")
    arrays = np.load(latents[1])
    expected = model.encode(arrays["smiles"].tolist())
    np.testing.assert_allclose(arrays["mean"], expected, rtol=1e-4, atol=1e-5)


def test_bits_are_shown_beside_those_of_compressors(molvae, run, dirty, tmp_path):
    words = ["encode", dirty, "--out", tmp_path / "o.npz", "--model", run, "--quiet", "--bits"]
    done = molvae(*words, "--json")
    means = json.loads(done.out)["bits_per_molecule"]
    assert {"language_model", "vae", "gzip", "xz", "token_entropy"} <= set(means)
    arrays = np.load(tmp_path / "o.npz")
    assert means["language_model"] == pytest.approx(arrays["bits_language_model"].mean())
    assert means["vae"] == pytest.approx(arrays["bits_vae"].mean())
    assert "VAE, bits-back" in molvae(*words).out


def test_refused_rows_are_listed_beside_the_latents(latents):
    done, out = latents
    place = out.with_name("latents.npz.refused.csv")
    assert json.loads(done.out) == {"out": str(out), "molecules": 4, "refused": 1}
    assert f"1 row refused; see {place}" in done.err
    with place.open() as stream:
        assert [(row["line"], row["text"]) for row in csv.DictReader(stream)] == [("4", "not-one")]


def test_decoding_latents_is_reconstructing_the_molecules(molvae, latents, run, dirty):
    folder = latents[1].parent
    done = molvae("decode", latents[1], "--out", folder / "decoded.csv", "--model", run, "--json")
    assert json.loads(done.out)["points"] == 4
    pairs = folder / "pairs.csv"
    told = molvae("reconstruct", dirty, "--out", pairs, "--model", run, "--json", "--quiet")
    with (folder / "decoded.csv").open() as stream:
        decoded = {row["row"]: row["smiles"] for row in csv.DictReader(stream)}
    with pairs.open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["smiles", "reconstructed", "exact", "row"]
    assert {row["row"]: row["reconstructed"] for row in rows if row["reconstructed"]} == decoded
    exact = sum(row["smiles"] == row["reconstructed"] for row in rows)
    assert [row["exact"] for row in rows].count("1") == exact
    summary = {"exact": exact, "molecules": 4, "share": exact / 4, "refused": 1}
    assert json.loads(told.out) == {"out": str(pairs), **summary}


def test_reconstruct_says_how_many_came_back(molvae, run, data, tmp_path):
    out = tmp_path / "pairs.csv"
    done = molvae("reconstruct", data, "--out", out, "--model", run, "--quiet")
    with out.open() as stream:
        exact = sum(int(row["exact"]) for row in csv.DictReader(stream))
    assert done.out == f"{out}: {exact} of 200 reconstructed exactly ({exact / 200:.1%})\n"
    assert done.err == ""


def test_points_of_one_s_own_are_decoded_greedily_unless_a_temperature_is_given(
    molvae, run, tmp_path
):
    np.savez(tmp_path / "own.npz", mean=np.zeros((50, 16)))
    decoded = []
    for number, flags in enumerate((["--max-symbols", 100], ["--temperature", 1.5, "--seed", 4])):
        out = tmp_path / f"{number}.csv"
        words = ["decode", tmp_path / "own.npz", "--out", out, "--model", run, "--quiet"]
        assert molvae(*words, *flags).status == 0
        with out.open() as stream:
            decoded.append([row["smiles"] for row in csv.DictReader(stream)])
    assert len(set(decoded[0])) == 1
    assert len(set(decoded[1])) > 5
    assert all(Chem.MolFromSmiles(smiles) for smiles in decoded[1])


def test_a_molecule_of_symbols_that_the_model_lacks_is_refused_by_their_name(molvae, run, tmp_path):
    (tmp_path / "in.csv").write_text("smiles\nCCO\nC[13CH3]\n")
    words = ["encode", tmp_path / "in.csv", "--out", tmp_path / "o.npz", "--model", run]
    done = molvae(*words, "--allow-isotopes", "--quiet")
    assert done.status == 0
    told = (tmp_path / "o.npz.refused.csv").read_text().splitlines()[1]
    assert told == "3,unknown symbol,C[13CH3],this model has no symbol [13CH3]"


def test_a_file_is_cleaned_as_the_model_s_training_data_were(molvae, run, tmp_path):
    model = MoleculeVAE.from_pretrained(run / "model", "cpu")
    assert model.card.cleaning == StandardizeConfig()
    model.card["cleaning"] = {"keep_stereo": False, "max_heavy_atoms": 12}
    model.save_pretrained(tmp_path / "flat")
    lines = ["smiles", "C[C@H](N)C(=O)O", "CCCCCCCCCCCCCCC"]
    (tmp_path / "in.csv").write_text("\n".join(lines))

    def encoded(*flags):
        out = tmp_path / "out.npz"
        words = ["encode", tmp_path / "in.csv", "--out", out, "--model", tmp_path / "flat"]
        assert molvae(*words, *flags, "--quiet").status == 0
        return np.load(out)["smiles"].tolist()

    assert encoded() == ["CC(N)C(=O)O"]
    assert encoded("--max-heavy-atoms", 15) == ["CC(N)C(=O)O", "CCCCCCCCCCCCCCC"]
    # The model has no symbol for a stereocentre.
    assert encoded("--keep-stereo", "--max-heavy-atoms", 15) == ["CCCCCCCCCCCCCCC"]


def test_refined_latent_vectors_are_written_and_decoded(molvae, run, data, tmp_path):
    encoded, pairs = tmp_path / "refined.npz", tmp_path / "pairs.csv"
    flags = ("--model", run, "--refine", "--quiet")
    assert molvae("encode", data, "--out", encoded, *flags).status == 0
    assert molvae("reconstruct", data, "--out", pairs, *flags).status == 0
    decoded = tmp_path / "decoded.csv"
    assert molvae("decode", encoded, "--out", decoded, "--model", run, "--quiet").status == 0
    with decoded.open() as stream:
        by_row = {row["row"]: row["smiles"] for row in csv.DictReader(stream)}
    with pairs.open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["row"]: row["reconstructed"] for row in rows if row["reconstructed"]} == by_row


def test_candidates_of_refined_latent_vectors_are_refused(molvae, run, data, tmp_path):
    flags = ("--model", run, "--refine", "--candidates", 2)
    done = molvae("reconstruct", data, "--out", tmp_path / "pairs.csv", *flags)
    assert done.status in (1, 2)
    assert "--candidates" in done.err
    assert not (tmp_path / "pairs.csv").exists()


@pytest.mark.parametrize("command", ["encode", "reconstruct"])
@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_file_without_molecules_is_one_line(molvae, run, tmp_path, command, kind):
    path = wrong_file(kind, tmp_path)
    out = tmp_path / ("out.npz" if command == "encode" else "out.csv")
    words = [command, path, "--out", out, "--model", run, "--quiet"]
    words_of_it = "no molecule" if kind == "header only" else WRONG_FILES[kind]
    assert words_of_it in molvae(*words).complaint
    assert not out.exists()


def foreign(kind, path):
    if kind == "text":
        path.write_text("smiles\nCCO\n")
    elif kind == "pickled":
        np.savez(path, mean=np.array([{}, {}], dtype=object))
    elif kind == "other arrays":
        np.savez(path, latents=np.zeros((3, 16)))
    elif kind == "other size":
        np.savez(path, mean=np.zeros((3, 8)))
    elif kind in ("not finite", "too large"):
        np.savez(path, mean=np.full((3, 16), np.nan if kind == "not finite" else 1e300))
    elif kind == "no array":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mean", "0.5,0.5\n")
    elif kind != "missing":
        damaged(kind, path)


def damaged(kind, path):
    np.savez(path, mean=np.zeros((3, 16)), row=np.arange(3))
    content = bytearray(path.read_bytes())
    if kind == "cut":
        del content[-200:]
    elif kind == "bit flipped":
        content[200] ^= 1
    elif kind == "member hidden":
        # The length of a comment, which would take in the next entry of the directory.
        entry = content.index(b"PK\1\2")
        content[entry + 32] ^= 64
    elif kind == "bit of a name flipped":
        content[content.rindex(b"row.npy")] ^= 1
    elif kind == "locked":
        # The flag of an encrypted member, in its own header and in the archive's table.
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("missing", "no file"),
        ("text", "it is no npz file"),
        ("pickled", "holds no readable latents"),
        ("other arrays", "it has no array 'mean'"),
        ("other size", "rows of 16 numbers"),
        ("not finite", "NaN or infinity"),
        ("too large", "NaN or infinity"),
        ("cut", "holds no readable latents"),
        ("bit flipped", "holds no readable latents"),
        ("bit of a name flipped", "holds no readable latents"),
        ("member hidden", "holds no readable latents"),
        ("locked", "password required"),
        ("no array", "'mean' is no array"),
    ],
)
def test_foreign_or_damaged_latents_are_refused(molvae, run, tmp_path, kind, complaint):
    path = tmp_path / "latents.npz"
    foreign(kind, path)
    words = ["decode", path, "--out", tmp_path / "out.csv", "--model", run]
    assert complaint in molvae(*words).complaint
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("source", ["encode", "generate"])
def test_codes_of_another_model_of_their_width_are_not_decoded(
    molvae, run, dirty, tmp_path, source
):
    model = MoleculeVAE.from_pretrained(run, "cpu")
    other = MoleculeVAE.untrained(model.vocabulary, model.network.config, seed=1)
    other.save_pretrained(tmp_path / "other")
    codes, out = tmp_path / "codes.npz", tmp_path / "out.csv"
    words = {
        "encode": ["encode", dirty, "--out", codes],
        "generate": ["generate", "--n", 2, "--out", out, "--latents", codes],
    }
    assert molvae(*words[source], "--model", run, "--quiet").status == 0
    told = molvae("decode", codes, "--out", out, "--model", tmp_path / "other").complaint
    assert "of another model" in told
    assert molvae("decode", codes, "--out", out, "--model", run, "--quiet").status == 0


def test_a_folder_is_no_place_for_latents(molvae, data, run, tmp_path):
    words = ["encode", data, "--out", tmp_path, "--model", run]
    assert molvae(*words).complaint == f"{str(tmp_path)!r} is a folder; give the name of a file"


@pytest.mark.parametrize("command", ["encode", "reconstruct", "decode"])
def test_the_input_is_not_overwritten(molvae, data, run, command):
    assert "is the input" in molvae(command, data, "--out", data, "--model", run).complaint


def test_codes_are_not_written_under_the_name_of_a_table(molvae, run, tmp_path):
    table = tmp_path / "in.csv"
    table.write_text("smiles\nCCO\n")
    encode = ["encode", table, "--out", tmp_path / "out.csv", "--model", run]
    assert "expected a name that ends in .npz" in molvae(*encode).complaint
    latents = ["--latents", tmp_path / "codes.parquet"]
    words = ["generate", "--n", 1, "--out", tmp_path / "out.smi", "--model", run, *latents]
    assert "ends in .npz" in molvae(*words).complaint
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
