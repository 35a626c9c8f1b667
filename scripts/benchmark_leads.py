"""Improve leads as a chemist would ask for it, and check the proposals without the search.

    python scripts/benchmark_leads.py drugs.smi --reference chembl.smi.gz --work runs/leads

The leads are the first molecules of the file that have a ring and that the model gives back. Each
is optimized for QED with the guardrails on, at a similarity of at least 0.5 to the lead and with
its Murcko scaffold. RDKit alone checks similarity and scaffold of the proposals, and looks up their
circular atom environments of radius 1 among the molecules of `--reference`. The control has as many
molecules made by random graph edits that meet the same constraints.

Finished leads are kept in `--work`: the same command continues where it was stopped.
"""

import argparse
import gzip
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter, process_time
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Mol, rdFingerprintGenerator
from rdkit.Chem.QED import qed as qed_of
from rdkit.Chem.Scaffolds.MurckoScaffold import GetScaffoldForMol, MurckoScaffoldSmiles
from rdkit.DataStructs import TanimotoSimilarity

from molvae import MoleculeVAE, SearchConfig, search
from molvae.benchmarks.constrained import read_leads
from molvae.chem.molecule import Molecule
from molvae.chem.operators.mutation import mutate
from molvae.chem.similarity import scaffold
from molvae.errors import MolvaeError, RunError
from molvae.files import read_json, write_json
from molvae.model.threads import one_thread
from molvae.objectives.config import ObjectiveConfig
from molvae.objectives.configured import ConfiguredObjective
from molvae.optimize.constraints import HardConstraints
from molvae.optimize.latent_model import model_digest
from molvae.optimize.lead import reconstruct
from molvae.runs import write_record

OBJECTIVE = {"name": "QED", "component": [{"property": "qed"}]}
MIN_SIMILARITY = 0.5
TOP = 20
"""Best molecules of a search whose figures are averaged."""
RARE = 1e-5
"""Rate in the reference below which an environment is rare: 1 molecule in 100,000."""
ATTEMPTS = 100
"""Random edits for each molecule of the control, after which it stays smaller."""
_MORGAN_2 = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
_MORGAN_1 = rdFingerprintGenerator.GetMorganGenerator(radius=1)


class ReferenceEnvironments:
    """The number of molecules of a file that have each circular environment of radius 1."""

    def __init__(self, molecules: int, counts: dict[int, int]) -> None:
        self.molecules = molecules
        self._counts = counts

    @classmethod
    def of(cls, file: Path, kept: Path) -> "ReferenceEnvironments":
        """The counts of a file of SMILES, which are kept in another file."""
        if not kept.exists():
            molecules, counts = 0, Counter[int]()
            for mol in _read(file):
                molecules += 1
                counts.update(environments(mol))
            write_json(kept, {"molecules": molecules, "counts": counts})
        saved = read_json(kept)
        counts_by_id = {int(key): count for key, count in saved["counts"].items()}
        return cls(saved["molecules"], counts_by_id)

    def rare(self, mol: Mol) -> set[int]:
        """Environments of a molecule that are rare in the reference."""
        limit = RARE * self.molecules
        return {key for key in environments(mol) if self._counts.get(key, 0) < limit}


def environments(mol: Mol) -> set[int]:
    """Circular environments of up to one bond, unfolded (Rogers & Hahn 2010)."""
    return set(_MORGAN_1.GetSparseCountFingerprint(mol).GetNonzeroElements())


def leads_of(model: MoleculeVAE, file: Path, count: int) -> Iterator[Molecule]:
    """The first molecules of a file that have a ring and that the model gives back."""
    suitable = (
        molecule
        for molecule in read_leads(file)
        if scaffold(molecule) and reconstruct(model, molecule).is_exact
    )
    return islice(suitable, count)


def search_settings(lead: Molecule, calls: int, seed: int) -> SearchConfig:
    """The default search around a lead, on one core."""
    constraints = {"lead": lead.smiles, "min_similarity": MIN_SIMILARITY, "keep_scaffold": True}
    return SearchConfig.parse(
        {"budget": calls, "seed": seed, "constraints": constraints, "combined": {"workers": 1}}
    )


