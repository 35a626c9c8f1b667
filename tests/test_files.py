import hashlib
import io
import os
import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from molvae.errors import FileError
from molvae.files import (
    atomic_write,
    check_writable,
    escape_control_characters,
    read_json,
    read_json_lines,
    sha256,
    write_json,
    write_or_rescue,
)


def test_a_file_appears_whole_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "text.csv"
    with atomic_write(path) as stream:
        stream.write("é\n")
        assert not path.exists()
    assert path.read_bytes() == "é\n".encode()
    assert [file.name for file in path.parent.iterdir()] == ["text.csv"]


def test_standard_output_is_utf_8_with_unix_line_ends(monkeypatch):
    printed = io.BytesIO()
    stdout = io.TextIOWrapper(printed, encoding="latin-1", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", stdout)
    stdout.write("before ")
    with atomic_write(Path("-")) as stream:
        stream.write("\u03b2 \ud800\n")
    stdout.write("after")
    stdout.flush()
    assert printed.getvalue() == "before \u03b2 \\ud800\nafter".encode()


def test_standard_output_may_be_a_stream_without_bytes(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with atomic_write(Path("-")) as stream:
        stream.write("\u03b2\n")
    assert sys.stdout.getvalue() == "\u03b2\n"


def test_a_failure_leaves_the_earlier_file_as_it_was(tmp_path):
    path = tmp_path / "text.csv"
    path.write_text("old")

    def fail():
        with atomic_write(path) as stream:
            stream.write("new")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def at_most(n_bytes):
    """Files can grow no further, which is what a full disk does to a writer."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_file_that_cannot_grow_is_one_clear_line_and_leaves_nothing(tmp_path):
    def fill():
        with atomic_write(tmp_path / "out.csv") as stream:
            stream.write("x" * 100_000)

    with at_most(1_000), pytest.raises(FileError, match=r"out\.csv.*free some space"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="choose another place"):
        write_json(tmp_path / "file" / "x.json", 1)


def test_json_is_written_and_read_back(tmp_path):
    write_json(tmp_path / "x.json", {"é": [1, None]})
    assert read_json(tmp_path / "x.json") == {"é": [1, None]}


def test_what_is_no_json_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(FileError, match=r"x\.json.*not readable JSON"):
        read_json(tmp_path / "x.json")
    with pytest.raises(FileError, match="no file"):
        read_json(tmp_path / "none.json")


def test_the_checksum_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"molecule")
    assert sha256(tmp_path / "x") == hashlib.sha256(b"molecule").hexdigest()


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text('{"a": 1}\n{"b": 2}\n{"a": ')
    assert read_json_lines(path) == [{"a": 1}, {"b": 2}]
    for line in ('{"a": ', "[2]", "[" * 100_000):
        path.write_text(f'{{"a": 1}}\n{line}\n{{}}\n')
        with pytest.raises(FileError, match=r"^line 2 of .*lines\.jsonl"):
            read_json_lines(path)
    with pytest.raises(FileError, match="no file"):
        read_json_lines(tmp_path / "missing")


def test_a_name_that_is_no_text_stands_escaped(tmp_path):
    write_json(tmp_path / "a.json", {"command": "molvae caf\udce9.csv"})
    assert read_json(tmp_path / "a.json") == {"command": "molvae caf\udce9.csv"}


# `--out /dev/null` replaced the device by a file, where the user was allowed to.
def test_a_pipe_or_a_device_is_not_replaced_by_a_file(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in pipe, link, Path("/dev/null"), Path("/dev/stdout"):
        with pytest.raises(FileError, match="is not a regular file"):
            check_writable(path)
    for path in pipe, link:
        with pytest.raises(FileError, match="is not a regular file"):
            write_json(path, 1)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [link, pipe]


def test_a_link_to_a_file_or_to_nothing_may_be_written_over(tmp_path):
    (tmp_path / "old").write_text("1")
    for name in "old", "missing":
        link = tmp_path / f"to_{name}"
        link.symlink_to(tmp_path / name)
        check_writable(link)
        write_json(link, 2)
        assert read_json(link) == 2


def test_results_that_do_not_fit_are_written_to_the_temporary_folder(tmp_path, monkeypatch):
    full, free = tmp_path / "full", tmp_path / "free"
    full.write_text("a file in the place of a folder")
    free.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(free))
    with pytest.raises(FileError, match=str(free)):
        write_or_rescue(full / "x.json", lambda path: write_json(path, [1]))
    (rescued,) = free.glob("*/x.json")
    assert read_json(rescued) == [1]


def test_a_disk_that_takes_an_empty_file_alone_is_not_writable(tmp_path):
    with at_most(1_000), pytest.raises(FileError, match="free some space"):
        check_writable(tmp_path / "x.csv")


def test_text_on_a_terminal_cannot_control_it():
    code = (
        "from pathlib import Path; from molvae.files import atomic_write\n"
        "with atomic_write(Path('-')) as stream: stream.write('a\\x1b[31mb\\u202e\\tc\\n')"
    )
    reading, screen = os.openpty()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=screen, timeout=300)
    assert os.read(reading, 100) == b"a\\x1b[31mb\\u202e\tc\r\n"
    piped = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert piped.stdout == "a\x1b[31mb\u202e\tc\n".encode()


def test_escaped_text_keeps_letters_tabs_and_lines():
    assert escape_control_characters("Größe\t日本\n") == "Größe\t日本\n"
    assert escape_control_characters("\r\x9b\x07") == r"\r\x9b\x07"
