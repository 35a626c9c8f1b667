import hashlib
import string

import numpy as np
import pytest
from file_server import served

from molvae.dataset.download import SourceFile, download, missing_tables
from molvae.errors import FileError

NAME = "set.zip"
CONTENT = np.random.default_rng(0).bytes(3_000_000)
NOWHERE = "http://127.0.0.1:9/"


def source(url):
    return SourceFile(NAME, url, hashlib.sha256(CONTENT).hexdigest())


def give_up(part, failure):
    raise FileError(f"gave up on {part.name}: {failure}")


def fetched(folder, url):
    return download(source(url), folder, give_up, progress=False)


def check(part, folder):
    assert part == folder / f"{NAME}.part"
    assert part.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [part]


def test_a_download_that_breaks_off_goes_on_where_it_stopped(tmp_path, capfd):
    folder = tmp_path / "new" / "folder"
    with served({NAME: CONTENT}, 1_000_000, 500_000) as server:
        check(download(source(server.url(NAME)), folder, give_up, progress=True), folder)
    assert server.ranges == [None, "bytes=1000000-", "bytes=1500000-"]
    assert NAME in capfd.readouterr().err


def test_no_bar_is_shown_unless_asked_for(tmp_path, capfd):
    with served({NAME: CONTENT}) as server:
        fetched(tmp_path, server.url(NAME))
    assert capfd.readouterr().err == ""


def test_a_download_that_gets_on_a_little_each_time_may_break_off_often(tmp_path):
    with served({NAME: CONTENT}, *[200_000] * 10) as server:
        check(fetched(tmp_path, server.url(NAME)), tmp_path)
    assert len(server.ranges) == 11


def test_what_an_earlier_run_fetched_is_used(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:700_000])
    with served({NAME: CONTENT}) as server:
        check(fetched(tmp_path, server.url(NAME)), tmp_path)
    assert server.ranges == ["bytes=700000-"]


def test_a_whole_part_needs_no_server(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    check(fetched(tmp_path, NOWHERE), tmp_path)


def test_a_server_without_ranges_sends_everything_again(tmp_path):
    with served({NAME: CONTENT}, 1_000_000, "no ranges") as server:
        check(fetched(tmp_path, server.url(NAME)), tmp_path)
    assert server.ranges == [None, "bytes=1000000-"]


def test_a_part_that_is_too_long_is_thrown_away(tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(bytes(5_000_000))
    with served({NAME: CONTENT}) as server:
        check(fetched(tmp_path, server.url(NAME)), tmp_path)
    assert server.ranges == ["bytes=5000000-", None]


def test_another_file_under_the_address_is_refused_and_nothing_stays(tmp_path):
    with (
        served({NAME: b"<html>not here any more</html>"}) as server,
        pytest.raises(FileError, match=f"is not {NAME}: its SHA-256 is"),
    ):
        fetched(tmp_path, server.url(NAME))
    assert list(tmp_path.iterdir()) == []


def test_who_called_is_told_why_the_address_failed_and_what_came_is_kept(tmp_path):
    with served({NAME: CONTENT}, 400_000, *[0] * 5) as server:
        url = server.url(NAME)
        with pytest.raises(FileError, match=r"on set.zip.part: http.*the connection was lost"):
            fetched(tmp_path, url)
    assert (tmp_path / f"{NAME}.part").read_bytes() == CONTENT[:400_000]


def test_an_address_that_is_gone_is_told_by_its_number(tmp_path):
    with served({}) as server, pytest.raises(FileError, match="404 Not Found"):
        fetched(tmp_path, server.url(NAME))


def test_another_way_may_bring_the_file_and_is_not_trusted_either(tmp_path):
    way = {"content": CONTENT}

    def other_way(part, failure):
        assert failure.startswith(NOWHERE)
        part.write_bytes(way["content"])

    check(
        download(source(NOWHERE), tmp_path / "right", other_way, progress=False), tmp_path / "right"
    )
    way["content"] = b"something else"
    with pytest.raises(FileError, match="its SHA-256 is"):
        download(source(NOWHERE), tmp_path / "wrong", other_way, progress=False)
    assert list((tmp_path / "wrong").iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError, match=r"could not create the folder .* choose another place"):
        fetched(tmp_path / "file", NOWHERE)
    (tmp_path / f"{NAME}.part").mkdir()
    with (
        served({NAME: CONTENT}, "no ranges") as server,
        pytest.raises(FileError, match=r"could not write .* choose another place"),
    ):
        fetched(tmp_path, server.url(NAME))


def test_the_first_of_several_foreign_tables_is_named(tmp_path):
    files = {name: tmp_path / f"{name}.csv" for name in reversed(string.ascii_lowercase)}
    for file in files.values():
        file.write_text("something else")
    files = {"missing": tmp_path / "missing.csv", **files}
    with pytest.raises(FileError, match=r"z\.csv"):
        missing_tables(files, dict.fromkeys(files, ""), "MOSES")
