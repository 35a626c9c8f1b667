"""What the page does by itself: with node the functions, with Chromium the page."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from io import StringIO

import numpy as np
import pytest
from rdkit import Chem

from molvae.chem.compact_structure import compact_structure
from molvae.chem.molecule import Molecule
from molvae.files import TableWriter
from molvae.report.page import SCRIPTS, STYLE, TEMPLATE, Page, Section, View
from molvae.report.page_molecules import PageMolecules

NODE = shutil.which("node")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SMILES = ["C[C@H](N)C(=O)O", "F/C=C/Cl", "CC=CC", "O=[N+]([O-])c1ccccc1", "[CH2]c1ccccc1"]
SOURCES = {
    name: files("molvae.report").joinpath(name).read_text() for name in (*SCRIPTS, STYLE, TEMPLATE)
}


def page():
    molecules = PageMolecules(
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


# As much of a document as the functions need; `text` is all text inside a node.
DOCUMENT = """
const create = (tag) => ({
  tag, attributes: {}, children: [], value: "", clientWidth: 400, clientHeight: 300,
  setAttribute(name, value) { this.attributes[name] = String(value); },
  append(...children) {
    this.children.push(...children);
    // A select starts with its first option.
    if (children[0]?.tag === "option" && !this.value) this.value = children[0].attributes.value;
  },
  replaceChildren(...children) { this.children = children; },
  addEventListener() {},
  get text() { return this.children.map((child) => child.text ?? child).join(" "); },
  get parentElement() { return (this.parent ??= create("label")); },
});
const nodes = { data: { textContent: DATA } };
const document = {
  getElementById: (id) => (id === "map" ? nodes.map ?? null : (nodes[id] ??= create(id))),
  createElementNS: (space, tag) => create(tag),
};
const addEventListener = () => {};
const matchMedia = () => create("query");
const devicePixelRatio = 1;
const getComputedStyle = () => ({ color: "black" });
function addMap() {
  const fills = [];
  nodes.map = create("canvas");
  nodes.map.getContext = () => ({
    scale() {}, beginPath() {}, arc() {}, stroke() {}, fill() { fills.push(this.fillStyle); },
  });
  return fills;
}
"""


def run_node(code, molecules=None):
    script = "\n".join(SOURCES[name] for name in SCRIPTS)
    data = json.dumps((molecules or page().molecules).json())
    start = DOCUMENT.replace("DATA", data)
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
def test_the_csv_download_is_the_same_as_a_file_of_molvae():
    texts = ["-0.5", "+.5e-3", "-inf", "-C", "\n=1", "@a", "\tb", "1-2", "+", "-0.5x", "1", "-1\n"]
    carbon = Molecule.parse("C")
    molecules = PageMolecules("made", [carbon] * len(texts), {"text": texts, "-x": [-1.5] * 12})
    stream = StringIO()
    writer = TableWriter(stream)
    for row in (["smiles", "text", "-x"], *(["C", text, -1.5] for text in texts)):
        writer.write_row(row)
    code = "process.stdout.write(csvText(data.columns[1].cells.map((_, row) => row)));"
    assert run_node(code, molecules) == stream.getvalue()


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


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("Binding affinity > 7", [0]),
        ("binding AFFINITY>=7 Binding<3", [1]),
        ("Binding < 2.5 name", []),
        ("IC50 (\u03bcM)<2 C", [0]),
        ("qed<0.5", [0, 1]),
        ("QED<0.5", [2]),
        ("Qed<0.5", [0, 1]),
    ],
)
def test_a_condition_may_name_a_column_with_blanks_or_capitals(query, rows):
    values = {
        "Binding": [5.0, 1.0, 2.0],
        "Binding affinity": [8.0, 7.0, 6.0],
        "IC50 (\u00b5M)": [1.0, 2.0, 3.0],
        "qed": [0.1, 0.2, 0.9],
        "QED": [0.9, 0.8, 0.1],
    }
    molecules = PageMolecules("made", [Molecule.parse("C")] * 3, values)
    code = f"""
const tests = parseQuery({json.dumps(query)});
console.log(JSON.stringify([0, 1, 2].filter((row) => tests.every((test) => test(row)))));
"""
    assert json.loads(run_node(code, molecules)) == rows


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_numbers_shown_have_four_digits_or_are_whole():
    code = "console.log([0.123456, 12.3456, 12345, 135398513, 12345.6, 'a'].map(shown).join())"
    assert run_node(code) == "0.1235,12.35,12345,135398513,12346,a\n"


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_a_molecule_without_a_structure_is_shown_as_text():
    molecules = PageMolecules("made", [*map(Molecule.parse, ("CCO", "C<-N"))], {}, is_table=True)
    code = """
startTable();
for (const view of ["table", "cards"]) {
  byId("view").value = view;
  update();
  console.log(byId("molecules").text);
}
console.log(byId("status").textContent);
console.log(sdfText([0, 1]).split("$$$$").length - 1);
"""
    *views, status, records = run_node(code, molecules).splitlines()
    smiles = molecules.molecules[1].smiles
    assert [view.count(smiles) for view in views] == [2, 2]
    assert status.endswith("2 of 2 molecules; an SDF download leaves out 1")
    assert records == "1"
    assert "SDF" not in run_node('update(); console.log(byId("status").textContent);')


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("columns", [{}, {"name": ["a", "b", "a"]}])
def test_a_map_has_its_points_also_without_a_column_to_color_by(columns):
    positions = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    molecules = PageMolecules(
        "made", [Molecule.parse("C")] * 3, columns, projections={"PCA": positions}
    )
    code = """
const fills = addMap();
startTable();
startMap(byId("map"));
update();
const hidden = byId("map-color").parentElement.hidden;
console.log(JSON.stringify([fills, byId("map-legend").text.trim(), hidden]));
"""
    fills, legend, is_hidden = json.loads(run_node(code, molecules))
    assert len(fills) == 3
    assert len(set(fills)) == (2 if columns else 1)
    assert (legend != "") == bool(columns)
    assert is_hidden == (not columns)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_columns_whose_names_differ_in_case_are_sorted_apart():
    values = {"x": [1.0, 2.0, 3.0], "X": [2.0, 3.0, 1.0], "name": ["b", "a", "c"]}
    molecules = PageMolecules("made", [Molecule.parse("C")] * 3, values)
    code = """
startTable();
console.log(JSON.stringify([1, 2, 3].flatMap((index) => ["up", "down"].map((direction) => {
  byId("sort").value = `${index}\\n${direction}`;
  update();
  return state.rows;
}))));
"""
    orders = json.loads(run_node(code, molecules))
    assert orders == [[0, 1, 2], [2, 1, 0], [2, 0, 1], [1, 0, 2], [1, 0, 2], [2, 0, 1]]


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
