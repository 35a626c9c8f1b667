"""Headers, comments, encodings and names of columns: one family of files per table."""

import pytest

from molvae.dataset.rows import AcceptedRow, read_rows
from molvae.dataset.tables import Table
from molvae.errors import DataError

ROWS = "CCO,5\nCCN,6\nCCC,7\n"


def read(path, content, smiles_column=None, property_columns=(), name="a.csv"):
    """Lines, SMILES and values of the rows."""
    file = path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    table = Table.open(file, smiles_column, property_columns)
    rows = [row for chunk in table.chunks(2) for row in chunk.rows]
    return [(row.number, row.text, *row.properties) for row in rows], table


@pytest.mark.parametrize(
    ("content", "first_line"),
    [
        ("# from the ELN\n# project 7\nsmiles,y\n" + ROWS, 4),
        ("# one SMILES per line\n\nsmiles,y\n" + ROWS, 4),
        ('"# from the ELN, 2024"\nsmiles,y\n' + ROWS, 3),
        ('# 5" wells\nsmiles,y\n' + ROWS, 3),
        ("// exported\nsmiles,y\n" + ROWS, 3),
        ("% exported\nsmiles,y\n" + ROWS, 3),
        ("#smiles,y\n" + ROWS, 2),
        ("# smiles,y\n" + ROWS, 2),
        ("# by hand\n# smiles,y\n" + ROWS, 3),
        ("#" * 30 + "\n# a, b, c\n" + "#" * 30 + "\nsmiles,y\n" + ROWS, 5),
        ("Report of May\n\nsmiles,y\n" + ROWS, 4),
        ("Report,\nby,Mary Smith\nsmiles,y\n" + ROWS, 4),
        ("sep=,\n# from the ELN\nsmiles,y\n" + ROWS, 4),
        ('"smi\nles",y\n' + ROWS, 3),
        ("\n\n  \nsmiles,y\n" + ROWS, 5),
        ("\ufeffsmiles,y\n" + ROWS, 2),
        (" smiles ,\u00a0y\u200b\n" + ROWS, 2),
    ],
)
def test_lines_before_the_rows_are_no_rows(tmp_path, content, first_line):
    rows, table = read(tmp_path, content, property_columns=["y"])
    texts = ["CCO", "CCN", "CCC"]
    assert rows == [(first_line + n, texts[n], 5.0 + n) for n in range(3)]
    assert table.layout.has_header


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("CCO ethanol\nCCN\nCCC\n", ["CCO", "CCN", "CCC"]),
        ("c1ccccc1 CO\nCC(C)C O\n", ["c1ccccc1", "CC(C)C"]),
        ("C[C@H](F)O |&1:1|\nCCN\nCCC\n", ["C[C@H](F)O |&1:1|", "CCN", "CCC"]),
        ("CCO\nCCN\nCCC\n", ["CCO", "CCN", "CCC"]),
        ("CCO,a\nCCN,b\nCCC,c\n", ["CCO", "CCN", "CCC"]),
        ("a,CCO\nb,CCN\nc,CCC\n", ["CCO", "CCN", "CCC"]),
        ("# one SMILES per line\n\nCCO\nCCN\nCCC\n", ["CCO", "CCN", "CCC"]),
        ("# smiles and names\nCCO,a\nCCN,b\nCCC,c\n", ["CCO", "CCN", "CCC"]),
    ],
)
def test_a_first_row_that_rdkit_reads_is_data(tmp_path, content, texts):
    rows, table = read(tmp_path, content)
    assert [row[1] for row in rows] == texts
    assert not table.layout.has_header


@pytest.mark.parametrize(
    "header", ["smiles", "Canonical SMILES", "SMILES string", "parent SMILES", "drug"]
)
def test_text_behind_a_smiles_under_a_header_is_part_of_the_cell(tmp_path, header):
    texts = ["c1ccccc1 CO", "CC(C)C O", "CC\u00a0O", "CCO"]
    rows, _ = read(tmp_path, "\n".join([header, *texts]))
    assert [row[1] for row in rows] == texts
    accepted = [
        row.smiles
        for part in read_rows(tmp_path / "a.csv", workers=1)
        for row in part
        if isinstance(row, AcceptedRow)
    ]
    assert accepted == ["CCO"]


@pytest.mark.parametrize(
    ("content", "texts", "names"),
    [
        ("# one SMILES per line\n\nCCO\nCCN\n", ["CCO", "CCN"], ["", ""]),
        ("CCO ethyl alcohol\nCCN\n", ["CCO", "CCN"], ["ethyl alcohol", ""]),
        ("# SMILES name\nCCO ethanol\nCCN amine\n", ["CCO", "CCN"], ["ethanol", "amine"]),
        ("# the SMILES\nCCO ethanol\nCCN amine\n", ["CCO", "CCN"], ["ethanol", "amine"]),
        ("CCO\tethyl alcohol\nCCN\tamine\n", ["CCO", "CCN"], ["ethyl alcohol", "amine"]),
        ("C[C@H](F)O |&1:1| alcohol\nCCN\n", ["C[C@H](F)O |&1:1|", "CCN"], ["alcohol", ""]),
    ],
)
def test_a_smi_file_has_molecules_and_names(tmp_path, content, texts, names):
    rows, table = read(tmp_path, content, name="a.smi")
    assert [row[1] for row in rows] == texts
    (chunk,) = table.chunks(10)
    assert [table.further_cells(row)[0] for row in chunk.rows] == names


