# Read by the other scripts: `make_environment FOLDER` makes a virtual environment and sets `bin`.
# PYTHON names the interpreter; without it, the first of the usual names that is new enough.

make_environment() {
    local folder="$1" candidate python=""
    bin="$folder/bin"
    if [ -x "$bin/python" ]; then
        # What was cut off while it was made has an interpreter but no pip.
        "$bin/python" -m pip --version >/dev/null 2>&1 || "$bin/python" -m ensurepip >/dev/null
        return
    fi
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python="$candidate"
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "molvae needs Python 3.11 or newer; install it, or name it: PYTHON=/path/to/python3 bash $0" >&2
        return 1
    fi
    echo "making $folder with $("$python" --version)"
    if ! "$python" -m venv "$folder"; then
        rm -rf "$folder"
        echo "$python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2
        return 1
    fi
}

# Prints the torch to install in `bin` where it is missing and there is no NVIDIA GPU on Linux: newer
# releases on PyPI bring gigabytes of CUDA packages. Elsewhere pip chooses; it prints nothing.
torch_requirement() {
    [ "$(uname -s)" = Linux ] || return 0
    ! command -v nvidia-smi >/dev/null || return 0
    "$bin/python" -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("torch"))' || echo "torch<2.14"
}

# Names the requirements of the group `dev` in pyproject.toml, one in a line: pip older than 25.1
# cannot read them itself.
development_requirements() {
    "$bin/python" -c '
import tomllib
with open("pyproject.toml", "rb") as stream:
    print("\n".join(tomllib.load(stream)["dependency-groups"]["dev"]))
'
}
