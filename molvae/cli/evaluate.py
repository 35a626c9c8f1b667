"""`molvae evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from molvae.cli.flags import OutFile, ReadStructures, StructureColumn, check_apart, flags_of
from molvae.cli.output import Output, OutputFlags
from molvae.files import check_writable, write_json
from molvae.metrics.config import EvaluateConfig
from molvae.runs import provenance

if TYPE_CHECKING:
    import molvae.dataset.layout
    import molvae.metrics.evaluation


@dataclass(frozen=True)
class RealMolecules:
    """Files of real molecules to compare with."""

    reference: Annotated[Path, Parameter(help="Held-out molecules: Test in the result.")]
    training: Annotated[Path, Parameter(help="Molecules that the generator was trained on.")]
    reference_scaffolds: Annotated[
        Path | None,
        Parameter(help="Held-out molecules with other scaffolds: TestSF in the result."),
    ] = None
    real_smiles_column: Annotated[
        str | None,
        Parameter(help="Column with the SMILES in these files. Default: found by name or content."),
    ] = None
    real_selfies_column: Annotated[
        str | None, Parameter(help="Column with SELFIES in these files, read instead of SMILES.")
    ] = None

    def column(self) -> "molvae.dataset.layout.ColumnChoice":
        """The column of these files as the library takes it."""
        return StructureColumn(self.real_smiles_column, self.real_selfies_column).choice()

    def references(self) -> dict[str, Path]:
        """The reference sets by their names in the result."""
        sets = {"Test": self.reference, "TestSF": self.reference_scaffolds}
        return {name: path for name, path in sets.items() if path is not None}


def evaluate(
    source: Path,
    /,
    *,
    real: Annotated[RealMolecules, Parameter(name="*")],
    out: OutFile,
    columns: ReadStructures = StructureColumn(),
    settings: Annotated[EvaluateConfig, flags_of("Settings")] = EvaluateConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Compute the MOSES metrics of generated molecules.

    Rows are taken as they are, since invalid molecules and duplicates count. If the file has a
    column `symbols` with the SELFIES as they were sampled, the fraction that decodes without
    repair is reported too.

    Args:
        source: File of generated molecules: CSV, TSV, SMI, SDF or Parquet, also compressed; `-`
            reads standard input.
        out: JSON file for the result; `-` prints it.
    """
    files = {"samples": source, **real.references(), "training": real.training}
    for path in files.values():
        check_apart(path, out)
    check_writable(out)

    from molvae.metrics.evaluation import evaluate as compute_metrics
    from molvae.metrics.samples import Samples, read_smiles

    samples = Samples.read(source, columns.choice())
    column = real.column()
    references = {name: read_smiles(path, column) for name, path in real.references().items()}
    training = read_smiles(real.training, column)
    metrics = compute_metrics(samples, references, training, settings, progress=output.progress)
    result = {
        "files": {name: str(path) for name, path in files.items()},
        **metrics.to_json(),
        "provenance": provenance(settings.seed),
    }
    write_json(out, result)
    output.show_written(result, _text(metrics), out)


def _text(metrics: "molvae.metrics.evaluation.Metrics") -> str:
    tables = {"": metrics.values, "repair: ": metrics.repairs, "AddCarbon ": metrics.control}
    figures = {
        f"{title}{name}": value for title, table in tables.items() for name, value in table.items()
    }
    width = max(map(len, figures))
    lines = [f"{name:{width}}  {value:.4f}" for name, value in figures.items()]
    return "\n".join([*lines, *(f"note: {note}" for note in metrics.notes)])
