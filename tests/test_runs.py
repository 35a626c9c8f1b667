from pathlib import Path

import pytest

from molvae.errors import RunError
from molvae.files import read_json
from molvae.runs import RunDirectory, provenance


def test_a_run_directory_is_made_where_nothing_is(tmp_path):
    assert RunDirectory.create(tmp_path / "a" / "run").path.is_dir()
    assert RunDirectory.create(tmp_path / "a" / "run").path.is_dir()


def test_a_place_that_is_taken_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(RunError, match="exists already; use --resume"):
            RunDirectory.create(path)


def test_what_a_killed_process_left_behind_is_not_in_the_way(tmp_path):
    (tmp_path / ".settings.json.0a1b.part").write_text("{")
    assert RunDirectory.create(tmp_path).path == tmp_path


def test_no_two_files_of_a_run_share_a_name():
    names = [name for name, kind in vars(RunDirectory).items() if isinstance(kind, property)]
    paths = {getattr(RunDirectory(Path("run")), name) for name in names}
    assert len(paths) == len(names) > 8


def test_provenance_tells_how_to_make_a_figure_again(tmp_path):
    record = provenance(7, ["molvae", "train", "my data.csv"])
    assert record["command"] == "molvae train 'my data.csv'"
    assert record["seed"] == 7
    assert {"torch", "rdkit", "selfies"} <= record["packages"].keys()
    run = RunDirectory.create(tmp_path / "run")
    run.record_provenance(7)
    assert read_json(run.provenance)["packages"] == record["packages"]
