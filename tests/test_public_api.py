import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import molvae


def test_all_lists_the_public_names_sorted_and_once():
    as_ruff_sorts = sorted(molvae.__all__, key=lambda name: (not name.isupper(), name))
    assert molvae.__all__ == as_ruff_sorts
    assert len(set(molvae.__all__)) == len(molvae.__all__)


@pytest.mark.parametrize("name", molvae.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(molvae, name) is not None


def test_type_checkers_and_users_are_told_the_same_home_of_every_name():
    tree = ast.parse(Path(molvae.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(told) == sorted(molvae.__all__)
    for name, home in told.items():
        assert getattr(molvae, name) is getattr(import_module(home), name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="MoleculVAE"):
        _ = molvae.MoleculVAE


def test_dir_lists_the_public_names():
    assert set(molvae.__all__) <= set(dir(molvae))


def test_import_brings_no_heavy_library():
    heavy = {"numpy", "pandas", "pydantic", "rdkit", "torch"}
    code = f"import sys, molvae; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Drawing weights for the device `meta` imported torch's compiler.
def test_a_model_and_a_search_wait_for_no_library_that_they_do_not_use():
    heavy = {"pandas", "scipy.stats", "torch._dynamo"}
    code = (
        "import sys, molvae.optimize.search; from molvae import MoleculeVAE; "
        f"MoleculeVAE.from_pretrained('chembl', 'cpu'); print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
