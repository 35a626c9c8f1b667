import json
import subprocess
import sys
from pathlib import Path

import pytest
from killed_search import noted, search_in

from molvae.optimize.methods import Method
from molvae.runs import RunDirectory


# What a kill leaves is a matter of the journal, so two methods stand for all of them; a search by
# each method is resumed in test_search.py.
@pytest.mark.slow
@pytest.mark.parametrize("method", [Method.CMA_ES, Method.EVOLUTION])
def test_a_search_killed_at_any_line_ends_as_an_undisturbed_one(tmp_path, method):
    search_in(tmp_path / "undisturbed", method)
    script = Path(__file__).with_name("killed_search.py")
    command = [sys.executable, str(script), str(tmp_path / "killed"), method, "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == 0
    assert told["kills"] > 15
    # No molecule whose score was in the journal was ever asked for again.
    assert told["twice"] == 0
    expected, found = RunDirectory(tmp_path / "undisturbed"), RunDirectory(tmp_path / "killed")
    assert found.candidates.read_bytes() == expected.candidates.read_bytes()
    assert found.summary.read_bytes() == expected.summary.read_bytes()
    assert set(noted(tmp_path / "killed")) == set(noted(tmp_path / "undisturbed"))
