"""One batch over threads, processes and a Dask cluster: the same scores."""

import concurrent.futures
import multiprocessing
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from molvae.chem.molecule import Molecule
from molvae.cluster import dask_executor
from molvae.errors import ConfigError, WorkerError
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.objectives.suites import find_objective

MOLECULES = [Molecule.parse("C" * n + "O") for n in range(1, 40)] * 14
CONFIG = ObjectiveConfig.parse_tables(
    {
        "name": "x",
        "where": "heavy_atoms < 30",
        "component": [{"property": "logp"}],
        "constraint": [{"kind": "smarts", "smarts": "CCCO", "name": "chain"}],
    }
)
ENDS = """
import os
def ends(smiles):
    os._exit(1)
"""


def check_alike(executor, config=CONFIG):
    alone = ConfiguredObjective(config).score(MOLECULES)
    shared = ConfiguredObjective(config, executor=executor).score(MOLECULES)
    np.testing.assert_array_equal(shared.total, alone.total)
    assert list(shared.values) == list(alone.values)
    for name, values in alone.values.items():
        np.testing.assert_array_equal(shared.values[name], values)
    assert shared.failures == alone.failures


def test_threads_give_the_same_scores():
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        check_alike(executor)


def test_failures_of_all_portions_name_their_molecules(tmp_path):
    (tmp_path / "gives_no_scores.py").write_text("def give(smiles):\n    return [None]\n")
    config = ObjectiveConfig.parse_tables(
        {"name": "x", "component": [{"kind": "python", "function": "gives_no_scores:give"}]}
    ).within(tmp_path)
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        check_alike(executor, config)
        scores = ConfiguredObjective(config, executor=executor).score(MOLECULES)
    assert [one.smiles for one in scores.failures] == [one.smiles for one in MOLECULES]


def test_every_worker_gets_some_of_a_small_batch_for_other_peoples_code(tmp_path):
    (tmp_path / "counts_its_batch.py").write_text(
        "def count(smiles):\n    return [len(smiles)] * len(smiles)\n"
    )
    config = ObjectiveConfig.parse_tables(
        {"name": "x", "component": [{"kind": "python", "function": "counts_its_batch:count"}]}
    ).within(tmp_path)
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        scores = ConfiguredObjective(config, 4, executor).score(MOLECULES[:10])
    assert scores.total.tolist() == [3] * 9 + [1]


@pytest.mark.slow
def test_processes_give_the_same_scores():
    spawning = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, spawning) as executor:
        check_alike(executor)


@pytest.mark.slow
def test_a_dead_process_is_told(tmp_path):
    (tmp_path / "ends_its_process.py").write_text(ENDS)
    config = ObjectiveConfig.parse_tables(
        {"name": "x", "component": [{"kind": "python", "function": "ends_its_process:ends"}]}
    ).within(tmp_path)
    spawning = multiprocessing.get_context("spawn")
    with (
        concurrent.futures.ProcessPoolExecutor(1, spawning) as executor,
        pytest.raises(WorkerError, match="a worker of the executor died"),
    ):
        ConfiguredObjective(config, executor=executor).score(MOLECULES[:3])


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_scores():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        dask_executor(cluster.scheduler_address) as (executor, workers),
    ):
        assert workers == 2
        check_alike(executor)
        check_alike(executor, find_objective("pmo/zaleplon_mpo"))


@pytest.mark.slow
def test_workers_of_a_cluster_that_keep_dying_are_told(tmp_path):
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    (tmp_path / "ends_its_worker.py").write_text(ENDS)
    config = ObjectiveConfig.parse_tables(
        {"name": "x", "component": [{"kind": "python", "function": "ends_its_worker:ends"}]}
    ).within(tmp_path)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        pytest.raises(WorkerError, match="died repeatedly on the same molecules"),
        dask_executor(cluster.scheduler_address) as (executor, workers),
    ):
        ConfiguredObjective(config, workers, executor).score(MOLECULES[:3])


SLOW = """
import time
def wait(smiles):
    time.sleep(600)
"""


def slow_objective(folder):
    (folder / "takes_its_time.py").write_text(SLOW)
    tables = {"name": "x", "component": [{"kind": "python", "function": "takes_its_time:wait"}]}
    return ObjectiveConfig.parse_tables(tables).within(folder)


# The first was a traceback, the second a wait without end.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("lost", "message"), [("scheduler", "connection to .* was lost"), ("workers", "no worker of")]
)
def test_a_cluster_that_goes_away_ends_the_work_within_half_a_minute(tmp_path, lost, message):
    pytest.importorskip("distributed")
    port = find_free_port()
    address = f"tcp://127.0.0.1:{port}"
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    scheduler = start_quietly([*start, "--host", "127.0.0.1", "--port", str(port)])
    start = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard"]
    worker = start_quietly([*start, "--no-nanny", "--nthreads", "1"])
    try:
        with dask_executor(address, timeout_seconds=60.0) as (executor, _):
            executor._client.wait_for_workers(1, timeout=60)
        threading.Timer(5, (scheduler if lost == "scheduler" else worker).kill).start()
        begun = time.monotonic()
        with pytest.raises(WorkerError, match=message):
            score_on(address, slow_objective(tmp_path))
        assert time.monotonic() - begun < 5 + 30
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()


def score_on(address, config):
    with dask_executor(address, timeout_seconds=60.0) as (executor, _):
        ConfiguredObjective(config, executor=executor).score(MOLECULES[:3])


def find_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_quietly(words):
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_no_scheduler_is_told():
    pytest.importorskip("distributed")
    with (
        pytest.raises(ConfigError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        dask_executor("tcp://127.0.0.1:9", timeout_seconds=1.0),
    ):
        pass


def test_no_molecules_are_scored_by_no_worker():
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        assert ConfiguredObjective(CONFIG, executor=executor).score([]).total.shape == (0,)
