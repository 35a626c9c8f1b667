from pathlib import Path

import pytest

from molvae.dataset.fields import WHITESPACE, looks_like_smiles
from molvae.dataset.layout import ColumnChoice, find_layout
from molvae.dataset.names import unique_names
from molvae.errors import DataError

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def layout(text, name="molecules.csv", smiles_column=None, property_columns=()):
    choice = ColumnChoice(smiles_column, tuple(property_columns))
    return find_layout(Path(name), text.splitlines(), choice)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(delimiter):
    text = "\n".join(delimiter.join(row) for row in [("id", "SMILES"), ("a", ASPIRIN), ("b", "C")])
    found = layout(text)
    assert (found.delimiter, found.smiles, found.has_header) == (delimiter, 1, True)


@pytest.mark.parametrize(
    "header",
    [
        "smiles",
        "SMILES",
        "Canonical_SMILES",
        "canonical smiles",
        "isomeric-smiles",
        "Smiles String",
    ],
)
def test_the_column_is_found_by_its_name_though_another_looks_more_like_smiles(header):
    found = layout(f"structure,{header}\n{ASPIRIN}CCCCC,not one\n{ASPIRIN},nor this\n")
    assert found.columns[found.smiles] == header


def test_the_plain_name_wins_over_longer_ones():
    found = layout("salt_smiles,smiles,smiles_rdkit\nC,CC,CCC\n")
    assert found.columns[found.smiles] == "smiles"


def test_a_column_without_a_telling_name_is_found_by_its_content():
    found = layout(f"code,formula,drug,mass\nCN1,C9,{ASPIRIN},180.2\nCN2,C2,CCO,46.07\n")
    assert found.columns[found.smiles] == "drug"
    assert found.has_header


def test_a_table_without_header_has_numbered_columns():
    found = layout(f"1.5,{ASPIRIN}\n2.5,CCO\n")
    assert (found.columns, found.smiles, found.has_header) == (("1", "2"), 1, False)


def test_a_column_of_a_table_without_header_can_be_chosen_by_its_number():
    found = layout("CCO,1,CCN\nCCC,2,CCS\n", smiles_column="3", property_columns=["2"])
    assert (found.smiles, found.properties, found.has_header) == (2, (1,), False)


@pytest.mark.parametrize("name", ["one.csv", "one.smi", "one.txt", "one"])
def test_a_single_column_works_with_and_without_header(name):
    assert not layout(f"CCO\n{ASPIRIN}\n", name).has_header
    assert layout(f"smiles\nCCO\n{ASPIRIN}\n", name).has_header


def test_a_header_of_two_words_over_a_single_column_is_one_name():
    found = layout("Canonical SMILES\nCCO\nCCN\n")
    assert found.columns == ("Canonical SMILES",)


def test_names_with_blanks_and_commas_do_not_mislead_in_a_smi_file():
    text = "ClCCCl 1,2-dichloroethane\nCCO ethyl alcohol\nBrCCBr 1,2-dibromoethane\n"
    for name in ("a.smi", "a.SMI.gz", "a.txt"):
        found = layout(text, name)
        assert (found.delimiter, found.smiles, found.has_header) == (WHITESPACE, 0, False)


def test_a_comma_in_every_name_is_no_delimiter():
    found = layout("ClCCCl 1,2-dichloroethane\nBrCCBr 1,2-dibromoethane\n", "a.txt")
    assert (found.delimiter, found.smiles) == (WHITESPACE, 0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("  smiles , y \n CCO , 1 \n", ("smiles", "y")),
        (
            "smiles, the name, y\nCCO, some ethanol, 1\nCCN, an amine, 2\n",
            ("smiles", "the name", "y"),
        ),
        ("smiles ; y\nCCO ; 1,5\n", ("smiles", "y")),
    ],
)
def test_blanks_around_a_delimiter_are_no_delimiter(text, names):
    found = layout(text)
    assert found.delimiter in (",", ";")
    assert found.columns == names


def test_tabs_divide_a_smi_file_that_has_them():
    found = layout("smiles\tname\tlogp\nCCO\tethyl alcohol\t-0.1\n", "a.smi", None, ["logp"])
    assert (found.delimiter, found.properties) == ("\t", (2,))


def test_the_first_row_of_a_smi_file_is_data_even_if_it_is_dirt():
    assert not layout("dirt? first\nCCO second\n", "a.smi").has_header


def test_quoted_names_lose_their_quotes():
    found = layout('"id","SMILES"\n"a, b","CCO"\n')
    assert found.columns == ("id", "SMILES")
    assert found.fields('"a, b","CCO"') == ["a, b", "CCO"]


