import csv
import gzip
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molvae.dataset.tables import RowProblem, Table
from molvae.errors import DataError


def rows(path, text, smiles_column=None, property_columns=(), encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    table = Table.open(path, smiles_column, property_columns)
    return [row for chunk in table.chunks(3) for row in chunk.rows]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "molecules.csv"


def test_rows_are_numbered_by_the_line_they_begin_on(path):
    found = rows(path, "smiles,name\nCCO,a\n\nCCN,b\n")
    assert [(row.number, row.text) for row in found] == [(2, "CCO"), (4, "CCN")]


def test_without_a_header_the_first_line_is_the_first_row(path):
    assert [row.number for row in rows(path, "CCO\nCCN\n")] == [1, 2]


def test_a_header_alone_gives_no_rows(path):
    assert rows(path, "smiles,logp\n") == []


def test_chunks_have_the_wanted_size_and_tell_how_far_they_reach(path):
    path.write_text("smiles\n" + "CCO\n" * 7)
    chunks = list(Table.open(path).chunks(3))
    assert [len(chunk.rows) for chunk in chunks] == [3, 3, 1]
    assert chunks[-1].position == path.stat().st_size


def test_properties_are_numbers_or_missing_or_wrong(path):
    text = "smiles,logp,qed\nCCO,-0.5,1e-2\nCCN,,n/a\nCCC,high,0.3\nCCS\nCCF,inf,1e300\n"
    found = rows(path, text, property_columns=["qed", "logp"])
    assert found[0].properties == (0.01, -0.5)
    assert all(map(math.isnan, found[1].properties))
    assert found[1].not_numbers == ()
    assert found[2].properties[0] == 0.3
    assert found[2].not_numbers == (1,)
    assert found[3].not_numbers == ()
    assert found[4].not_numbers == (0, 1)


def test_a_decimal_comma_is_read_where_semicolons_stand_between_fields(path):
    found = rows(path, "smiles;logp\nCCO;-0,5\n", property_columns=["logp"])
    assert found[0].properties == (-0.5,)


@pytest.mark.parametrize("note", ["sep=;", '"sep=;"', "SEP=\t", "sep=,\r"])
def test_a_first_line_that_names_the_delimiter_is_no_row(path, note):
    found = rows(path, f"{note}\nsmiles;logp\nCCO;1\nsep=;;\n", property_columns=["logp"])
    assert [(row.number, row.text) for row in found] == [(3, "CCO"), (4, "sep=")]
    assert found[0].properties == (1.0,)


def test_a_table_that_only_names_its_delimiter_is_refused(path):
    with pytest.raises(DataError, match="no rows"):
        rows(path, "sep=;\n")


def test_too_many_fields_are_a_problem_of_that_row_alone(path):
    found = rows(path, "smiles,name\nCCO,a\nCCN,b,c\nCCC,d,,\nCCS,e\n")
    assert [row.problem for row in found] == [None, RowProblem.TOO_MANY_FIELDS, None, None]
    assert found[1].text == "CCN,b,c"


def test_a_quote_that_is_never_closed_costs_one_row(path):
    found = rows(path, 'smiles,name\nCCO,"a\n' + "CCN,b\n" * 50)
    assert found[0].problem == RowProblem.UNBALANCED_QUOTES
    assert [row.number for row in found] == list(range(2, 53))
    assert all(row.problem is None for row in found[1:])


def test_two_stray_quotes_do_not_swallow_the_rows_between(path):
    found = rows(path, 'smiles,name\nCCO,"a\nCCN,b\nCCC,c"\nCCS,d\n')
    assert [row.text for row in found if row.problem is None] == ["CCN", "CCC", "CCS"]


def test_a_quoted_field_may_hold_commas_quotes_and_line_ends(path):
    text = 'name,smiles,note\n"1,2-""di""ol",CCO,"first\nsecond, third\n"\nplain,CCN,x\n'
    found = rows(path, text)
    assert [(row.number, row.text, row.problem) for row in found] == [
        (2, "CCO", None),
        (5, "CCN", None),
    ]


def test_a_very_long_line_is_a_problem_of_that_row_alone(path):
    found = rows(path, "smiles\n" + "C" * 2_000_000 + "\nCCO\n")
    assert [row.problem for row in found] == [RowProblem.TOO_LONG, None]
    assert [row.number for row in found] == [2, 3]


def test_an_oversized_quoted_field_is_a_problem_of_that_row_alone(path):
    found = rows(path, 'smiles,name\nCCO,"' + "x" * 200_000 + '"\nCCN,b\n')
    assert [row.problem is None for row in found] == [False, True]


def test_smi_rows_may_have_names_of_several_words(tmp_path):
    found = rows(tmp_path / "a.smi", 'CCO ethyl alcohol\nCCN "amine" of sorts\nCCC\n')
    assert [(row.text, row.problem) for row in found] == [
        ("CCO", None),
        ("CCN", None),
        ("CCC", None),
    ]


def test_an_empty_field_gives_an_empty_text(path):
    assert [row.text for row in rows(path, "name,smiles\na,\nb\nc,CCO\n")] == ["", "", "CCO"]


def test_gzip_and_latin_1_and_windows_line_ends_together(path):
    path.write_bytes(gzip.compress("smiles;Wärme\r\nCCO;1,5\r\n".encode("latin-1")))
    table = Table.open(path, None, ["Wärme"])
    (chunk,) = table.chunks(10)
    assert table.property_names == ("Wärme",)
    assert [(row.text, row.properties) for row in chunk.rows] == [("CCO", (1.5,))]


FIELD = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n", exclude_categories=["Cs", "Cc"]),
    max_size=8,
)


@given(st.lists(st.tuples(FIELD, st.sampled_from(["C", "CCO", "c1ccccc1"]), FIELD), min_size=1))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("written") / "molecules.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("first", "smiles", "last"), *written])
    found = [row for chunk in Table.open(path).chunks(100) for row in chunk.rows]
    assert [row.text for row in found] == [smiles for _, smiles, _ in written]
    assert all(row.problem is None for row in found)


def test_a_row_of_several_lines_is_one_row_whatever_the_delimiter(path):
    text = 'id;smiles;note\n1;CCO;"one\nCO\nC"\n2;CCN;"two\nCO"\n'
    assert [(row.number, row.text, row.problem) for row in rows(path, text)] == [
        (2, "CCO", None),
        (5, "CCN", None),
    ]
