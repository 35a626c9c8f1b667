"""`molvae evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from molvae.cli.flags import OnScreen, Screen, SmilesColumn, check_apart, flags_of
from molvae.files import check_writable, write_json
from molvae.metrics.config import EvaluateConfig
from molvae.metrics.evaluation import Metrics
from molvae.metrics.evaluation import evaluate as measure
from molvae.metrics.samples import Samples, read_smiles
from molvae.runs import provenance


@dataclass(frozen=True)
class Real:
    """Files of real molecules."""

    reference: Annotated[Path, Parameter(help="Held-out molecules, called Test in the outcome.")]
    training: Annotated[Path, Parameter(help="Molecules that the generator was trained on.")]
    reference_scaffolds: Annotated[
        Path | None, Parameter(help="Held-out molecules of other scaffolds, called TestSF.")
    ] = None
    real_smiles_column: Annotated[
        str | None,
        Parameter(help="Column with the SMILES in these files; found by itself unless given."),
    ] = None

    def named(self) -> dict[str, Path]:
        """The reference sets by their names in the outcome."""
        sets = {"Test": self.reference, "TestSF": self.reference_scaffolds}
        return {name: path for name, path in sets.items() if path is not None}


def evaluate(
    source: Path,
    /,
    *,
    real: Annotated[Real, Parameter(name="*")],
    out: Path,
    smiles_column: SmilesColumn = None,
    settings: Annotated[EvaluateConfig, flags_of("Settings")] = EvaluateConfig(),
    screen: OnScreen = Screen(),
) -> None:
    """Measure generated molecules with the metrics of MOSES.

    Rows are taken as they stand, for invalid molecules and duplicates count. With a column
    symbols, the SELFIES as they were drawn, the share that decodes without any repair is told too.

    Args:
        source: File of generated molecules: CSV, TSV or SMI, plain or gzip.
        out: JSON file for the outcome.
    """
    files = {"samples": source, **real.named(), "training": real.training}
    for path in files.values():
        check_apart(path, out)
    check_writable(out)
    samples = Samples.read(source, smiles_column)
    column = real.real_smiles_column
    references = {name: read_smiles(path, column) for name, path in real.named().items()}
    known = read_smiles(real.training, column)
    metrics = measure(samples, references, known, settings, progress=screen.progress)
    outcome = {
        "files": {name: str(path) for name, path in files.items()},
        **metrics.to_json(),
        "provenance": provenance(settings.seed),
    }
    write_json(out, outcome)
    screen.tell(outcome, _sentences(metrics, out))


def _sentences(metrics: Metrics, out: Path) -> str:
    tables = {"": metrics.values, "repair: ": metrics.repairs, "AddCarbon ": metrics.control}
    figures = {
        f"{title}{name}": value for title, table in tables.items() for name, value in table.items()
    }
    width = max(map(len, figures))
    lines = [f"{name:{width}}  {value:.4f}" for name, value in figures.items()]
    return "\n".join([*lines, *(f"note: {note}" for note in metrics.notes), str(out)])
