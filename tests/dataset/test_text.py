import bz2
import gzip
import lzma
import os
import tarfile
from threading import Thread

import pytest

from molvae.dataset.text import LONGEST_LINE, is_sd_file, open_lines
from molvae.errors import DataError


def read_lines(path):
    with open_lines(path) as lines:
        return list(lines)


@pytest.mark.parametrize(
    "content",
    [
        b"CCO\nCCN\n",
        b"CCO\r\nCCN\r\n",
        b"CCO\rCCN",
        b"\xef\xbb\xbfCCO\nCCN\n",
        "CCO\nCCN\n".encode("utf-16"),
        gzip.compress(b"CCO\nCCN\n", mtime=0),
        gzip.compress(b"CCO\n", mtime=0) + gzip.compress(b"CCN\n"),
        bz2.compress(b"CCO\n") + bz2.compress(b"CCN\n"),
        lzma.compress(b"CCO\n") + bytes(8) + lzma.compress(b"CCN\n") + bytes(4),
        b"\xef\xbb\xbfCCO\n\xef\xbb\xbfCCN\n",
    ],
    ids=[
        *("unix", "windows", "old mac, no end", "mark", "utf-16", "gzip", "gzip in two members"),
        *("bz2 in two streams", "xz in two streams", "joined files with marks"),
    ],
)
def test_the_same_two_lines_come_out_of_every_kind_of_file(tmp_path, content):
    path = tmp_path / "named_without_hint"
    path.write_bytes(content)
    assert read_lines(path) == ["CCO", "CCN"]


def test_bytes_that_are_not_utf8_are_read_as_windows_1252(tmp_path):
    path = tmp_path / "names.csv"
    path.write_bytes("CCO,Äthanol\n".encode("latin-1") + "CCN,Äthylamin µ\n".encode())
    assert read_lines(path) == ["CCO,Äthanol", "CCN,Äthylamin µ"]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    path = tmp_path / "long.smi"
    path.write_text("C" * (3 * LONGEST_LINE + 7) + "\nCCO\n")
    first, second = read_lines(path)
    assert len(first) == LONGEST_LINE
    assert second == "CCO"


def test_bytes_read_reach_the_size_of_the_file(tmp_path):
    path = tmp_path / "molecules.smi.gz"
    path.write_bytes(gzip.compress(b"CCO\n" * 100_000, mtime=0))
    with open_lines(path) as lines:
        next(iter(lines))
        assert 0 < lines.bytes_read <= path.stat().st_size
        assert len(list(lines)) == 99_999
        assert lines.bytes_read == path.stat().st_size


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "incomplete zip"),
        (bytes(range(1, 256)) * 4, "binary data"),
        (gzip.compress(bytes(range(256)), mtime=0), "binary data"),
        (gzip.compress(b"CCO\n" * 10_000, mtime=0)[:40], "damaged or incomplete gzip"),
        (b"\x1f\x8b and then no gzip at all", "damaged or incomplete gzip"),
        (b"\xff\xfeC", "not readable text"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line_that_names_the_file(tmp_path, content, message):
    path = tmp_path / "molecules.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_lines(path)
    assert "molecules.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_gzip_file_that_breaks_off_late_is_refused_when_its_end_is_reached(tmp_path):
    path = tmp_path / "molecules.csv.gz"
    text = "".join(f"C{'CN' * (number % 50)}O\n" for number in range(200_000))
    packed = gzip.compress(text.encode())
    path.write_bytes(packed[: len(packed) - 100])
    with pytest.raises(DataError, match="incomplete gzip"):
        read_lines(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="no file"):
        read_lines(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_lines(tmp_path)


def test_a_name_that_ends_like_the_version_of_an_sd_file_is_text(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text("id,smiles\nEV2000-12,CCO\n 12 V3000,CCN\nCHEM V2000,CCC\n")
    assert len(read_lines(path)) == 4


def test_a_tar_archive_and_other_binary_data_are_no_utf_16(tmp_path):
    archive = tmp_path / "a.tar.gz"
    (tmp_path / "a.csv").write_text("smiles\nCCO\n")
    with tarfile.open(archive, "w:gz") as stream:
        stream.add(tmp_path / "a.csv", "a.csv")
    (tmp_path / "b.csv").write_bytes(b"C\0\0\0C\0\0\0" * 100)
    for path, reason in ((archive, "tar archive"), (tmp_path / "b.csv", "binary data")):
        with pytest.raises(DataError, match=reason), open_lines(path):
            pass


# The search for a counts line took time quadratic in the length of a line, hours for a megabyte.
def test_a_long_line_of_blanks_or_digits_is_no_sd_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"smiles\nCCO\n{' ' * 200_000}\n{'0 1 ' * 50_000}\n")
    assert not is_sd_file(path)


@pytest.mark.parametrize("compress", [bz2.compress, lzma.compress, gzip.compress])
@pytest.mark.parametrize("rest", [b"junk", None])
def test_a_damaged_further_stream_is_not_dropped_in_silence(tmp_path, compress, rest):
    path = tmp_path / "molecules.smi"
    path.write_bytes(compress(b"CCO\n") + (rest or compress(b"CCN\n" * 50)[:-9]))
    with pytest.raises(DataError):
        read_lines(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'[{"smiles": "CCO"}]', "JSON"),
        (b'{"smiles": "CCO"}\n{"smiles": "CCN"}\n', "JSON"),
        (b"\n<!DOCTYPE html>\n<html>", "HTML"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"%PDF-1.4\n%\xe2\xe3\nCCO\n", "PDF"),
        (b"{\\rtf1\\ansi CCO}", "RTF"),
        (b"@<TRIPOS>MOLECULE\n", "mol2"),
        (b"ATOM      1  N   MET A   1      38.428\n", "PDB"),
        (bz2.compress(gzip.compress(b"CCO\n")), "compressed file once more"),
    ],
)
def test_other_formats_are_named(tmp_path, content, kind):
    path = tmp_path / "molecules"
    path.write_bytes(content)
    with pytest.raises(DataError, match=kind):
        read_lines(path)


def test_a_pipe_is_read_like_a_file(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=(gzip.compress(b"CCO\nCCN\n"),))
    writer.start()
    assert read_lines(path) == ["CCO", "CCN"]
    writer.join()
    assert read_lines(path) == ["CCO", "CCN"]


MOL = "ethane\n\n\n  2  1  0  0  0  0            999 V2000\n" + (
    "    0.0000    0.0000    0.0000 C   0  0\n    1.5000    0.0000    0.0000 C   0  0\n"
    "  1  2  1  0\nM  END\n"
)


@pytest.mark.parametrize(
    "content",
    [
        MOL.replace("\n", "\r").encode(),
        MOL.replace("\n", "\r\n").encode(),
        MOL.encode("utf-16"),
        b"\xef\xbb\xbf" + MOL.encode(),
        MOL.replace("ethane", "エタン").encode("shift_jis"),
    ],
)
def test_sd_files_are_recognized_with_any_line_ends_and_encoding(tmp_path, content):
    path = tmp_path / "molecules"
    path.write_bytes(content)
    assert is_sd_file(path)
