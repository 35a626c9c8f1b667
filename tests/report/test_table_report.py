import json

import pytest
from page_reader import ReadPage

from molvae.dataset.layout import ColumnChoice
from molvae.errors import DataError, FileError
from molvae.report.config import ReportConfig
from molvae.report.table import table_page
from molvae.report.writing import write_report

ROWS = "smiles,qed,name\nCCO,0.4,ethanol\nOCC,,\nhello,1,\nc1ccccc1,0.5,benzene\n"


@pytest.fixture
def molecules(tmp_path):
    path = tmp_path / "made.csv"
    path.write_text(ROWS)
    return path


def written(path, config=None, columns=None):
    return write_report(path, config=config, columns=columns).read_text(encoding="utf-8")


def test_the_page_of_a_file_has_its_molecules_and_columns(molecules):
    html = written(molecules)
    assert (molecules.parent / "made.csv.html").read_text(encoding="utf-8") == html
    assert "rows 4 distinct molecules 2 rows without a molecule 1" in ReadPage(html).text
    smiles, qed, name = ReadPage(html).data["columns"]
    assert [smiles["smiles"][cell] for cell in smiles["cells"]] == ["CCO", "CCO", "c1ccccc1"]
    assert qed["cells"] == [0.4, None, 0.5]
    assert (name["kind"], name["cells"]) == ("text", ["ethanol", "", "benzene"])
    assert ReadPage(html).data["maps"] == {}
    assert "Latent map" not in ReadPage(html).text


def test_the_nearest_molecules_of_a_reference_are_beside_the_molecules(molecules, tmp_path):
    reference = tmp_path / "known.smi"
    reference.write_text("CCCO\nCc1ccccc1\n")
    html = written(molecules, ReportConfig(reference=reference))
    _, nearest, similarity, *_ = ReadPage(html).data["columns"]
    assert [nearest["smiles"][cell] for cell in nearest["cells"]] == ["CCCO", "CCCO", "Cc1ccccc1"]
    assert similarity["name"] == "nearest_similarity"
    assert all(0 < value < 1 for value in similarity["cells"])
    assert "most similar of the 2 molecules of known.smi" in ReadPage(html).text


def test_a_reference_of_the_same_name_is_a_group_of_its_own(tmp_path):
    path, reference = tmp_path / "a" / "made.csv", tmp_path / "b" / "made.csv"
    for file, atom in ((path, "O"), (reference, "N")):
        file.parent.mkdir()
        file.write_text("smiles\n" + "".join("C" * n + f"{atom}\n" for n in range(1, 40)))
    for other in (reference, path):
        text = written(path, ReportConfig(reference=other))
        assert f"{path} " in text
        assert f"{reference} " in text or f"{path}_2 " in text


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["135398513", "", "12345"], "number", [135398513, None, 12345]),
        (["-0.5", "1e-7", "+2"], "number", [-0.5, 1e-7, 2]),
        ([".5", "5.", "nan"], "number", [0.5, 5, None]),
        (["1_2", "3", "4"], "text", ["1_2", "3", "4"]),
        (["00123", "3", ""], "text", ["00123", "3", ""]),
        (["9007199254740993", "3", "4"], "text", ["9007199254740993", "3", "4"]),
        (["inf", "1e999", "4"], "text", ["inf", "1e999", "4"]),
        (["1", "2", "12 A"], "text", ["1", "2", "12 A"]),
    ],
)
def test_a_column_is_numeric_only_if_all_its_cells_are_plain_numbers(
    tmp_path, cells, kind, expected
):
    path = tmp_path / "made.csv"
    path.write_text("".join(f"{line}\n" for line in ["smiles,value", *(f"C,{c}" for c in cells)]))
    column = ReadPage(written(path)).data["columns"][1]
    assert (column["kind"], column["cells"]) == (kind, expected)


def test_a_column_of_a_name_that_the_page_uses_is_renamed(tmp_path):
    path, reference = tmp_path / "made.csv", tmp_path / "known.smi"
    path.write_text("canonical_smiles,smiles,nearest,nearest_similarity\nCCO,OCC,7,8\nC,C,9,10\n")
    reference.write_text("CCCO\n")
    choice = ColumnChoice("canonical_smiles")
    columns = ReadPage(written(path, columns=choice)).data["columns"]
    assert [column["name"] for column in columns] == [
        "smiles",
        "smiles_2",
        "nearest",
        "nearest_similarity",
    ]
    assert columns[1]["cells"] == ["OCC", "C"]
    columns = ReadPage(written(path, ReportConfig(reference=reference), choice)).data["columns"]
    values = {column["name"]: column["cells"] for column in columns}
    assert len(values) == len(columns) == 6
    assert values["nearest_2"] == [7, 9]
    assert values["nearest_similarity_2"] == [8, 10]
    assert 0 < values["nearest_similarity"][0] < 1


