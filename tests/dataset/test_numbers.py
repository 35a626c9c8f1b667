import math

import pytest

from molvae.dataset.numbers import NumberEvidence, NumberFormat


def read_column(*cells, delimiter=",", others=()):
    """Values and qualifiers of a column, and the note on what was assumed."""
    evidence = NumberEvidence()
    for cell in cells:
        evidence.add(cell)
    further = []
    for column in others:
        further.append(NumberEvidence())
        for cell in column:
            further[-1].add(cell)
    number_format, note = evidence.decide("y", further, delimiter)
    return [number_format.read(cell) for cell in cells], note


def values(*cells, **settings):
    return [number.value for number in read_column(*cells, **settings)[0]]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("1,234", "1234", "12.5", "1,050.5"), [1234, 1234, 12.5, 1050.5]),
        (("5,1", "6,2", "7,3"), [5.1, 6.2, 7.3]),
        (("1.234", "12,5"), [1234, 12.5]),
        (("1.234.567", "1.234"), [1234567, 1234]),
        (("1,234,567", "1,234"), [1234567, 1234]),
        (("1.234,5", "1.234"), [1234.5, 1234]),
        (("12,34,567.5", "1,234"), [1234567.5, 1234]),
        (("1 234,5", "2 000"), [1234.5, 2000]),
        (("1\u00a0234.5", "1\u202f234", "1'234", "1\u2019234.5"), [1234.5, 1234, 1234, 1234.5]),
        (("0,125", "1,125"), [0.125, 1.125]),
        (("0.125", "1.125"), [0.125, 1.125]),
        (("1,234e3", "1,234"), [1234, 1.234]),
        (("-0,5", "\u22120,5", "+0,5"), [-0.5, -0.5, 0.5]),
        ((".5", "5.", "1e-3", "7"), [0.5, 5, 0.001, 7]),
        ((",5", "1,25"), [0.5, 1.25]),
        (("5\u200b", "\u200e6.5", "\ufeff7"), [5, 6.5, 7]),
        (("1234,567", "12"), [1234.567, 12]),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_column_proves_its_own_marks_whatever_the_delimiter(cells, expected, delimiter):
    assert values(*cells, delimiter=delimiter) == expected
    assert read_column(*cells, delimiter=delimiter)[1] == ""


@pytest.mark.parametrize(
    ("delimiter", "others", "expected"),
    [
        (",", (), 1234),
        ("\t", (), 1234),
        (";", (), 1.234),
        (";", (["0.5", "1.25"],), 1234),
        ("\t", (["0,5", "1,25"],), 1.234),
    ],
)
def test_an_open_comma_is_decided_by_other_columns_or_the_delimiter_and_told(
    delimiter, others, expected
):
    numbers, note = read_column("1,234", "567", delimiter=delimiter, others=others)
    assert [number.value for number in numbers] == [expected, 567]
    assert "'1,234'" in note
    assert f"{expected:g}" in note


def test_an_open_point_is_a_decimal_point_and_told():
    numbers, note = read_column("1.234", "2.345", delimiter=";")
    assert [number.value for number in numbers] == [1.234, 2.345]
    assert "'1.234'" in note


def test_a_column_that_mixes_marks_gives_no_value_for_what_can_be_read_in_two_ways():
    numbers, note = read_column("1,5", "2.5", "1,234")
    assert [number.value for number in numbers[:2]] == [1.5, 2.5]
    assert math.isnan(numbers[2].value)
    assert numbers[2].is_wrong
    assert "mixes" in note


@pytest.mark.parametrize(
    ("cell", "qualifier", "value"),
    [
        (">6,28", ">", 6.28),
        ("\u2a7d5", "<=", 5),
        ("\uff1c5", "<", 5),
        ("\uff1e 1.5", ">", 1.5),
        ("\u223c5", "~", 5),
        ("< 0.5", "<", 0.5),
        ("<=10", "<=", 10),
        ("≤10", "<=", 10),
        ("=>10", ">=", 10),
        ("≥ 10", ">=", 10),
        (">>100", ">", 100),
        ("~5", "~", 5),
        ("≈5", "~", 5),
        ("=5", "", 5),
        ("5", "", 5),
    ],
)
def test_qualifiers_are_kept_beside_the_value(cell, qualifier, value):
    (number,), _ = read_column(cell)
    assert (number.value, number.qualifier, number.is_wrong) == (value, qualifier, False)


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "NaN", "null", "None", "-", "?", ".", "<NA>"])
def test_missing_values_are_no_mistakes(cell):
    number = NumberFormat().read(cell)
    assert math.isnan(number.value)
    assert not number.is_wrong


@pytest.mark.parametrize(
    "cell",
    ["high", "inf", "1e400", "1e-60", "5e-400", "-2e-40",
     "1_000", "5-10", "5 ± 1", "12%", "1,2,3", "1.2.3", "1 2", ">", "٣",
     "2024-01-01", "0x10", "1,23.4.5", "9" * 2_000],
)  # fmt: skip
def test_what_is_no_number_is_wrong(cell):
    number = NumberFormat().read(cell)
    assert math.isnan(number.value)
    assert number.is_wrong


@pytest.mark.parametrize("cell", ["0", "0.000", "-0,0", "0e5", "1.3e-38"])
def test_zero_and_the_smallest_numbers_are_numbers(cell):
    number = NumberFormat(".").read(cell)
    assert not number.is_wrong
    assert number.value == float(cell.replace(",", "."))
