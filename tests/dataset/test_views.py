import numpy as np
import pytest

from molvae.chem.notation import from_selfies, remove_stereo
from molvae.dataset.preparation import prepare_corpus
from molvae.dataset.views import FEATURES, MoleculeViews
from molvae.errors import ConfigError

ROWS = ["C[C@H](N)C(=O)O", "c1ccccc1CCO", "OCC", "CC(C)Cc1ccc(C(C)C(=O)O)cc1", "CC[C@@H](F)Cl"]


@pytest.fixture
def corpus(tmp_path):
    data = tmp_path / "molecules.csv"
    data.write_text("\n".join(["smiles", *ROWS, ""]))
    plain = prepare_corpus(data)
    symbols = remove_stereo(plain.vocabulary.symbols)
    return plain.recode(plain.vocabulary.with_symbols(symbols))


def test_other_spellings_decode_to_the_same_molecules(corpus):
    viewed = corpus.add_views()
    spelled = [viewed.vocabulary.decode(viewed.view_ids(n).tolist()) for n in range(len(ROWS))]
    assert [from_selfies(row).smiles for row in spelled] == [
        corpus.smiles(n) for n in range(len(ROWS))
    ]
    assert any(row != corpus.selfies(n) for n, row in enumerate(spelled))


def test_views_are_recoded_with_the_corpus(corpus):
    merged = corpus.recode(corpus.vocabulary.with_merges(5, map(corpus.selfies, range(5))))
    assert merged.vocabulary.merges
    of_symbols, of_tokens = corpus.add_views(), merged.add_views()
    for n in range(len(ROWS)):
        symbols = corpus.vocabulary.decode(of_symbols.view_ids(n).tolist())
        assert merged.vocabulary.decode(of_tokens.view_ids(n).tolist()) == symbols


def test_only_the_encoder_reads_the_other_spelling(corpus):
    viewed, rows = corpus.add_views(), np.arange(len(ROWS))
    respell = np.array([False, True, False, True, False])
    batch = viewed.batch(rows, None, respell)
    assert (batch.ids == corpus.batch(rows).ids).all()
    for n in rows.tolist():
        row = viewed.vocabulary.decode(batch.view_ids[n].tolist())
        expected = viewed.view_ids(n) if respell[n] else viewed.ids(n)
        assert row == viewed.vocabulary.decode(expected.tolist())
        assert batch.view_lengths[n] == len(expected) + 1
    assert viewed.batch(rows).view_ids is None


def test_a_flat_row_is_flat_in_both_spellings(corpus):
    viewed = corpus.add_views()
    batch = viewed.batch(np.array([0]), np.array([True]), np.array([True]))
    for ids in (batch.ids, batch.view_ids):
        assert from_selfies(viewed.vocabulary.decode(ids[0].tolist())).smiles == "CC(N)C(=O)O"


def test_fingerprints_are_logarithms_of_counts(corpus):
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator

    fingerprints = corpus.add_views().batch(np.array([3, 1])).fingerprints
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=FEATURES)
    for row, smiles in zip(fingerprints, [ROWS[3], ROWS[1]], strict=True):
        counts = generator.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(smiles))
        np.testing.assert_allclose(row, np.log1p(counts.astype(np.float32)), rtol=1e-6)


def test_views_are_kept_and_made_anew_where_damaged(corpus):
    first = corpus.add_views().views
    file = corpus.folder / "views.safetensors"
    written = file.stat().st_mtime_ns
    assert (corpus.add_views().views.ids == first.ids).all()
    assert file.stat().st_mtime_ns == written
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    assert MoleculeViews.read(corpus.folder) is None
    assert (corpus.add_views().views.ids == first.ids).all()
    assert MoleculeViews.read(corpus.folder) is not None


def test_other_spellings_without_views_are_an_error(corpus):
    with pytest.raises(ConfigError, match="add_views"):
        corpus.batch(np.arange(2), None, np.array([True, False]))


def test_views_do_not_depend_on_the_number_of_processes(corpus, tmp_path):
    data = tmp_path / "many.csv"
    rows = ["C" * (1 + n % 40) + "N" * (1 + n // 40) for n in range(2_100)]
    data.write_text("\n".join(["smiles", *rows, ""]))
    many = prepare_corpus(data)
    alone = many.add_views(1).views
    (many.folder / "views.safetensors").unlink()
    together = many.add_views(2).views
    assert (alone.ids == together.ids).all()
    assert (alone.features == together.features).all()
