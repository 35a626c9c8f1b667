import json
import subprocess
import sys


def test_the_page_lies_in_the_run_unless_another_place_is_named(molvae, run, tmp_path):
    few = ("--samples", 20)
    done = molvae("report", run, *few)
    assert done.out == f"{run / 'report.html'}\n"
    out = tmp_path / "page.html"
    done = molvae("report", run, *few, "--out", out, "--json")
    assert json.loads(done.out) == {"report": str(out)}
    assert out.read_text() == (run / "report.html").read_text()


def test_wrong_words_are_one_line(molvae, run, tmp_path):
    assert "holds no run" in molvae("report", tmp_path).complaint
    assert "no file or folder" in molvae("report", tmp_path / "missing").complaint
    assert "--molecules" in molvae("report", run, "--molecules", -1).complaint


def test_neither_the_reference_nor_another_file_is_replaced(molvae, run, tmp_path):
    for name in ("reference.html", "notes.txt"):
        path = tmp_path / name
        path.write_text("smiles\nCCO\n")
        reference = ("--reference", path) if name == "reference.html" else ()
        assert "--out" in molvae("report", run, *reference, "--out", path).complaint
        assert path.read_text() == "smiles\nCCO\n"


def test_a_page_about_standard_input_is_printed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "molvae", "report", "-"],
        input=b"smiles,name\nCCO,<b>x</b>\n",
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert b"Molecules of standard input" in done.stdout
    assert b"<b>x</b>" not in done.stdout
    assert list(tmp_path.iterdir()) == []
