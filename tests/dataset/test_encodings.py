import logging
import re

import pytest

from molvae.dataset.encodings import find_encoding
from molvae.dataset.tables import Table
from molvae.errors import DataError

JAPANESE = ("化合物名", "エタノール", "活性値")
KANJI = ("化合物名", "溶解度", "分子量")
CHINESE = ("名称", "乙醇和乙醛", "活性")
TRADITIONAL = ("名稱", "乙醇和乙醛", "活性")
KOREAN = ("이름", "에탄올", "활성")
RUSSIAN = ("название", "этанол", "активность")
UKRAINIAN = ("назва", "етиловий спирт", "активність")
GREEK = ("όνομα", "αιθανόλη", "δράση")
HEBREW = ("שם תרכובת", "חומצה", "פעילות")
ARABIC = ("اسم المركب", "حمض الخليك", "نشاط")
POLISH = ("związek", "kwas żółciowy z Łodzi", "stężenie")
CZECH = ("název", "příklad účinku", "čistota")
TURKISH = ("bileşik", "çözünürlüğü", "ağ\u0131rl\u0131ğ\u0131")
GERMAN = ("Größe", "Müller\u2019s \u2013 Präparat", "Aktivität µM")
FRENCH = ("pureté", "composé très naïf", "activité")
EURO = ("prix en €", "cœur", "activité")


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
        (GERMAN, "utf-32"),
        (GERMAN, "utf-32-le"),
        (GERMAN, "utf-32-be"),
        (GERMAN, "mac_roman"),
        (FRENCH, "mac_roman"),
        (("numéro", "très", "activité"), "mac_roman"),
        (FRENCH, "cp850"),
        (EURO, "iso8859_15"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (JAPANESE, "utf-8"),
        (JAPANESE, "utf-16-le"),
        (KANJI, "shift_jis"),
        (KANJI, "euc_jp"),
        (CHINESE, "gbk"),
        (CHINESE, "gb18030"),
        (CHINESE, "utf-8"),
        (TRADITIONAL, "big5"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "iso8859_5"),
        (RUSSIAN, "utf-8"),
        (UKRAINIAN, "cp1251"),
        (GREEK, "cp1253"),
        (GREEK, "iso8859_7"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859_2"),
        (CZECH, "cp1250"),
        (TURKISH, "cp1254"),
    ],
)
def test_names_in_common_encodings_can_be_typed(tmp_path, words, encoding, caplog):
    path = write_table(tmp_path / "table.csv", words, encoding)
    table = Table.open(path, property_columns=(words[2],))
    rows = [row for chunk in table.chunks(10) for row in chunk.rows]
    assert [row.properties for row in rows] == [(5.0,), (6.0,)]
    assert table.further(rows[0])[words[0]] == words[1]
    assert ("not UTF-8" in caplog.text) == (not encoding.startswith("utf"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("ชื่อสาร ฤทธิ์", "cp874"),
        ("löslich", "mac_roman"),
        ("Büchner", "cp850"),
        ("濃縮", "shift_jis"),
        ("乙醇", "gbk"),
        ("kyselina účinnosť", "iso8859_2"),
    ],
)
def test_an_encoding_that_cannot_be_told_is_refused(tmp_path, text, encoding):
    path = write_table(tmp_path / "table.csv", ("name", text, "y"), encoding)
    with pytest.raises(DataError, match="save the file as UTF-8") as caught:
        Table.open(path)
    assert "\n" not in str(caught.value)


def test_an_assumed_encoding_is_said_where_a_column_is_missing(tmp_path):
    path = write_table(tmp_path / "table.csv", GERMAN, "cp1252")
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
        "5 Å",
        "3\u00b4-O",
        "• a",
    ],
)
def test_western_text_is_not_taken_for_another_script(text):
    encoding = find_encoding(b"smiles,name\nCCO," + text.encode("cp1252") + b"\n")
    assert (encoding.codec, encoding.further) == ("utf-8", "cp1252")