def test_columns_are_named_without_regard_to_case_but_the_exact_name_wins():
    found = layout("smiles,LogP,logp,QED\nCCO,1,2,3\n", property_columns=["logp", "qed"])
    assert found.properties == (2, 3)


def test_all_missing_columns_are_told_with_those_that_are_there():
    with pytest.raises(DataError) as caught:
        layout("smiles,logp\nCCO,1\n", property_columns=["qed", "logp", "tpsa"])
    message = str(caught.value)
    assert "'qed', 'tpsa'" in message
    assert "it has 'smiles', 'logp'" in message


def test_a_missing_smiles_column_is_told():
    with pytest.raises(DataError, match="no column 'struct'; it has 'smiles', 'logp'"):
        layout("smiles,logp\nCCO,1\n", smiles_column="struct")


def test_a_table_without_smiles_is_refused_and_its_columns_are_shown():
    wide = ",".join(f"k{number}" for number in range(30))
    with pytest.raises(DataError, match=r"no column looks like SMILES.*'k19' and 10 more"):
        layout(f"{wide}\n{wide}\n")


@pytest.mark.parametrize(
    "text", ["C", ASPIRIN, "[Na+].[Cl-]", "C[C@@H](N)C(=O)O", "F/C=C/F", "C%10CC%10", "[13CH4]"]
)
def test_smiles_look_like_smiles(text):
    assert looks_like_smiles(text)


@pytest.mark.parametrize(
    "text", ["", "1.5", "ethanol", "C2H6O", "CHEMBL25", "C C", "2024-01-01", "[C][=C][O]"]
)
def test_other_texts_do_not(text):
    assert not looks_like_smiles(text)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_line_breaks_within_quotes_do_not_hide_the_delimiter(delimiter):
    rows = [f'{n};{smiles};"line one\nCO\nC"' for n, smiles in enumerate(["CCO", "CCN", ASPIRIN])]
    text = "\n".join(["id;smiles;note", *rows]).replace(";", delimiter)
    found = layout(text)
    assert (found.delimiter, found.columns) == (delimiter, ("id", "smiles", "note"))


def test_a_name_of_two_lines_is_one_name():
    found = layout('"Activity\n(nM)",smiles\n1,CCO\n2,CCN\n')
    assert found.columns == ("Activity\n(nM)", "smiles")


def test_a_stray_quote_does_not_hide_the_delimiter():
    found = layout('smiles;note\nCCO;"5 mg\nCCN;b\nCCC;c\n')
    assert (found.delimiter, found.columns) == (";", ("smiles", "note"))


def test_blanks_before_quotes_are_no_part_of_a_field():
    found = layout('"id", "smiles"\n"a", "CCO"\n')
    assert found.columns == ("id", "smiles")
    assert found.fields('"a", "CCO"') == ["a", "CCO"]


def test_of_columns_called_smiles_the_one_that_holds_them_is_taken():
    found = layout("n_smiles,mol_smiles\n3,CCO\n4,CCN\n")
    assert found.columns[found.smiles] == "mol_smiles"


@pytest.mark.parametrize("header", ["scaffold_smiles,mol_smiles", "smiles,smiles"])
def test_two_columns_called_smiles_are_not_chosen_between_in_silence(header):
    with pytest.raises(DataError, match="2 columns are called SMILES"):
        layout(f"{header}\nC1CC1,C1CC1O\nC1CC1,C1CC1N\n")
    if "mol" in header:
        assert layout(f"{header}\nC,CC\n", smiles_column="mol_smiles").smiles == 1


def test_a_wanted_column_that_is_there_twice_is_refused():
    with pytest.raises(DataError, match="2 columns 'logp'"):
        layout("smiles,logp,logp\nC,1,2\n", property_columns=["logp"])


def test_an_unknown_word_over_a_single_column_is_its_name():
    assert layout("drug\nCCO\nCCN\n").has_header


class CountedName(str):
    """A name that counts how often it is compared, looked up or extended."""

    uses = 0
    __slots__ = ()

    def __eq__(self, other):
        CountedName.uses += 1
        return str.__eq__(self, other)

    def __hash__(self):
        CountedName.uses += 1
        return str.__hash__(self)

    def __format__(self, spec):
        CountedName.uses += 1
        return str.__format__(self, spec)


def test_thousands_of_columns_take_steps_in_proportion_to_their_number():
    n, CountedName.uses = 2_000, 0
    alike = [CountedName("y") for _ in range(n)]
    distinct = [CountedName(f"x{number}") for number in range(n)]
    names = unique_names([*alike, *distinct], ["y_3"])
    assert names[:4] == ["y", "y_2", "y_4", "y_5"]
    assert CountedName.uses < 20 * len(names)
    assert len(set(names)) == 2 * n