# Any: JSON values, here and below.
def optimize(model: MoleculeVAE, lead: Molecule, config: SearchConfig) -> dict[str, Any]:
    """The best molecules of the search around a lead, and the control."""
    start, cpu_start = perf_counter(), process_time()
    rounds: list[tuple[float, float]] = []
    with one_thread():
        objective = ConfiguredObjective(ObjectiveConfig.parse_tables(OBJECTIVE))
        result = search(
            model,
            objective,
            config,
            callback=lambda _: rounds.append((perf_counter() - start, process_time() - cpu_start)),
        )
    seconds, cpu_seconds = perf_counter() - start, process_time() - cpu_start
    others = [row for row in result.evaluations if row.smiles != lead.smiles]
    return {
        "lead": lead.smiles,
        "qed": drug_likeness(lead),
        "violation": result.lead.violation if result.lead else None,
        "calls": result.calls,
        "stop": str(result.stop),
        "rejected": dict(result.rejected),
        "seconds": round(seconds, 2),
        "seconds_to_first_round": round(rounds[0][0], 2) if rounds else None,
        "cpu_seconds": round(cpu_seconds, 2),
        "cpu_seconds_to_first_round": round(rounds[0][1], 2) if rounds else None,
        "best": [{"smiles": row.smiles, "source": row.source} for row in others[:TOP]],
        "control": control(lead, config),
    }


def describe(row: dict[str, Any], reference: ReferenceEnvironments) -> dict[str, Any]:
    """The row of a lead with figures of its best proposals."""
    lead = Chem.MolFromSmiles(row["lead"])
    best = [{**proposal, **check(lead, proposal["smiles"], reference)} for proposal in row["best"]]
    return {
        **{name: value for name, value in row.items() if name != "best"},
        "mean_of_top": fmean(proposal["qed"] for proposal in best) if best else None,
        "lead_is_rare": bool(reference.rare(lead)),
        "best": best,
    }


def check(lead: Mol, smiles: str, reference: ReferenceEnvironments) -> dict[str, Any]:
    """Figures of a proposal, by RDKit alone."""
    mol = Chem.MolFromSmiles(smiles)
    core = GetScaffoldForMol(lead)  # type: ignore[no-untyped-call]
    lead_scaffold, its_scaffold = (MurckoScaffoldSmiles(mol=row) for row in (lead, mol))  # type: ignore[no-untyped-call]
    rare = reference.rare(mol)
    similarity = TanimotoSimilarity(*map(_MORGAN_2.GetFingerprint, (lead, mol)))
    return {
        "qed": round(qed_of(mol), 4),
        "similarity": round(similarity, 4),
        "has_scaffold": mol.HasSubstructMatch(core, useChirality=False),
        "has_only_scaffold": its_scaffold == lead_scaffold,
        "is_rare": bool(rare),
        "is_newly_rare": bool(rare - environments(lead)),
    }


def control(lead: Molecule, config: SearchConfig) -> dict[str, Any]:
    """The best of as many molecules made by random graph edits under the same constraints.

    An edit changes a random molecule of those admitted so far, the lead being the first: scores do
    not steer it.
    """
    constraints = HardConstraints.parse(config.constraints)
    generator = np.random.default_rng(config.seed)
    admitted = {lead.smiles: lead}
    for _ in range(ATTEMPTS * config.budget):
        if len(admitted) == config.budget:
            break
        parent = list(admitted.values())[generator.integers(len(admitted))]
        child = mutate(parent, generator)
        if child and child.smiles not in admitted and constraints.violations([child])[0] is None:
            admitted[child.smiles] = child
    others = sorted(
        (drug_likeness(molecule) for molecule in list(admitted.values())[1:]), reverse=True
    )[:TOP]
    return {
        "molecules": len(admitted),
        "best": others[0] if others else None,
        "mean_of_top": fmean(others) if others else None,
    }


def drug_likeness(molecule: Molecule) -> float:
    """QED (Bickerton et al. 2012), to four decimals."""
    return round(qed_of(molecule.mol), 4)


