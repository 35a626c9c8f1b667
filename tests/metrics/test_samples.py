"""Samples are taken as they stand."""

import pytest

from molvae.errors import ConfigError, DataError
from molvae.metrics.samples import Samples, read_smiles


def test_invalid_rows_and_duplicates_stay_in_their_places(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text('smiles,number\nCCO,1\nnonsense,2\nCCO,3\n,4\nCC,5,6,7\n"CC,8\n[Na+].[Cl-],9\n')
    assert Samples.read(path).smiles == ["CCO", "nonsense", "CCO", "", "", "", "[Na+].[Cl-]"]
    assert Samples.read(path).selfies_rows is None


def test_symbols_are_read_from_their_column(tmp_path):
    path = tmp_path / "samples.csv"
    texts = ["[C][O]", "[C].[O]", "[C]x[O]", "[C] [O]", "[C][", ""]
    path.write_text("smiles,symbols\n" + "".join(f"CO,{text}\n" for text in texts))
    assert Samples.read(path).selfies_rows == [
        ("[C]", "[O]"),
        ("[C]", ".", "[O]"),
        ("[C]", "x", "[O]"),
        ("[C]", "[O]"),
        ("[C]", "["),
        (),
    ]


# What `molvae likelihood` writes had no sample that decodes as written.
def test_counts_of_symbols_are_no_symbols(tmp_path):
    path = tmp_path / "likelihoods.csv"
    path.write_text("smiles,log_likelihood,symbols\nCCO,-12.5,4\nC,-3.5,\n")
    assert Samples.read(path) == Samples(["CCO", "C"])


def test_a_table_without_header_has_no_symbols(tmp_path):
    path = tmp_path / "samples.smi"
    path.write_text("CCO one\nCCN two\n")
    assert Samples.read(path) == Samples(["CCO", "CCN"])
    assert read_smiles(path) == ["CCO", "CCN"]


def test_samples_without_rows_or_with_other_spellings_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no samples"):
        Samples([])
    with pytest.raises(ConfigError, match="1 SELFIES for 2 samples"):
        Samples(["C", "C"], [("[C]",)])
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="is empty"):
        Samples.read(tmp_path / "empty.csv")
