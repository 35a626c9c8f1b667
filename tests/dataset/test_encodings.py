import pytest

from molvae.dataset.encodings import find_encoding
from molvae.dataset.tables import Table
from molvae.errors import DataError

JAPANESE = ("化合物名", "エタノール", "活性値")
CHINESE = ("名称", "乙醇和乙醛", "活性")
KOREAN = ("이름", "에탄올", "활성")
RUSSIAN = ("название", "этанол", "активность")
GERMAN = ("Größe", "Müller\u2019s \u2013 Präparat", "Aktivität µM")


def write_table(path, words, encoding):
    name, cell, value = words
    path.write_bytes(f"smiles,{name},{value}\nCCO,{cell},5\nCCN,x,6\n".encode(encoding))
    return path


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        (GERMAN, "cp1252"),
        (GERMAN, "utf-8"),
        (GERMAN, "utf-16"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (JAPANESE, "utf-8"),
        (JAPANESE, "utf-16-le"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (CHINESE, "utf-8"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "utf-8"),
    ],
)
def test_names_in_common_encodings_can_be_typed(tmp_path, words, encoding, caplog):
    path = write_table(tmp_path / "table.csv", words, encoding)
    table = Table.open(path, property_columns=(words[2],))
    rows = [row for chunk in table.chunks(10) for row in chunk.rows]
    assert [row.properties for row in rows] == [(5.0,), (6.0,)]
    assert table.further(rows[0])[words[0]] == words[1]
    is_guess = not encoding.startswith("utf") and encoding != "cp1252"
    assert ("not UTF-8" in caplog.text) == is_guess


@pytest.mark.parametrize("encoding", ["cp437", "mac_roman", "big5", "koi8-r", "cp1253"])
def test_a_guess_that_may_be_wrong_is_reported(tmp_path, encoding, caplog):
    words = {
        "big5": ("名稱", "乙醇", "活性"),
        "koi8-r": RUSSIAN,
        "cp1253": ("όνομα", "ένα", "δράση"),
    }
    words = words.get(encoding, ("Größe", "Präparat", "y"))
    path = write_table(tmp_path / "table.csv", words, encoding)
    Table.open(path)
    assert "not UTF-8" in caplog.text
    with pytest.raises(DataError, match="not UTF-8"):
        Table.open(path, property_columns=("nothing",))


@pytest.mark.parametrize(
    "text",
    [
        "Größe µM",
        "GRÖßE ÄÖÜ",
        "don\u2019t, \u2018a\u2019 \u201cb\u201d \u2013 c",
        "±5 °C",
        "ƒ(x)",
        "naïve café",
        "Łódź".encode(),
    ],
)
def test_western_text_is_not_taken_for_another_script(text):
    text = text if isinstance(text, bytes) else text.encode("cp1252")
    assert find_encoding(b"smiles,name\nCCO," + text + b"\n") == "utf-8"


def test_a_few_foreign_bytes_leave_the_rest_utf8():
    text = "CCO,Müller\n".encode() * 5 + "CCN,Müller\n".encode("cp1252")
    assert find_encoding(text) == "utf-8"
