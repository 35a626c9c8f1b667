"""Real small servers on this machine that answer well, badly, late or not at all."""

import json
import math
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.permissions import Permissions
from molvae.objectives.rest import RestMeasure

CHAINS = [Molecule.parse("C" * length) for length in range(1, 13)]
LENGTHS = list(range(1, 13))
SEVENTH = "C" * 7


class Server:
    """Scores SMILES by their length; `answer` turns the posted JSON into status and content."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.drip_seconds = None
        self.is_stopped = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append((self.path, dict(self.headers), posted))
                status, content, *headers = server.answer(posted)
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                while server.drip_seconds and not server.is_stopped.wait(server.drip_seconds):
                    self.wfile.write(b" ")

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/score"

    @property
    def sizes(self):
        """Number of molecules in each request."""
        return [len(posted["smiles"]) for _, _, posted in self.requests]

    def start(self):
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.is_stopped.set()
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(answer):
    server = Server(answer)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def lengths(posted):
    return 200, {"scores": [len(smiles) for smiles in posted["smiles"]]}


def unused_url():
    with serving(lengths) as server:
        return server.url


def measure(server, **settings):
    return RestMeasure.parse({"url": server.url, "retries": 0, **settings})


def test_a_number_for_each_molecule():
    with serving(lengths) as server:
        readings = measure(server, at_once=5)(CHAINS)
    np.testing.assert_array_equal(readings.values, LENGTHS)
    assert readings.problems == ()
    assert server.sizes == [5, 5, 2]


def test_the_list_may_lie_deeper():
    def answer(posted):
        return 200, {"payload": {"score": [len(smiles) for smiles in posted["smiles"]]}}

    with serving(answer) as server:
        readings = measure(server, key="payload.score")(CHAINS)
    np.testing.assert_array_equal(readings.values, LENGTHS)


def test_the_format_of_molscore():
    def answer(posted):
        return 200, [
            {"smiles": smiles, "pred_proba": 1 / len(smiles)} for smiles in posted["smiles"]
        ]

    with serving(answer) as server:
        readings = measure(server, payload="molscore", key="pred_proba")(CHAINS)
    np.testing.assert_allclose(readings.values, 1 / np.array(LENGTHS))


def test_the_format_of_reinvent():
    def answer(posted):
        successes = [
            {"query_id": row["query_id"], "output_value": len(row["input_string"])}
            for row in reversed(posted)
            if row["input_string"] != SEVENTH
        ]
        return 200, {"output": {"successes_list": successes, "failures_list": []}}

    with serving(answer) as server:
        settings = {"payload": "reinvent", "predictor_id": "a b", "predictor_version": "2"}
        readings = measure(server, **settings)(CHAINS)
    np.testing.assert_array_equal(
        readings.values, [math.nan if length == 7 else length for length in LENGTHS]
    )
    (problem,) = readings.problems
    assert problem.row == 6
    assert problem.is_answer
    path, _, posted = server.requests[0]
    assert path == "/score?predictor_id=a+b&predictor_version=2&inp_fmt=smiles"
    assert posted[0] == {"input_string": "C", "query_id": "0"}


def test_headers_are_sent_and_not_kept():
    with serving(lengths) as server:
        scorer = measure(server, headers=["Authorization: Bearer secret"])
        scorer(CHAINS)
    assert server.requests[0][1]["Authorization"] == "Bearer secret"
    assert "secret" not in json.dumps(scorer.identity())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ((400, b"no heptane\nplease"), "status 400 Bad Request: no heptane please"),
        ((500, b""), "status 500"),
        ((200, b"<html>"), "without JSON"),
        ((200, {}), "has no 'scores'"),
        ((200, [1]), "no object with 'scores'"),
        ((200, {"scores": 3}), "no list"),
        ((200, {"scores": [1, 2]}), "2 numbers for 1 molecules"),
        ((200, b"x" * 50_000), "more than 10000 bytes"),
        ((302, b"", ("Location", "http://elsewhere/")), "redirects to http://elsewhere/"),
    ],
)
def test_a_molecule_that_the_server_cannot_take_costs_no_other(bad, reason):
    def answer(posted):
        if SEVENTH not in posted["smiles"]:
            return lengths(posted)
        return bad if posted["smiles"] == [SEVENTH] else (500, b"")

    with serving(answer) as server:
        readings = measure(server)(CHAINS)
    np.testing.assert_array_equal(
        readings.values, [math.nan if length == 7 else length for length in LENGTHS]
    )
    (problem,) = readings.problems
    assert reason in problem.reason
    assert not problem.is_answer


def test_a_value_that_is_no_number_is_an_answer():
    with serving(lambda _: (200, {"scores": [None, "high"]})) as server:
        readings = measure(server)(CHAINS[:2])
    assert [problem.is_answer for problem in readings.problems] == [True, True]


def test_a_server_that_hangs_on_a_molecule_is_not_waited_for():
    release = threading.Event()

    def answer(posted):
        if SEVENTH in posted["smiles"]:
            release.wait(20)
        return lengths(posted)

    with serving(answer) as server:
        started = time.monotonic()
        readings = measure(server, timeout_seconds=0.3)(CHAINS[5:8])
        assert time.monotonic() - started < 15
        release.set()
    np.testing.assert_array_equal(readings.values, [6, math.nan, 8])
    assert "0.3 seconds" in readings.problems[0].reason


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for():
    with serving(lambda _: (200, b"")) as server:
        server.drip_seconds = 0.05
        started = time.monotonic()
        (problem,) = measure(server, timeout_seconds=0.3)(CHAINS[:1]).problems
        assert time.monotonic() - started < 5
    assert "0.3 seconds" in problem.reason


def test_a_busy_server_is_asked_again():
    answers = iter([(503, b""), (429, b"")])
    with serving(lambda posted: next(answers, None) or lengths(posted)) as server:
        readings = measure(server, retries=2)(CHAINS)
    np.testing.assert_array_equal(readings.values, LENGTHS)
    assert server.sizes == [12, 12, 12]


def test_a_server_that_stays_busy_is_not_asked_about_smaller_batches():
    with serving(lambda _: (503, b"")) as server:
        readings = measure(server, retries=0)(CHAINS)
    assert server.sizes == [12]
    assert len(readings.problems) == 12
    assert not any(problem.is_answer for problem in readings.problems)


def test_a_server_that_is_down_gives_no_answer():
    readings = RestMeasure(url=unused_url(), retries=1)(CHAINS)
    assert len(readings.problems) == 12
    assert all("cannot be reached" in problem.reason for problem in readings.problems)
    assert not any(problem.is_answer for problem in readings.problems)


def test_a_server_that_is_down_is_reported_before_a_search():
    url = unused_url()
    with pytest.raises(ConfigError, match=url):
        RestMeasure(url=url).check()
    with serving(lengths) as server:
        measure(server).check()


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"url": "localhost:8000"}, "address"),
        ({"url": "file:///etc/passwd"}, "address"),
        ({"url": "http://"}, "address"),
        ({"url": "http://a:b"}, "url"),
        ({"url": "http://user:word@localhost/"}, "headers"),
        ({"url": "http://a/", "headers": ["Accept"]}, "Accept"),
        ({"url": "http://a/", "headers": ["A: b\r\nC: d"]}, "A"),
        ({"url": "http://a/", "payload": "molscore"}, "key"),
        ({"url": "http://a/", "payload": "reinvent", "key": "x"}, "key"),
        ({"url": "http://a/", "predictor_id": "x"}, "reinvent"),
    ],
)
def test_wrong_settings_are_refused(settings, match):
    with pytest.raises(ConfigError, match=match):
        RestMeasure.parse(settings)


def test_a_component_scores_in_several_processes(tmp_path):
    with serving(lengths) as server:
        path = tmp_path / "objective.toml"
        path.write_text(f'name = "x"\n[[component]]\nkind = "rest"\nurl = "{server.url}"\n')
        lines = []
        objective = ConfiguredObjective.load(
            path, workers=2, permissions=Permissions(announce=lines.append)
        )
        scores = objective.score(CHAINS)
    np.testing.assert_array_equal(scores.total, LENGTHS)
    assert server.url in lines[0]
    assert sorted(server.sizes) == [6, 6]


def test_a_server_is_refused_on_demand(tmp_path):
    path = tmp_path / "objective.toml"
    url = unused_url()
    path.write_text(f'name = "x"\n[[component]]\nkind = "rest"\nurl = "{url}"\n')
    with pytest.raises(ConfigError, match=f"no_code.*{url}"):
        ConfiguredObjective.load(path, permissions=Permissions(no_code=True))


def test_the_address_identifies_the_objective():
    tables = [
        {"name": "x", "component": [{"kind": "rest", "url": url}]}
        for url in ("http://a/", "http://b/")
    ]
    first, second = (ObjectiveConfig.parse_tables(table).identity() for table in tables)
    assert first != second
