def test_a_wheel_that_is_another_is_refused_and_nothing_is_left(shell, tmp_path):
    wheel = tmp_path / "molsets-0.3.1-py3-none-any.whl"
    wheel.write_bytes(b"not a wheel")
    done = shell("data", "moses", "--out", tmp_path / "moses", "--wheel", wheel)
    assert "its SHA-256 is" in done.complaint
    assert not (tmp_path / "moses").exists()


def test_a_missing_wheel_is_named(molvae, tmp_path):
    done = molvae("data", "moses", "--out", tmp_path / "moses", "--wheel", tmp_path / "no.whl")
    assert "no file" in done.complaint


def test_source_files_that_are_missing_are_named(molvae, tmp_path):
    (tmp_path / "valid.txt").write_text("CCO\n")
    done = molvae("data", "zinc250k", "--out", tmp_path / "zinc", "--source", tmp_path)
    assert "lacks zinc.txt.gz, test.txt" in done.complaint
    assert not (tmp_path / "zinc").exists()


def test_source_files_that_are_others_are_refused(molvae, tmp_path):
    for name in ("zinc.txt.gz", "valid.txt", "test.txt"):
        (tmp_path / name).write_text("CCO\n")
    done = molvae("data", "zinc250k", "--out", tmp_path / "zinc", "--source", tmp_path)
    assert "is not zinc.txt.gz: its SHA-256 is" in done.complaint
    assert not (tmp_path / "zinc").exists()
