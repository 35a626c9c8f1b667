#!/usr/bin/env bash
# Sets up molvae with its development tools in .venv and runs the tests; arguments go to pytest.
#
#   bash scripts/test.sh                   all tests, on all cores
#   bash scripts/test.sh -m "not slow"     without those that take more than five seconds
#   bash scripts/test.sh -n 0 --pdb        one after the other
#
# In an active virtual environment (VIRTUAL_ENV) that one is used.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh

make_environment "${VIRTUAL_ENV:-.venv}"
tools=()
while IFS= read -r tool; do tools+=("$tool"); done < <(development_requirements)
"$bin/python" -m pip install --quiet --disable-pip-version-check --editable . "${tools[@]}" $(torch_requirement)
# File by file, as the tests of a file share what takes seconds to make.
"$bin/python" -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@"