def test_skipped_lines_and_assumed_marks_are_told(tmp_path, caplog):
    content = '# from the ELN\nsmiles,y\nCCO,"1,234"\n'
    _, table = read(tmp_path, content, property_columns=["y"])
    assert len(table.notes) == 2
    assert all(note in caplog.text for note in table.notes)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "pIC50 \u2013 µM"),
        ("utf-8-sig", "Aktivität"),
        ("windows-1252", "pIC50 \u2013 nM"),
        ("windows-1252", "K€ “i”"),
        ("latin-1", "Wärme"),
        ("utf-16", "活性"),
        ("utf-16-le", "pIC50"),
        ("utf-16-be", "pIC50"),
        ("utf-32", "pIC50 \u2013 nM"),
    ],
)
def test_every_common_encoding_can_be_read(tmp_path, encoding, name):
    content = f"smiles,{name}\n{ROWS}".encode(encoding)
    rows, table = read(tmp_path, content, property_columns=[name])
    assert table.property_names == (name,)
    assert [row[2] for row in rows] == [5, 6, 7]


@pytest.mark.parametrize(
    ("header", "wanted", "resolved"),
    [
        ('"IC50, nM"', ["IC50, nM"], ["IC50, nM"]),
        ('"IC50, nM",z', ["IC50, nM,z"], ["IC50, nM", "z"]),
        ('z,"IC50, nM"', ["z, IC50, nM"], ["z", "IC50, nM"]),
        ("y,z", ["y,z"], ["y", "z"]),
        ("y,z", ["Y", "Z"], ["y", "z"]),
        ('"IC50 (µM)",z', ["IC50 (μM)"], ["IC50 (µM)"]),
        ('"IC50  nM"', ["IC50 nM"], ["IC50  nM"]),
        ('"a ""b"" c"', ['a "b" c'], ['a "b" c']),
        ("#,z", ["#", "z"], ["#", "z"]),
        ("%inhibition", ["%inhibition"], ["%inhibition"]),
        ("=y", ["=y"], ["=y"]),
        ('"two\nlines"', ["two lines"], ["two\nlines"]),
        ("1", ["1"], ["1"]),
    ],
)
def test_a_column_can_have_any_name(tmp_path, header, wanted, resolved):
    cells = ",1" * len(resolved)
    _, table = read(tmp_path, f"smiles,{header}\nCCO{cells}\nCCN{cells}\n", None, wanted)
    assert list(table.property_names) == resolved


@pytest.mark.parametrize("first", ["#", "%inhibition", "# of wells"])
def test_a_header_may_begin_like_a_comment(tmp_path, first):
    rows, table = read(tmp_path, f"{first},smiles,y\n1,CCO,5\n2,CCN,6\n", None, ["y"])
    assert [row[:2] for row in rows] == [(2, "CCO"), (3, "CCN")]
    assert table.layout.has_header


def test_all_missing_columns_are_told_where_a_list_names_them(tmp_path):
    with pytest.raises(DataError, match="no columns 'a', 'b'"):
        read(tmp_path, f"smiles,y\n{ROWS}", None, ["a,y,b"])


def test_a_column_of_selfies_is_read_by_name(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,selfies\n1,[C][C][O]\n2,[C][=nonsense]\n3,[C][N]\n")
    with pytest.raises(DataError, match="`selfies_column`"):
        Table.open(file)
    table = Table.open(file, selfies_column="selfies")
    (chunk,) = table.chunks(10)
    assert [row.text for row in chunk.readable] == ["CCO", "CN"]
    assert [row.number for row in chunk.rows if row.problem] == [3]


@pytest.mark.parametrize("first", ["CC(C)(C)(C)C", "C1CC", "C(C", "CCO.", "c1ccccc1Cl("])
@pytest.mark.parametrize("rest", ["", ",b"])
def test_a_broken_molecule_on_the_first_row_is_no_header(tmp_path, first, rest):
    content = "".join(f"{text}{rest}\n" for text in (first, "CCO", "CCN"))
    rows, table = read(tmp_path, content)
    assert [row[:2] for row in rows] == [(1, first), (2, "CCO"), (3, "CCN")]
    assert not table.layout.has_header


@pytest.mark.parametrize("first", ["NaCl", "CAS", "[H][H]", "HOH"])
def test_a_header_without_known_names_is_reported(tmp_path, first):
    rows, table = read(tmp_path, f"{first},y\nCCO,5\nCCN,6\n")
    assert [row[1] for row in rows] == ["CCO", "CCN"]
    (note,) = table.notes
    assert repr(first) in note


@pytest.mark.parametrize(
    "sentence",
    ["; smiles per line", "-- SMILES list", "/* SMILES */", "This file has one SMILES per line"],
)
@pytest.mark.parametrize("name", ["", " x"])
def test_a_sentence_about_smiles_hides_no_molecule_of_a_smi_file(tmp_path, sentence, name):
    rows, _ = read(tmp_path, f"{sentence}\nCCO{name}\nCCN{name}\n", name="a.smi")
    assert [row[1] for row in rows][-2:] == ["CCO", "CCN"]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("smiles\ty\nr1\tCCO\t5\nr2\tCCN\t6\n", ("", "smiles", "y")),
        ('"smiles","y"\n"1","CCO",5\n"2","CCN",6\n', ("", "smiles", "y")),
        ("smiles,y\nCCO,5,a\nCCN,6,b\n", ("smiles", "y", "")),
        ("y,smiles\n5,CCO,a\n6,CCN,b\n", ("y", "smiles", "")),
    ],
)
def test_a_header_may_leave_out_names(tmp_path, content, columns):
    rows, table = read(tmp_path, content, property_columns=["y"])
    assert [row[1:] for row in rows] == [("CCO", 5), ("CCN", 6)]
    assert table.layout.columns == columns