def test_files_of_similar_names_have_pages_of_their_own(tmp_path):
    pages = set()
    for name in ("set.v1.csv", "set.v2.csv", "set.smi"):
        (tmp_path / name).write_text("smiles\nCCO\n")
        pages.add(write_report(tmp_path / name))
    assert len(pages) == 3


def test_a_reference_without_a_molecule_is_refused(molecules, tmp_path):
    reference = tmp_path / "empty.csv"
    reference.write_text("smiles\nhello\n")
    with pytest.raises(DataError, match=r"empty\.csv"):
        write_report(molecules, config=ReportConfig(reference=reference))


def test_a_missing_file_is_named_as_missing(tmp_path):
    with pytest.raises(FileError, match=r"no file or folder .*typo\.csv"):
        write_report(tmp_path / "typo.csv")


def test_a_model_gives_a_map(molecules, trained):
    html = written(molecules, ReportConfig(model=trained[1]))
    name, (x, y) = next(iter(ReadPage(html).data["maps"].items()))
    assert name.startswith("PCA")
    assert len(x) == len(y) == 3
    assert "Latent map" in ReadPage(html).text


def test_histograms_need_ten_molecules(tmp_path):
    path = tmp_path / "chains.smi"
    for n, has_histograms in ((9, False), (10, True)):
        path.write_text("".join(f"{'C' * length}\n" for length in range(1, n + 1)))
        assert ("Properties" in ReadPage(written(path)).text) == has_histograms


def test_a_column_of_selfies_is_read(tmp_path):
    path = tmp_path / "made.csv"
    path.write_text("drawn\n[C][C][O]\n")
    html = written(path, columns=ColumnChoice(selfies="drawn"))
    assert ReadPage(html).data["columns"][0]["smiles"] == ["CCO"]


def test_a_long_file_is_shown_in_part(molecules):
    html = table_page(molecules, ReportConfig(), ColumnChoice(), limit=2).html()
    assert ReadPage(html).data["rows"] == 2
    assert "shown the first 2 molecules" in ReadPage(html).text


def test_a_file_without_a_molecule_is_refused(tmp_path):
    path = tmp_path / "made.csv"
    path.write_text("smiles\nhello\n")
    with pytest.raises(DataError, match=r"made\.csv"):
        write_report(path)


HELD_OUT = {
    "molecules": 20,
    "reconstruction": 1.5,
    "kl": 30.0,
    "language": 25.0,
    "exact_reconstruction": 0.5,
    "active_units": 2,
    "kl_per_dimension": [20.0, 10.0],
    "property_error": 0.0,
}
VERDICT = {"item": "use of z", "word": "informative", "is_sound": True, "reason": "KL 30.0 nats"}


def test_the_page_of_a_diagnosis_has_its_verdicts(tmp_path):
    path = tmp_path / "diagnosis.json"
    result = {"model": "m", "molecules": 20, "held_out": HELD_OUT, "verdicts": [VERDICT]}
    path.write_text(json.dumps({**result, "notes": ["a caveat"], "settings": {"seed": 3}}))
    page = ReadPage(written(path))
    assert "use of z informative yes KL 30.0 nats" in page.text
    assert "held_out.reconstruction 1.5" in page.text
    assert "a caveat" in page.text
    assert "seed 3" in page.text
    assert any("KL of each dimension" in about for about in page.pictures)


def test_the_page_of_an_evaluation_explains_its_metrics(tmp_path):
    path = tmp_path / "metrics.json"
    metrics = {"valid": 0.75, "unique@1000": None, "FCD/Test": 2.0}
    path.write_text(json.dumps({"metrics": metrics, "counts": {"samples": 1000}}))
    text = ReadPage(written(path)).text
    assert "valid 0.7500 share of the samples that are molecules" in text
    assert "unique@1000 none share of distinct molecules" in text
    assert "FCD/Test 2.0000 Fréchet ChemNet distance" in text
    assert "samples 1,000" in text


def test_the_page_of_a_benchmark_has_each_figure_beside_its_control(tmp_path):
    path = tmp_path / "explore.json"
    figure = {"name": "ridge R2, qed", "value": 0.455, "control": 0.457, "basis": 2000}
    alone = {"name": "usable", "value": 0.5, "control": None, "control_name": "", "basis": 10}
    content = {"figures": [{**figure, "control_name": "Morgan bits"}, alone], "reference": "a.smi"}
    path.write_text(json.dumps(content))
    text = ReadPage(written(path)).text
    assert "ridge R2, qed 0.4550 0.4570 Morgan bits 2,000" in text
    assert "usable 0.5000 none" in text
    assert "reference a.smi" in text


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"figures": 3}', '{"metrics": 3}', '{"verdicts": [{}]}']
)
def test_another_json_file_is_refused(tmp_path, text):
    path = tmp_path / "some.json"
    path.write_text(text)
    with pytest.raises(FileError, match=r"some\.json"):
        write_report(path)
