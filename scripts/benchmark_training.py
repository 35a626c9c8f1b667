"""Measure the speed of training beside a bare matrix product of the same shapes and cores.

    python scripts/benchmark_training.py --data data/moses_sample.csv --preset base

Runs the training loop on real molecules with one process, then with one per core, and in the same
run the bare products that an update consists of. Prints a table and, with --out, records it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import torch

from molvae.dataset.preparation import prepare_corpus
from molvae.files import write_json
from molvae.model.network_config import ModelConfig
from molvae.molecule_vae import MoleculeVAE
from molvae.parallel import available_cores
from molvae.runs import provenance
from molvae.training.config import TrainConfig
from molvae.training.loop import TrainingLoop
from molvae.training.memory import keep_freed_memory
from molvae.training.precision import pick_precision
from molvae.training.process_group import ProcessGroup, join_process_group

Shape = tuple[int, int, int]
"""Rows, inner size and columns of a matrix product."""


def products(
    config: ModelConfig, n_ids: int, positions: int, rows: int
) -> Iterator[tuple[Shape, int]]:
    """The matrix products of an update on `rows` molecules, each with its number of occurrences.

    They are the forward pass and the gradients of inputs and weights of every linear map. Products
    with the hidden state occur once per position, the gradient of their weights once per update.
    """
    layers = [(config.embedding_size, config.encoder_size)] * 2
    layers += [(2 * config.encoder_size, config.encoder_size)] * 2 * (config.encoder_layers - 1)
    layers += [(config.embedding_size + config.latent_size, config.decoder_size)]
    layers += [(config.decoder_size, config.decoder_size)] * (config.decoder_layers - 1)
    if config.prior_size:
        layers += [(config.embedding_size, config.prior_size)]
        layers += [(config.prior_size, config.prior_size)] * (config.prior_layers - 1)
    for inputs, hidden in layers:
        whole, gates = positions * rows, 3 * hidden
        yield (whole, inputs, gates), 1
        yield (whole, gates, inputs), 1
        yield (gates, whole, inputs), 1
        yield (rows, hidden, gates), positions
        yield (rows, gates, hidden), positions
        yield (gates, whole, hidden), 1
    for hidden in filter(None, (config.decoder_size, config.prior_size)):
        yield (positions * rows, hidden, n_ids), 1
        yield (positions * rows, n_ids, hidden), 1
        yield (n_ids, positions * rows, hidden), 1


def operations(counted: list[tuple[Shape, int]]) -> float:
    """Floating-point operations; a multiplication and an addition count as two."""
    return sum(2.0 * m * k * n * times for (m, k, n), times in counted)


def bare_seconds(counted: list[tuple[Shape, int]], dtype: torch.dtype, repeats: int) -> float:
    """Shortest time of all products in sequence, with operands laid out as in training."""
    jobs = []
    for (m, k, n), times in counted:
        # Gradients of weights take their left operand transposed.
        left = torch.ones(k, m, dtype=dtype).t() if k > m else torch.ones(m, k, dtype=dtype)
        jobs.append((left, torch.ones(n, k, dtype=dtype).t(), times))
    times_taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        for left, right, times in jobs:
            for _ in range(times):
                torch.mm(left, right)
        times_taken.append(time.perf_counter() - begin)
    return min(times_taken)


def training_rate(
    arguments: argparse.Namespace, group: ProcessGroup, precision: torch.dtype
) -> dict[str, float]:
    """Molecules per second of the loop on this process group, after warm-up updates."""
    corpus = prepare_corpus(arguments.data, folder=arguments.store)
    model = MoleculeVAE.untrained(corpus.vocabulary, ModelConfig.preset(arguments.preset))
    indices = torch.arange(len(corpus)).numpy()
    config = TrainConfig(epochs=1_000, batch_size=arguments.batch_size * group.size)
    loop = TrainingLoop(model.network, corpus, indices, config, group, precision)
    molecules, positions, begin = 0, 0, 0.0
    for step in loop.steps(0, 0.0, lambda: (0.0, False)):
        if step.number == arguments.warmup:
            begin = time.perf_counter()
        if step.number > arguments.warmup:
            molecules += step.molecules
        if step.number == arguments.warmup + arguments.updates:
            break
    seconds = time.perf_counter() - begin
    positions = float(corpus.lengths.mean()) + 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "molecules_per_second": molecules / seconds,
        "positions": positions,
        "n_ids": len(corpus.vocabulary),
        "peak_gib_per_process": peak,
    }


def as_member(rank: int, size: int, rendezvous: Path, arguments: argparse.Namespace) -> None:
    """Train as a process of the group; the first process prints its measurement."""
    torch.set_num_threads(1)
    precision = getattr(torch, arguments.precision)
    member = (
        nullcontext(ProcessGroup()) if size == 1 else join_process_group(rank, size, rendezvous)
    )
    with keep_freed_memory(), member as group:
        rate = training_rate(arguments, group, precision)
    if rank == 0:
        print(json.dumps(rate))


def as_product(arguments: argparse.Namespace) -> None:
    """Time the bare products in a separate process with one thread, as training runs."""
    torch.set_num_threads(1)
    config = ModelConfig.preset(arguments.preset)
    shape = json.loads(arguments.shape)
    counted = list(
        products(config, shape["n_ids"], round(shape["positions"]), arguments.batch_size)
    )
    seconds = bare_seconds(counted, getattr(torch, arguments.precision), arguments.repeats)
    print(json.dumps({"operations": operations(counted), "seconds": seconds}))


def together(count: int, *words: str) -> list[str]:
    """Last lines of `count` processes of this script that run at the same time."""
    with tempfile.TemporaryDirectory() as folder:
        group = ["--size", str(count), "--rendezvous", f"{folder}/rendezvous"]
        started = [
            subprocess.Popen(
                [sys.executable, __file__, *sys.argv[1:], *words, *group, "--rank", str(rank)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for rank in range(count)
        ]
        outputs = [process.communicate()[0] for process in started]
    return [output.strip().splitlines()[-1] if output.strip() else "" for output in outputs]


def measure(arguments: argparse.Namespace, processes: int) -> dict[str, float]:
    """Training and bare products on this number of cores, the best round of each."""
    words = ("--precision", arguments.precision)
    rates = [
        json.loads(together(processes, "--role", "member", *words)[0])
        for _ in range(arguments.rounds)
    ]
    rate = max(rates, key=lambda row: row["molecules_per_second"])
    shape = ("--shape", json.dumps(rate))
    bare = [
        [json.loads(line) for line in together(processes, "--role", "product", *shape, *words)]
        for _ in range(arguments.rounds)
    ]
    bare_rate = max(sum(row["operations"] / row["seconds"] for row in rows) for rows in bare)
    flops = rate["molecules_per_second"] * bare[0][0]["operations"] / arguments.batch_size
    return {
        "processes": processes,
        "molecules_per_second": round(rate["molecules_per_second"], 1),
        "gflops": round(flops / 1e9, 1),
        "bare_gflops": round(bare_rate / 1e9, 1),
        "share_of_bare": round(flops / bare_rate, 3),
        "peak_gib_per_process": round(rate["peak_gib_per_process"], 2),
    }


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/moses_sample.csv"))
    parser.add_argument("--store", type=Path, help="folder for token stores")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--batch-size", type=int, default=256, help="molecules per process")
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--out", type=Path, help="JSON file for the record")
    for hidden in ("--role", "--shape", "--rendezvous"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure with one process and with one per core; print and record."""
    arguments = parse_arguments()
    if arguments.role == "member":
        as_member(arguments.rank, arguments.size, Path(arguments.rendezvous), arguments)
        return
    if arguments.role == "product":
        as_product(arguments)
        return
    if arguments.precision == "auto":
        torch.set_num_threads(1)
        arguments.precision = str(pick_precision(torch.device("cpu"))).removeprefix("torch.")
    prepare_corpus(arguments.data, folder=arguments.store)
    rows = [measure(arguments, count) for count in sorted({1, available_cores()})]
    print(f"preset {arguments.preset}, {arguments.precision}, {arguments.batch_size} per process")
    print(" | ".join(rows[0]))
    for row in rows:
        print(" | ".join(str(value) for value in row.values()))
    speed_up = rows[-1]["molecules_per_second"] / rows[0]["molecules_per_second"]
    print(f"{rows[-1]['processes']} processes are {speed_up:.2f} times as fast as one")
    if arguments.out:
        record = {"preset": arguments.preset, "precision": arguments.precision, "rows": rows}
        command = ["python", "scripts/benchmark_training.py", *sys.argv[1:]]
        write_json(
            arguments.out,
            {**record, "speed_up": round(speed_up, 3), "provenance": provenance(0, command)},
        )


if __name__ == "__main__":
    main()
