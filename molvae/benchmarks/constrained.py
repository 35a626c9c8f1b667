"""Similarity-constrained optimisation of penalised logP (Jin et al. 2018): 800 leads to improve.

The score is raw: logP - SA - atoms of the largest ring beyond six, not normalised. A molecule
counts for a threshold when its Tanimoto similarity to the lead, by Morgan bits of radius 2 folded
to 2048, is no less.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import fmean, pstdev
from time import perf_counter
from types import MappingProxyType
from typing import Any

import numpy as np
from pydantic import JsonValue
from tqdm import tqdm

from molvae.benchmarks.constrained_config import ConstrainedConfig
from molvae.chem.molecule import Molecule
from molvae.chem.properties import property_values
from molvae.errors import ConfigError, DataError, MoleculeError, RunError
from molvae.files import read_json, write_json
from molvae.model.threads import one_thread
from molvae.objectives.objective import Scores
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.evaluation import Evaluation
from molvae.optimize.latent_model import LatentModel, model_digest
from molvae.optimize.methods import SearchConfig, without_guardrails
from molvae.optimize.search import search
from molvae.parallel import available_cores, ordered_map

_ROUNDING = 1e-6
"""Largest difference of the score between atom orders of a molecule."""
_TERMS = ("logp", "sa", "largest_ring")


class RawPenalizedLogp:
    """logP - SA, minus the atoms of the largest ring beyond six unless that penalty is off."""

    columns = _TERMS

    def __init__(self, *, ring_penalty: bool) -> None:
        self._ring_penalty = ring_penalty

    @property
    def description(self) -> Mapping[str, JsonValue]:
        return MappingProxyType({"name": "raw penalised logP", "ring_penalty": self._ring_penalty})

    def score(self, molecules: Sequence[Molecule]) -> Scores:
        rows = [property_values(molecule, _TERMS) for molecule in molecules]
        values = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in _TERMS}
        excess = np.maximum(values["largest_ring"] - 6, 0.0) if self._ring_penalty else 0.0
        return Scores(values["logp"] - values["sa"] - excess, values, {})


# Any: JSON values, here and below.
def benchmark_constrained(
    model: LatentModel,
    file: Path,
    config: ConstrainedConfig,
    out: Path,
    *,
    progress: bool = False,
) -> dict[str, Any]:
    """Optimize each lead; returns how often and how far it was improved for each delta.

    Args:
        model: decodes latent vectors.
        file: a lead per line, the SMILES first; further columns are ignored.
        config: leads and settings.
        out: JSON file that is rewritten after each lead, so that the benchmark can be resumed.
        progress: whether to show a progress bar.

    Raises:
        ConfigError: the settings of search name a lead of their own.
        DataError: the file holds no leads, or a lead is no molecule.
        RunError: `out` has other settings.
    """
    if config.search.constraints.lead is not None:
        raise ConfigError("the leads come from the file; leave out `constraints.lead`")
    all_leads = read_leads(file)
    order = np.random.default_rng(config.search.seed).permutation(len(all_leads))
    leads = [all_leads[row] for row in order[: config.leads].tolist()]
    settings = config.model_dump(mode="json", exclude={"workers", "search"})
    about = {
        "settings": {**settings, "search": without_guardrails(config.search).outcome()},
        "file": file.name,
        "model": model_digest(model),
    }
    rows = _read_rows(out, about)
    done = {row["lead"] for row in rows}
    new = [lead for lead in leads if lead.smiles not in done]
    bar = tqdm(total=len(leads), initial=len(rows), unit=" leads", disable=not progress)
    workers = min(config.workers or available_cores(), len(new))
    optimize = partial(_optimize_on_one_core if workers > 1 else _optimize_lead, model, config)
    with bar, closing(ordered_map(optimize, enumerate(new), workers)) as finished:
        for _, row in finished:
            rows.append(row)
            write_json(out, {**about, "figures": figures_of(rows, config.deltas), "leads": rows})
            bar.update()
    return {**about, "figures": figures_of(rows, config.deltas), "leads": rows}


def read_leads(file: Path) -> list[Molecule]:
    """Molecules of the first column in their order, without duplicates.

    Raises:
        DataError: there are none, or a line holds no molecule.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{str(file)!r} cannot be read: {error}") from None
    leads: dict[str, Molecule] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                lead = Molecule.parse(line.split()[0])
            except MoleculeError as error:
                raise DataError(
                    f"{str(file)!r}, line {number}: expected a SMILES in the first column, {error}"
                ) from None
            leads.setdefault(lead.smiles, lead)
    if not leads:
        raise DataError(f"{str(file)!r} holds no leads; give a file of one SMILES a line")
    return list(leads.values())