def test_words_of_unicode_are_not_taken_for_another_encoding():
    for words in (JAPANESE, TRADITIONAL, KOREAN, RUSSIAN, GREEK, POLISH, ("Łódź", "é", "ß")):
        assert not find_encoding("\n".join(words).encode()).note


@pytest.mark.parametrize("encoding", ["cp1252", "koi8-r", "cp1253", "big5", "gbk"])
@pytest.mark.parametrize("first", [True, False])
def test_each_line_of_joined_files_keeps_its_encoding(tmp_path, encoding, first, caplog):
    words = {"koi8-r": RUSSIAN, "cp1253": GREEK, "big5": TRADITIONAL, "gbk": CHINESE}
    words = words.get(encoding, ("Größe", "Präparat", "gelöst"))
    blocks = [
        "".join(f"CCO,{word}\n" for word in words).encode(),
        "".join(f"CCN,{word}\n" for word in words).encode(encoding),
    ]
    blocks = blocks if first else blocks[::-1]
    path = tmp_path / "table.csv"
    path.write_bytes(b"smiles,name\n" + b"".join(blocks))
    table = Table.open(path)
    rows = [row for chunk in table.chunks(10) for row in chunk.rows]
    assert [table.further(row)["name"] for row in rows] == [*words, *words]
    assert "not UTF-8" in caplog.text


def test_a_line_may_join_cells_of_two_encodings(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"smiles,a,b\nCCO," + "Müller,".encode() + "Größe\n".encode("cp1252"))
    table = Table.open(path)
    (row,) = next(table.chunks(5)).rows
    assert table.further(row) == {"a": "Müller", "b": "Größe"}


def test_marks_of_the_byte_order_within_columns_are_no_part_of_names(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("\ufeffsmiles,\ufeffname,y\ufeff\nCCO,\ufeffethanol,5\n\ufeffsmiles,name,y\n")
    table = Table.open(path, property_columns=["y"])
    rows = next(table.chunks(5)).rows
    assert [row.text for row in rows] == ["CCO", "smiles"]
    assert table.further(rows[0]) == {"name": "ethanol", "y": "5"}


def test_lines_behind_the_beginning_are_read_right_and_reported(tmp_path, caplog):
    filler = b"CCO,ethanol\n" * 30_000
    german, russian = ("".join(f"CCN,{word}\n" for word in words) for words in (GERMAN, RUSSIAN))
    for text, encoding in ((german, "cp1252"), (russian, "koi8-r")):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(b"smiles,name\n" + filler + text.encode(encoding))
        caplog.clear()
        with caplog.at_level(logging.WARNING, "molvae"):
            table = Table.open(path)
            rows = [row for chunk in table.chunks(50_000) for row in chunk.rows]
        names = [table.further(row)["name"] for row in rows[30_000:]]
        assert names == re.findall("CCN,(.*)", text)
        assert len(re.findall("line 30002 .*not UTF-8", caplog.text)) == 1


def test_a_later_line_whose_encoding_cannot_be_told_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    late = "CCN,löslich\n".encode("mac_roman")
    path.write_bytes(b"smiles,name\n" + b"CCO,ethanol\n" * 30_000 + late)
    table = Table.open(path)
    with pytest.raises(DataError, match=r"line 30002 .*UTF-8"):
        list(table.chunks(50_000))


def test_zero_bytes_are_refused_and_never_cut_a_name(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"smiles,na\0me\nCCO,etha\0nol\n")
    with pytest.raises(DataError, match="binary"):
        Table.open(path)


def test_a_few_foreign_bytes_leave_the_rest_utf8():
    text = "CCO,Müller\n".encode() * 5 + "CCN,Müller\n".encode("cp1252")
    encoding = find_encoding(text)
    assert (encoding.codec, encoding.further) == ("utf-8", "cp1252")
    assert encoding.note
