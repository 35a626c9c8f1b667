"""Merged tokens of a large corpus are kept in files that processes share."""

import numpy as np
import pytest

from molvae.dataset.preparation import prepare_corpus
from molvae.errors import FileError


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "table.smi").write_text("CCO\nc1ccccc1\nC[C@H](F)O\nC\nO=C(O)c1ccccc1\n")
    return prepare_corpus(tmp_path / "table.smi", workers=1)


@pytest.fixture
def large(corpus, monkeypatch):
    """The corpus, for whose size files are used."""
    monkeypatch.setattr("molvae.dataset.recoding.IDS_IN_MEMORY", 0)
    return corpus


def test_a_large_corpus_is_mapped_with_the_same_ids(corpus, monkeypatch):
    vocabulary = corpus.learn_merges(20)
    in_memory = corpus.recode(vocabulary)
    monkeypatch.setattr("molvae.dataset.recoding.IDS_IN_MEMORY", 0)
    mapped = corpus.recode(vocabulary)
    assert isinstance(mapped.arrays.ids, np.memmap)
    assert isinstance(mapped.arrays.lengths, np.memmap)
    assert mapped.digest == in_memory.digest
    rows = np.arange(len(corpus))
    flatten = np.ones(len(corpus), dtype=bool)
    np.testing.assert_array_equal(
        mapped.batch(rows, flatten).ids, in_memory.batch(rows, flatten).ids
    )


def test_the_arrays_of_a_store_are_mapped(corpus):
    assert isinstance(corpus.recode(corpus.vocabulary).arrays.ids, np.memmap)
    assert isinstance(corpus.arrays.lengths, np.memmap)


def test_files_are_used_again_until_they_are_damaged(large):
    vocabulary = large.learn_merges(20)
    digest = large.recode(vocabulary).digest
    path = next(large.folder.glob("tokens-*.ids.bin"))
    written = path.stat().st_mtime_ns
    assert large.recode(vocabulary).digest == digest
    assert path.stat().st_mtime_ns == written
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    assert large.recode(vocabulary).digest == digest
    large.recode(large.learn_merges(5))
    assert len(list(large.folder.glob("tokens-*.ids.bin"))) == 2


def test_files_that_cannot_be_written_are_named(large):
    vocabulary = large.learn_merges(20)
    large.recode(vocabulary)
    path = next(large.folder.glob("tokens-*.ids.bin"))
    path.unlink()
    path.mkdir()
    with pytest.raises(FileError, match="could not write"):
        large.recode(vocabulary)