def figures_of(rows: Sequence[Mapping[str, Any]], deltas: Sequence[float]) -> dict[str, Any]:
    """Figures for each delta over the leads so far.

    `success` is the fraction of leads with a better molecule. `all` counts the other leads as an
    improvement of 0, `successes` leaves them out; the two averages are not comparable.
    """
    return {_key(delta): _figures([row["found"][_key(delta)] for row in rows]) for delta in deltas}


def figures_text(record: Mapping[str, Any]) -> str:
    """Table of deltas for the screen."""
    rows = [["delta", "success", "improvement, all", "of successes", "similarity"]]
    for delta, figures in record["figures"].items():
        spread = [
            "-"
            if (mean := figures[name]["mean"]) is None
            else f"{mean:.2f} ± {figures[name]['std']:.2f}"
            for name in ("all", "successes", "similarity")
        ]
        rows.append([delta, f"{figures['success']:.1%}", *spread])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _figures(best: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    improvements = [row["improvement"] for row in best if row is not None]
    return {
        "leads": len(best),
        "success": len(improvements) / len(best) if best else None,
        "all": _mean_and_std([*improvements, *[0.0] * (len(best) - len(improvements))]),
        "successes": _mean_and_std(improvements),
        "similarity": _mean_and_std([row["similarity"] for row in best if row is not None]),
    }


def _mean_and_std(values: Sequence[float]) -> dict[str, float | None]:
    return {
        "mean": fmean(values) if values else None,
        "std": pstdev(values) if values else None,
    }


def _key(delta: float) -> str:
    return f"{delta:g}"


def _read_rows(out: Path, about: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not out.exists():
        return []
    record = read_json(out)
    if not isinstance(record, dict) or not isinstance(record.get("leads"), list):
        raise RunError(f"{str(out)!r} is no record of this benchmark; choose another output")
    differing = [key for key in about if record.get(key) != about[key]]
    if differing:
        raise RunError(
            f"{str(out)!r} is of another {' and '.join(differing)}; choose another output"
        )
    rows: list[dict[str, Any]] = record["leads"]
    return rows


def _optimize_on_one_core(
    model: LatentModel, config: ConstrainedConfig, lead: Molecule
) -> dict[str, Any]:
    combined = config.search.combined.model_copy(update={"workers": 1})
    search_config = config.search.model_copy(update={"combined": combined})
    alone = config.model_copy(update={"search": search_config})
    with one_thread():
        return _optimize_lead(model, alone, lead)


def _optimize_lead(model: LatentModel, config: ConstrainedConfig, lead: Molecule) -> dict[str, Any]:
    begun = perf_counter()
    objective = RawPenalizedLogp(ring_penalty=config.ring_penalty)
    score = float(objective.score([lead]).total[0])
    outcome: dict[str, Any] = {"lead": lead.smiles, "score": score, "calls": 0}
    best: dict[str, Any] = dict.fromkeys(map(_key, config.deltas))
    for deltas, plan in _plans(lead, config):
        try:
            result = search(model, objective, plan)
        except MoleculeError as error:
            # The model lacks a token for the lead, which counts as not improved.
            outcome["refused"] = str(error)
            break
        outcome["calls"] += result.calls
        better = [row for row in result.evaluations if row.score > score + _ROUNDING]
        constraints = HardConstraints.parse(plan.constraints)
        best.update(_best_by_delta(better, score, constraints, deltas))
    return {**outcome, "found": best, "seconds": perf_counter() - begun}


def _best_by_delta(
    better: Sequence[Evaluation],
    score: float,
    constraints: HardConstraints,
    deltas: Sequence[float],
) -> dict[str, Any]:
    """The best molecule for each delta; None where none is similar enough."""
    similarities = constraints.similarities([Molecule.parse(row.smiles) for row in better])
    records: list[dict[str, Any]] = [
        {
            "smiles": row.smiles,
            "improvement": row.score - score,
            "similarity": float(similarity),
            "call": row.call,
        }
        for row, similarity in zip(better, similarities, strict=True)
    ]
    return {
        _key(delta): next((row for row in records if row["similarity"] >= delta), None)
        for delta in deltas
    }


def _plans(lead: Molecule, config: ConstrainedConfig) -> list[tuple[Sequence[float], SearchConfig]]:
    """Settings of the searches for a lead, each with the deltas that it counts for."""
    search_config = without_guardrails(config.search)
    constraints = {
        **search_config.model_dump(exclude_unset=True)["constraints"],
        "lead": lead.smiles,
    }
    if not config.per_delta:
        return [(config.deltas, search_config.with_changes({"constraints": constraints}))]
    return [
        (
            (delta,),
            search_config.with_changes({"constraints": {**constraints, "min_similarity": delta}}),
        )
        for delta in config.deltas
    ]
