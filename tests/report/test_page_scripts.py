"""What the page does by itself: with node the functions, with Chromium the page."""

import json
import re
import shutil
import subprocess
from importlib.resources import files

import pytest
from rdkit import Chem

from molvae.chem.compact_structure import compact_structure
from molvae.chem.molecule import Molecule
from molvae.report.molecule_set import MoleculeSet
from molvae.report.page import SCRIPTS, STYLE, TEMPLATE, Page, Section, View

NODE = shutil.which("node")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SMILES = ["C[C@H](N)C(=O)O", "F/C=C/Cl", "CC=CC", "O=[N+]([O-])c1ccccc1", "[CH2]c1ccccc1"]
SOURCES = {
    name: files("molvae.report").joinpath(name).read_text() for name in (*SCRIPTS, STYLE, TEMPLATE)
}


def page():
    molecules = MoleculeSet(
        "made",
        list(map(Molecule.parse, SMILES)),
        {"qed": [0.9, 0.1, 0.5, 0.7, 0.3], "name": ["=1+1", "a,b", "c", "d", "<i>e</i>"]},
    )
    return Page("Made", "", (Section("Molecules", view=View.TABLE),), molecules)


def test_the_scripts_are_short():
    lines = [line.strip() for name in SCRIPTS for line in SOURCES[name].splitlines()]
    assert sum(bool(line) and not line.startswith("//") for line in lines) <= 300


def test_the_page_asks_for_nothing_else():
    html = page().html()
    addresses = set(re.findall(r"https?://[^\s\"'`]+", html))
    # The names of the two kinds of elements are no addresses that a browser opens.
    assert addresses <= {"http://www.w3.org/${space}"}
    assert not re.search(r"\b(fetch|import|XMLHttpRequest|WebSocket|sendBeacon|eval)\s*\(", html)
    assert not re.search(r"<link|<script[^>]+src|@import|url\(", html)
    policy = re.search(r'Content-Security-Policy"\s+content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_every_part_that_the_script_names_is_on_the_page():
    named = set(re.findall(r'byId\("([\w-]+)"\)', "".join(SOURCES[name] for name in SCRIPTS)))
    assert named <= set(re.findall(r'id="([\w-]+)"', SOURCES[TEMPLATE]))


def test_every_color_of_an_atom_is_in_the_style():
    inks = re.search(r"const INKS = \{(.*?)\}", SOURCES["structures.js"])[1]
    for ink in {*re.findall(r'"(\w+)"', inks), "rest"}:
        # Once for light and once for dark screens.
        assert SOURCES[STYLE].count(f"--{ink}:") == 2


def run_node(code):
    script = "\n".join(SOURCES[name] for name in SCRIPTS)
    data = json.dumps(page().molecules.json())
    start = f"""
const document = {{ getElementById: (id) => (id === "data" ? {{ textContent: {data} }} : null) }};
const addEventListener = () => {{}};
"""
    # What starts the page needs a browser.
    functions = script.partition("\nif (data) {\n")[0].replace('"use strict";', "")
    done = subprocess.run(
        [NODE, "-"], input=start + functions + code, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_sdf_download_holds_the_same_molecules():
    supplier = Chem.SDMolSupplier()
    supplier.SetData(run_node("process.stdout.write(sdfText([4, 0, 1, 2, 3]));"))
    mols = list(supplier)
    assert [Chem.MolToSmiles(mol) for mol in mols] == [SMILES[4], *SMILES[:4]]
    assert [mol.GetProp("qed") for mol in mols] == ["0.3", "0.9", "0.1", "0.5", "0.7"]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_csv_download_runs_no_formula():
    lines = run_node("process.stdout.write(csvText([0, 1]));").splitlines()
    assert lines == ["smiles,qed,name", "C[C@H](N)C(=O)O,0.9,'=1+1", 'F/C=C/Cl,0.1,"a,b"']


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("qed > 0.5", [0, 3]),
        ("QED>=0.5 and qed <.9", [2, 3]),
        ("C=C", [1, 2]),
        ("c1ccccc1 qed<0.5", [4]),
        ("A,B", [1]),
        ("unknown>3", []),
    ],
)
def test_a_search_finds_texts_and_conditions(query, rows):
    code = f"""
const tests = parseQuery({json.dumps(query)});
console.log(JSON.stringify([0, 1, 2, 3, 4].filter((row) => tests.every((test) => test(row)))));
"""
    assert json.loads(run_node(code)) == rows


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page_is_drawn_in_a_browser(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page().html(), encoding="utf-8")
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    done = subprocess.run(
        [*words, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert "5 of 5 molecules" in done.stdout
    assert done.stdout.count('class="structure"') == len(SMILES)
    assert "&lt;i&gt;e&lt;/i&gt;" in done.stdout
    assert compact_structure(Molecule.parse(SMILES[0])) in done.stdout
