"""The table of the main README: at most ten measures, each with its best peer and its record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markdown_tables import table
from model_tables import JTVAE_RECONSTRUCTION, MOSES_PEERS
from molvae.files import read_json
from molvae.model_card import ModelCard
from search_tables import paying_peers

DRUGS = "approved_drugs_dev.smi"

RESULTS = Path(__file__).parents[1] / "data" / "results"


def summary() -> str:
    """The table, with the rows whose records exist."""
    rows = [
        [measure, *figures(read_json(RESULTS / file)), _link(file)]
        for measure, file, figures in ROWS
        if (RESULTS / file).is_file()
    ]
    return table(["measure", "molvae", "best peer", "record"], rows)


def _link(file: str) -> str:
    folder = file.split("/", maxsplit=1)[0]
    return f"[{folder}](data/results/{folder}/README.md)"


# Any: JSON values, here and below.
def _fcd(record: dict[str, Any]) -> list[str]:
    return [_moses_mean(record, "FCD/Test"), _moses_peers(0)]


def _fcd_scaffolds(record: dict[str, Any]) -> list[str]:
    return [_moses_mean(record, "FCD/TestSF"), _moses_peers(1)]


def _moses_peers(column: int) -> str:
    """The best baseline, which has no latent space, and the best that has."""
    best, latent = (f"{name} {MOSES_PEERS[name][column]:.3f}" for name in ("CharRNN", "VAE"))
    return f"{best}; with a latent space: {latent}"


def _moses_mean(record: dict[str, Any], metric: str) -> str:
    return f"{record['mean'][metric]:.3f} ± {record['deviation'][metric]:.3f}"


def _greedy(record: dict[str, Any]) -> list[str]:
    gap = ModelCard(record["model"]).elbo_gap
    return [f"{record['greedy']:.1%} (ELBO gap {gap:.0f} nats)", "-"]


def _exact_in(file: str) -> Callable[[dict[str, Any]], list[str]]:
    """The exact reconstructions of a file in a record of the latent space, and the ELBO gap."""

    def cells(record: dict[str, Any]) -> list[str]:
        figures = {row["name"]: row["value"] for row in record["figures"]}
        gap = next(value for name, value in figures.items() if name.startswith("ELBO gap"))
        return [f"{figures[f'exact, {file}']:.1%} (ELBO gap {gap:.0f} nats)", "-"]

    return cells


def _jtvae_protocol(record: dict[str, Any]) -> list[str]:
    return [f"{record['jtvae']:.1%}", f"JT-VAE {JTVAE_RECONSTRUCTION:.1%}"]


def _pmo(record: dict[str, Any]) -> list[str]:
    best = max(paying_peers(record), key=lambda peer: peer["sum"] or 0.0)
    return [f"{record['sum']:.2f} (1 seed)", f"{best['name']} {best['sum']:.2f}"]


def _agreement(record: dict[str, Any]) -> list[str]:
    largest = max(metric["difference"] for metric in record["metrics"].values())
    return [f"differ by at most {largest:.0e}", "molsets 0.3.1"]


def _search(record: dict[str, Any]) -> list[str]:
    return [f"{1000 * record['overhead_seconds_per_call']:.0f} ms", "-"]


ROWS: tuple[tuple[str, str, Callable[[dict[str, Any]], list[str]]], ...] = (
    ("MOSES, FCD to the test set (lower is better)", "moses/moses.json", _fcd),
    ("MOSES, FCD to unseen scaffolds (lower is better)", "moses/moses.json", _fcd_scaffolds),
    ("All MOSES metrics, against molsets", "metrics/agreement.json", _agreement),
    ("Exact reconstruction, approved drugs", "latent/chembl.json", _exact_in(DRUGS)),
    ("The same, refined by up to 40 steps", "latent/chembl.json", _exact_in(f"{DRUGS}, refined")),
    ("Exact reconstruction, MOSES test set", "reconstruction/moses.json", _greedy),
    ("Exact reconstruction, ZINC250k test set", "reconstruction/zinc250k.json", _greedy),
    ("The same, by the JT-VAE protocol", "reconstruction/zinc250k.json", _jtvae_protocol),
    ("PMO, sum of AUC top-10 over 20 tasks", "pmo/default.json", _pmo),
    ("Own time of the default search per call", "speed/search.json", _search),
)
"""Measure, record and the function that gives the two middle cells."""
