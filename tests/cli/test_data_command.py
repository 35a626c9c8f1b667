def test_a_wheel_that_is_another_is_refused_and_nothing_is_left(shell, tmp_path):
    wheel = tmp_path / "molsets-0.3.1-py3-none-any.whl"
    wheel.write_bytes(b"not a wheel")
    done = shell("data", "moses", "--out", tmp_path / "moses", "--wheel", wheel)
    assert "its SHA-256 is" in done.complaint
    assert not (tmp_path / "moses").exists()


def test_a_missing_wheel_is_named(shell, tmp_path):
    done = shell("data", "moses", "--out", tmp_path / "moses", "--wheel", tmp_path / "no.whl")
    assert "no file" in done.complaint