def figures_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over the leads; a lead without a proposal keeps its own QED."""
    proposals = [proposal for row in rows for proposal in row["best"]]
    best = [row["best"][0]["qed"] if row["best"] else row["qed"] for row in rows]
    edits = [row["control"]["best"] or row["qed"] for row in rows]
    first = [row["cpu_seconds_to_first_round"] for row in rows if row["best"]]

    def share(name: str) -> float | None:
        return fmean(proposal[name] for proposal in proposals) if proposals else None

    return {
        "leads": len(rows),
        "improved": sum(after > row["qed"] for after, row in zip(best, rows, strict=True)),
        "qed": fmean(row["qed"] for row in rows),
        "best": fmean(best),
        "mean_of_top": fmean(row["mean_of_top"] or row["qed"] for row in rows),
        "control_best": fmean(edits),
        "control_mean_of_top": fmean(row["control"]["mean_of_top"] or row["qed"] for row in rows),
        "better_than_control": sum(a > b for a, b in zip(best, edits, strict=True)),
        "worse_than_control": sum(a < b for a, b in zip(best, edits, strict=True)),
        "proposals": len(proposals),
        "outside_constraints": sum(
            not proposal["has_scaffold"] or proposal["similarity"] < MIN_SIMILARITY
            for proposal in proposals
        ),
        "rare_leads": sum(row["lead_is_rare"] for row in rows),
        "rare_share": share("is_rare"),
        "new_rare_share": share("is_newly_rare"),
        "cpu_seconds": fmean(row["cpu_seconds"] for row in rows),
        "cpu_seconds_to_first_round": fmean(first) if first else None,
    }


def _read(file: Path) -> Iterator[Mol]:
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and (mol := Chem.MolFromSmiles(line.split()[0])) is not None:
                yield mol


def saved_rows(file: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of an interrupted benchmark; raises RunError if it had other settings."""
    saved = read_json(file) if file.exists() else {"settings": settings, "leads": []}
    if saved["settings"] != settings:
        raise RunError(f"{str(file)!r} has leads of other settings; choose another --work")
    rows: list[dict[str, Any]] = saved["leads"]
    return rows


def main() -> int:
    """Optimize the leads that are missing, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("drugs", type=Path, help="SMI file of leads")
    parser.add_argument("--reference", type=Path, required=True, help="SMI file, plain or gzip")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("data/results/leads/leads.json"))
    parser.add_argument("--model", default="chembl")
    parser.add_argument("--leads", type=int, default=30)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rdBase.DisableLog("rdApp.*")
    arguments.work.mkdir(parents=True, exist_ok=True)
    try:
        return benchmark(arguments)
    except MolvaeError as error:
        print(error, file=sys.stderr)
        return 1


def benchmark(arguments: argparse.Namespace) -> int:
    """Run the benchmark; see `main`."""
    model = MoleculeVAE.from_pretrained(arguments.model)
    settings = {
        "model": arguments.model,
        "digest": model_digest(model),
        "file": arguments.drugs.name,
        "calls": arguments.calls,
        "min_similarity": MIN_SIMILARITY,
        "seed": arguments.seed,
    }
    file = arguments.work / "leads.json"
    rows = saved_rows(file, settings)
    done = {row["lead"] for row in rows}
    for lead in leads_of(model, arguments.drugs, arguments.leads):
        if lead.smiles not in done:
            config = search_settings(lead, arguments.calls, arguments.seed)
            rows.append(optimize(model, lead, config))
            write_json(file, {"settings": settings, "leads": rows})
            print(f"{len(rows)}: {lead.smiles}, {rows[-1]['cpu_seconds']} s", file=sys.stderr)
    reference = ReferenceEnvironments.of(arguments.reference, arguments.work / "environments.json")
    described = [describe(row, reference) for row in rows[: arguments.leads]]
    counted = {"file": arguments.reference.name, "molecules": reference.molecules}
    drugs = [bool(reference.rare(drug.mol)) for drug in read_leads(arguments.drugs)]
    record = {
        "settings": {**settings, "reference": counted},
        "figures": {**figures_of(described), "rare_share_of_file": fmean(drugs)},
        "leads": described,
    }
    write_record(arguments.out, record, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
