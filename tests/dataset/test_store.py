import os
import time
from dataclasses import replace

import numpy as np
import pytest

from molvae.dataset.store import (
    IDS_FILE,
    LENGTHS_FILE,
    PROPERTIES_FILE,
    QUALIFIERS_FILE,
    RECORD_FILE,
    REFUSED_FILE,
    FileState,
    StoredArrays,
    StoreRecord,
    StoreWriter,
    new_store,
)
from molvae.errors import DataError, FileError


def record(**changes):
    values = {
        "key": {"a": 1},
        "sources": (FileState(1, 2, "c"),),
        "vocabulary": {"symbols": ["[C]"]},
        "property_names": ("logp",),
        "rows": 5,
        "molecules": 2,
        "refused": {"duplicate": 3},
        "missing": {"logp": 1},
        "not_numbers": {"logp": 0},
    }
    return StoreRecord(**{**values, **changes})


def write(folder):
    """Two molecules, of two and of one symbol; code 0 becomes id 7, code 1 becomes id 4."""
    with StoreWriter(folder) as writer:
        codes, lengths = np.array([0, 1, 1], np.uint16), np.array([2, 1], np.int32)
        writer.append(codes, lengths)
        values, qualifiers = np.array([[0.5], [np.nan]], np.float32), np.array([[3], [0]], np.int8)
        writer.write_properties(values, qualifiers)
        writer.refuse((9, "duplicate", 'a "b", c' + "C" * 500, ""))
        writer.finish(np.array([7, 4], np.uint16))
    record().write(folder)


def test_what_is_written_is_read_back_with_ids_for_codes(tmp_path):
    with new_store(tmp_path / "store") as draft:
        write(draft)
    stored = StoreRecord.read(tmp_path / "store")
    assert replace(stored, files={}) == record()
    arrays = StoredArrays.read(tmp_path / "store", stored)
    assert arrays.ids.tolist() == [7, 4, 4]
    assert arrays.lengths.tolist() == [2, 1]
    assert arrays.properties[0, 0] == 0.5
    assert np.isnan(arrays.properties[1, 0])
    assert arrays.qualifiers.tolist() == [[3], [0]]
    names = [*stored.files, RECORD_FILE]
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == sorted(names)


def test_a_long_refused_text_is_cut(tmp_path):
    write(tmp_path)
    text = (tmp_path / REFUSED_FILE).read_text().splitlines()
    assert text[0] == "line,reason,text,detail"
    assert text[1].startswith('9,duplicate,"a ""b"", cCCC')
    assert len(text[1]) < 250


@pytest.mark.parametrize("name", [IDS_FILE, LENGTHS_FILE, PROPERTIES_FILE, QUALIFIERS_FILE])
def test_arrays_that_are_cut_or_missing_are_no_store(tmp_path, name):
    write(tmp_path)
    content = (tmp_path / name).read_bytes()
    # Cut between two values, and within one.
    for cut in -4, -1:
        (tmp_path / name).write_bytes(content[:cut])
        assert StoredArrays.read(tmp_path, StoreRecord.read(tmp_path)) is None
    (tmp_path / name).unlink()
    assert StoredArrays.read(tmp_path, StoreRecord.read(tmp_path)) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 99}', '{"format": 1}', '{"format": 1']
)
def test_a_damaged_or_foreign_record_is_no_store(tmp_path, text):
    (tmp_path / RECORD_FILE).write_text(text)
    assert StoreRecord.read(tmp_path) is None


def test_a_store_without_properties_and_molecules_can_be_read(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.finish(np.zeros(0, np.uint16))
    record(property_names=(), molecules=0).write(tmp_path)
    arrays = StoredArrays.read(tmp_path, StoreRecord.read(tmp_path))
    assert arrays.properties.shape == (0, 0)


def test_a_new_store_takes_the_place_of_an_old_one_that_is_still_mapped(tmp_path):
    with new_store(tmp_path / "store") as draft:
        write(draft)
    old = StoredArrays.read(tmp_path / "store", StoreRecord.read(tmp_path / "store"))
    with new_store(tmp_path / "store") as draft:
        (draft / "new").touch()
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["new"]
    assert old.ids.tolist() == [7, 4, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def fail_half_way(draft):
    (draft / "new").touch()
    raise DataError("the table breaks off")


def test_when_making_fails_the_old_store_stays_and_no_draft(tmp_path):
    with new_store(tmp_path / "store") as draft:
        (draft / "old").touch()
    with pytest.raises(DataError), new_store(tmp_path / "store") as draft:
        fail_half_way(draft)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["old"]


def test_drafts_of_killed_processes_are_removed_after_a_day(tmp_path):
    for name, age in [(".store.dead.part", 2 * 86_400), (".store.alive.part", 60)]:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    with new_store(tmp_path / "store"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".store.alive.part", "store"]


def test_a_place_that_cannot_be_written_to_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(FileError, match="keep it in another folder") as caught,
        new_store(tmp_path / "file" / "store"),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_a_source_is_known_by_its_content_when_its_date_changes(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("CCO")
    source = FileState.of(path)
    os.utime(path, (0, 0))
    assert source.is_still(path)
    path.write_text("CCN")
    assert not source.is_still(path)
    path.write_text("CCCC")
    assert not source.is_still(path)


def test_a_flipped_bit_anywhere_makes_it_no_store(tmp_path):
    generator = np.random.default_rng(0)
    write(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    for _ in range(200):
        path = tmp_path / names[generator.integers(len(names))]
        content = bytearray(path.read_bytes())
        position = int(generator.integers(len(content)))
        content[position] ^= 1 << int(generator.integers(8))
        intact = path.read_bytes()
        path.write_bytes(content)
        stored = StoreRecord.read(tmp_path)
        assert stored is None or StoredArrays.read(tmp_path, stored) is None
        path.write_bytes(intact)
    assert StoredArrays.read(tmp_path, StoreRecord.read(tmp_path)) is not None
