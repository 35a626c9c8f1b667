"""Download from and upload to a small server that imitates the Hugging Face Hub.

huggingface_hub reads HF_ENDPOINT when it is imported, so each test runs a process of its own.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from molvae.errors import ConfigError, ModelError
from molvae.hub import find_saved_model, upload_folder
from molvae.pretrained import shipped_folder

REPOSITORY = "someone/small-model"
COMMIT = "1" * 40
FILES = ("model.json", "vocabulary.json", "weights.safetensors")


class Handler(BaseHTTPRequestHandler):
    """Answers for `server.repositories`, which have one revision each."""

    def do_HEAD(self):
        self.send_file(with_body=False)

    def do_GET(self):
        self.send_file(with_body=True)

    def send_file(self, with_body):
        owner, repository, _, revision, name = self.path.strip("/").split("/")
        files = self.server.repositories.get(f"{owner}/{repository}")
        if files is None:
            error = "RepoNotFound"
        elif revision not in ("main", COMMIT):
            error = "RevisionNotFound"
        else:
            error = None if name in files else "EntryNotFound"
        content = b"" if error else files[name]
        self.send_response(404 if error else 200)
        if error:
            self.send_header("X-Error-Code", error)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps(self.answer(self.path.split("/"), body)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer(self, path, body):
        """The answer to the creation of a repository, the list of files, or the commit."""
        if path[-1] == "create":
            return {"url": f"{self.server.url}/{REPOSITORY}"}
        if path[-2] == "preupload":
            names = [file["path"] for file in json.loads(body)["files"]]
            mode = {"uploadMode": "regular", "shouldIgnore": False}
            return {"files": [{"path": name, **mode} for name in names]}
        rows = [json.loads(line)["value"] for line in body.splitlines()]
        self.server.repositories["/".join(path[3:5])] = {
            row["path"]: base64.b64decode(row["content"]) for row in rows if "path" in row
        }
        address = f"{self.server.url}/{REPOSITORY}/commit/{COMMIT}"
        return {"commitUrl": address, "commitOid": COMMIT, "pullRequestUrl": None}

    def log_message(self, *_):
        pass


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def hub():
    server = Hub()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def model_files():
    return {name: (shipped_folder("moses") / name).read_bytes() for name in FILES}


def run(code, url, folder):
    """Run code in a process whose Hub is the server; returns what it prints."""
    settings = {"HF_ENDPOINT": url, "HF_HOME": str(folder), "HF_HUB_DISABLE_XET": "1"}
    proxies = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    environment = {**os.environ, **settings, **proxies, "HF_TOKEN": "hf_test"}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOAD = """
from molvae.errors import MolvaeError
from molvae.hub import find_saved_model
from molvae.model.folder import read_model
for name, revision in {names!r}:
    try:
        print(sorted(read_model(find_saved_model(name, revision)).description))
    except MolvaeError as error:
        print(type(error).__name__, error)
"""


def load(hub_url, folder, *names):
    """What is printed of each model, given by name and revision, by a process that loads them."""
    return run(LOAD.format(names=names or [(REPOSITORY, None)]), hub_url, folder)


@pytest.mark.slow
def test_a_model_is_pushed_and_loaded_again(hub, tmp_path):
    printed = run(
        "from molvae import MoleculeVAE\n"
        "model = MoleculeVAE.from_pretrained('moses', device='cpu')\n"
        f"print(model.push_to_hub({REPOSITORY!r}))\n"
        f"loaded = MoleculeVAE.from_pretrained({REPOSITORY!r}, 'cpu', revision={COMMIT!r})\n"
        "print((loaded.encode(['CCO']) == model.encode(['CCO'])).all())\n",
        hub.url,
        tmp_path,
    )
    assert COMMIT in printed.splitlines()[-2]
    assert printed.splitlines()[-1] == "True"
    assert sorted(hub.repositories[REPOSITORY]) == sorted(FILES)


@pytest.mark.slow
def test_a_model_that_was_loaded_before_needs_no_connection(hub, tmp_path):
    hub.repositories[REPOSITORY] = model_files()
    assert "card" in load(hub.url, tmp_path)
    assert "card" in load("http://127.0.0.1:9", tmp_path, (REPOSITORY, COMMIT))


@pytest.mark.slow
def test_wrong_names_and_damaged_models(hub, tmp_path):
    phrases = {
        ("someone/else", None): "no such model",
        (REPOSITORY, "v9"): "no revision",
        ("someone/incomplete", None): "lacks a file",
        ("someone/damaged", None): "copy the folder again",
    }
    files = model_files()
    hub.repositories[REPOSITORY] = files
    hub.repositories["someone/incomplete"] = {"model.json": files["model.json"]}
    hub.repositories["someone/damaged"] = {**files, "vocabulary.json": b"[]"}
    lines = load(hub.url, tmp_path, *phrases).splitlines()
    for line, phrase in zip(lines, phrases.values(), strict=True):
        assert line.startswith("ModelError")
        assert phrase in line


@pytest.mark.slow
def test_without_a_connection_one_line_says_so(tmp_path):
    printed = load("http://127.0.0.1:9", tmp_path)
    assert printed.startswith("ModelError")
    assert "cannot be reached" in printed


@pytest.mark.slow
def test_an_upload_that_fails_is_one_line(tmp_path):
    code = (
        "from pathlib import Path\nfrom molvae.errors import FileError\n"
        "from molvae.hub import upload_folder\ntry:\n"
        f"    upload_folder(Path('.'), {REPOSITORY!r}, private=True)\n"
        "except FileError as error:\n    print(error)\n"
    )
    assert "could not upload" in run(code, "http://127.0.0.1:9", tmp_path)


@pytest.mark.parametrize(
    "name",
    ["a/b/c", "../b", "a/../b", "user/.hidden", "user/a--b", "user/" + "x" * 99, "x.git/y z"],
)
def test_other_texts_are_not_looked_up_on_the_hub(name):
    with pytest.raises(ModelError, match="no model folder"):
        find_saved_model(name)
    with pytest.raises(ConfigError, match="revision"):
        find_saved_model(name, "main")
    with pytest.raises(ConfigError, match="user/repo"):
        upload_folder(Path(), name, private=False)


def test_paths_and_folders_that_exist_are_local(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "user").mkdir()
    with pytest.raises(ModelError, match="no model folder"):
        find_saved_model("user/repo")
    with pytest.raises(ModelError, match="no model folder"):
        find_saved_model(Path("someone/repo"))
    assert find_saved_model("moses") == shipped_folder("moses")


@pytest.mark.parametrize("revision", [None, "main"])
def test_without_the_extra_a_mistyped_folder_is_named_first(tmp_path, monkeypatch, revision):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match=r"^no model folder 'runz/first'.*Hub.*huggingface_hub"):
        find_saved_model("runz/first", revision)
