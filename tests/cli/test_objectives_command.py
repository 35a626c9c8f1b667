import json
import tomllib

from molvae.objectives.suites import find_objective


def test_components_curves_properties_and_names_are_listed(shell):
    done = shell("objectives")
    assert done.status == 0, done.err
    words = done.out.split()
    for name in ("similarity", "smarts", "double_sigmoid", "tpsa", "pmo/zaleplon_mpo"):
        assert name in words


def test_the_list_is_there_as_json(molvae):
    found = json.loads(molvae("objectives", "--json").out)
    assert found["components"]["smarts"]["settings"]["wanted"].startswith("present; ")
    assert len(found["objectives"]) == 23


def test_a_name_is_shown_as_the_file_that_it_would_be(molvae, tmp_path):
    text = molvae("objectives", "pmo/ranolazine_mpo").out
    path = tmp_path / "own.toml"
    path.write_text(text)
    assert find_objective(path) == find_objective("pmo/ranolazine_mpo")
    told = json.loads(molvae("objectives", "pmo/qed", "--json").out)
    assert tomllib.loads(told["toml"])["name"] == "drug-likeness"


def test_an_unknown_name_is_told_with_the_nearest(molvae):
    assert "did you mean 'pmo/qed'?" in molvae("objectives", "pmo/qet").complaint


def test_a_file_of_reinvent_is_converted(molvae, tmp_path):
    source = tmp_path / "scoring.json"
    kinds = ("QED", "Maize")
    components = [{kind: {"endpoint": [{"name": kind}]}} for kind in kinds]
    source.write_text(json.dumps({"scoring": {"type": "geometric_mean", "component": components}}))
    out = tmp_path / "objective.toml"
    done = molvae("objectives", "--from", source, "--out", out)
    assert done.status == 0
    assert "Maize" in done.err
    assert find_objective(out).component[0].measure.property == "qed"
    printed = json.loads(molvae("objectives", "--from", source, "--json").out)
    assert tomllib.loads(printed["toml"])["component"]
    assert len(printed["missing"]) == 1


def test_out_needs_something_to_write(molvae, tmp_path):
    assert "--from" in molvae("objectives", "--out", tmp_path / "x.toml").complaint
