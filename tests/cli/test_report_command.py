import json


def test_the_page_lies_in_the_run_unless_another_place_is_named(molvae, run, tmp_path):
    done = molvae("report", run)
    assert done.out == f"{run / 'report.html'}\n"
    out = tmp_path / "page.html"
    done = molvae("report", run, "--out", out, "--json")
    assert json.loads(done.out) == {"report": str(out)}
    assert out.read_text() == (run / "report.html").read_text()


def test_wrong_words_are_one_line(molvae, run, tmp_path):
    assert "holds no run" in molvae("report", tmp_path).complaint
    assert "no file or folder" in molvae("report", tmp_path / "missing").complaint
    assert "--molecules" in molvae("report", run, "--molecules", -1).complaint
