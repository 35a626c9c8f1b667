from enum import StrEnum
from typing import Annotated

import pytest
from pydantic import Field, PositiveInt

from molvae.errors import ConfigError
from molvae.settings import Settings, read_toml


class Inner(Settings):
    temperature: float = 1.0


class Outer(Settings):
    count: PositiveInt = 3
    inner: Inner = Inner()


def test_values_are_checked_and_kept():
    assert Outer.parse({"count": 5, "inner": {"temperature": 2}}).inner.temperature == 2.0


def test_an_unknown_key_is_named_with_the_nearest_known_one():
    with pytest.raises(ConfigError, match="unknown setting 'cuont'; did you mean 'count'"):
        Outer.parse({"cuont": 5}, "x.toml")
    with pytest.raises(ConfigError, match="did you mean 'count'"):
        Outer.parse({"COUNT": 5}, "x.toml")


def test_an_unknown_key_of_a_table_is_compared_with_that_tables_keys():
    with pytest.raises(ConfigError, match=r"'inner\.temprature'; did you mean 'temperature'"):
        Outer.parse({"inner": {"temprature": 5}})


def test_a_key_unlike_any_gets_the_list():
    with pytest.raises(ConfigError, match="known: count, inner"):
        Outer.parse({"zzz": 5})


def test_all_mistakes_are_told_at_once_with_their_source():
    with pytest.raises(ConfigError, match=r"^x\.toml: count = -1: .*; unknown setting 'zzz'"):
        Outer.parse({"count": -1, "zzz": 5}, "x.toml")


def test_changes_are_checked_and_none_changes_nothing():
    assert Outer().with_changes({"count": 7, "inner": None}) == Outer(count=7)
    with pytest.raises(ConfigError, match="count = 0"):
        Outer().with_changes({"count": 0})


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(Exception, match="frozen"):
        Outer().count = 4


def test_a_missing_or_faulty_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no settings file.*none\.toml"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("count = = 3")
    with pytest.raises(ConfigError, match=r"bad\.toml.*not a readable TOML"):
        read_toml(tmp_path / "bad.toml")
    (tmp_path / "good.toml").write_text("count = 3")
    assert read_toml(tmp_path / "good.toml") == {"count": 3}


def test_a_missing_field_is_named_without_the_whole_table():
    class Needy(Settings):
        path: str
        count: int = 3

    with pytest.raises(ConfigError, match=r"^settings: path: Field required$"):
        Needy.parse({"count": 4})


def test_a_row_of_words_may_be_one_text_with_commas_but_free_text_is_not_split():
    class Kind(StrEnum):
        ONE = "one"
        TWO = "two"

    class Rows(Settings):
        numbers: Annotated[tuple[float, ...], Field(min_length=1)] = (0.5,)
        kinds: tuple[Kind, ...] = tuple(Kind)
        patterns: tuple[str, ...] = ()

    given = {"numbers": ["0.1,0.2", "0.3"], "kinds": ("two, one",), "patterns": ["[C,N]"]}
    rows = Rows.parse(given)
    assert rows.numbers == (0.1, 0.2, 0.3)
    assert rows.kinds == (Kind.TWO, Kind.ONE)
    assert rows.patterns == ("[C,N]",)
    with pytest.raises(ConfigError, match=r"numbers\.1"):
        Rows.parse({"numbers": ["0.1,x"]})


@pytest.mark.parametrize("values", ["hello", [1], None])
def test_what_is_no_table_is_one_clear_line(values):
    with pytest.raises(ConfigError, match=r"^model\.json: .*valid dictionary"):
        Inner.parse(values, "model.json")


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, f"a = {'9' * 5000}"])
def test_toml_that_python_cannot_hold_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ConfigError, match="not a readable TOML"):
        read_toml(tmp_path / "bad.toml")
