"""Run a published benchmark on a model, and record the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.moses_config import MosesConfig
from molvae.benchmarks.reconstruction_config import ReconstructionConfig
from molvae.benchmarks.target_config import TargetConfig
from molvae.cli.benchmark_search import credit, optimize_leads, pmo
from molvae.cli.flags import (
    OutFile,
    ReadStructures,
    StructureColumn,
    check_apart,
    flags_of,
)
from molvae.cli.model_choice import ChosenModel, DeviceName, ModelChoice, ModelPath, cleaning_for
from molvae.cli.output import Output, OutputFlags
from molvae.files import check_writable
from molvae.metrics.config import EvaluateConfig
from molvae.model.network_config import Device
from molvae.runs import write_record

if TYPE_CHECKING:
    import molvae.molecule_vae

app = App(name="benchmark")


@dataclass(frozen=True)
class MosesChoice(ModelChoice):
    """A model as elsewhere, by default the one that was trained on MOSES."""

    model: ModelPath = Path("moses")


@app.command
def moses(
    *,
    data: Path,
    out: OutFile,
    model: Annotated[MosesChoice, Parameter(name="*")] = MosesChoice(),
    settings: Annotated[MosesConfig, flags_of("Settings")] = MosesConfig(),
    fcd: bool = True,
    cache: Path | None = None,
    output: OutputFlags = Output(),
) -> None:
    """Compute the MOSES metrics of 30,000 samples for each of three seeds.

    Args:
        data: Folder with train.csv, test.csv and test_scaffolds.csv (see `molvae data moses`).
        out: JSON file for the record; `-` prints it.
        fcd: Compute the Fréchet ChemNet Distance too.
        cache: Folder that keeps statistics of the reference sets.
    """
    check_writable(out)
    vae = model.open(output)

    from molvae.benchmarks.moses import benchmark_moses

    evaluation = EvaluateConfig(fcd=fcd, cache=cache, workers=settings.workers)
    record = benchmark_moses(vae, data, settings, evaluation, progress=output.progress)
    record = write_record(out, record, settings.seeds[0])
    mean, deviation = record["mean"], record["deviation"]
    width = max(map(len, mean))
    lines = [f"{name:{width}}  {_text(mean[name])} ± {_text(deviation[name])}" for name in mean]
    lines += [f"note: {note}" for note in record["notes"]]
    output.show_written(record, "\n".join(lines), out)


@app.command
def reconstruction(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    columns: ReadStructures = StructureColumn(),
    settings: Annotated[ReconstructionConfig, flags_of("Settings")] = ReconstructionConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure exact reconstruction, greedily and with the protocol of JT-VAE.

    Args:
        source: File of held-out molecules: CSV, TSV, SMI, SDF or Parquet, also compressed.
        out: JSON file for the record; `-` prints it.
    """
    check_apart(source, out)
    check_writable(out)
    vae = model.open(output)

    from molvae.benchmarks.reconstruction import benchmark_reconstruction

    cleaning = cleaning_for(vae, settings.cleaning)
    settings = settings.with_changes({"cleaning": cleaning.model_dump()})
    record = benchmark_reconstruction(
        vae, source, settings, columns.choice(), progress=output.progress
    )
    record = write_record(out, record, settings.seed)
    greedy, sampled = record["greedy"], record["jtvae"]
    text = f"{greedy:.1%} exact greedily, {sampled:.1%} with the protocol of JT-VAE"
    output.show_written(record, f"{text}, of {record['molecules']} molecules", out)


@dataclass(frozen=True)
class LatentFiles:
    """Files of molecules for the measures of a latent space."""

    reference: Annotated[
        Path,
        Parameter(
            help="File of molecules that the model was not trained on: CSV, TSV, SMI, SDF or "
            "Parquet, also compressed."
        ),
    ]
    test: Annotated[
        tuple[Path, ...],
        Parameter(
            negative_iterable=(),
            show_default=False,
            help="File whose molecules are reconstructed, with and without stereochemistry; "
            "repeat the flag for several files.",
        ),
    ] = ()
    columns: ReadStructures = StructureColumn()


@app.command
def latent(
    model: Path,
    /,
    *,
    files: Annotated[LatentFiles, Parameter(name="*")],
    out: OutFile,
    device: DeviceName = "auto",
    settings: Annotated[LatentConfig, flags_of("Settings")] = LatentConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure a model's latent space, with a control beside each figure.

    Exact reconstruction of test files, after graph edits and from other SELFIES of a molecule;
    ridge regression of properties; nearest and usable neighbors; samples of N(0, I); ELBO gap.

    Args:
        model: Folder of a model or a training run, or the name of a shipped model.
        out: JSON file for the record; `-` prints it.
    """
    vae = _open_model(model, device, (files.reference, *files.test), out, output)

    from molvae.benchmarks.latent import benchmark_latent

    record = benchmark_latent(
        vae,
        files.reference,
        files.test,
        settings,
        files.columns.choice(),
        progress=output.progress,
    )
    _save_figures(record, out, settings.seed, output)


@dataclass(frozen=True)
class ExploreFiles:
    """Files of molecules for the measures of the uses of a model."""

    reference: Annotated[
        Path, Parameter(help="File of molecules that the model was not trained on.")
    ]
    others: Annotated[
        tuple[Path, ...],
        Parameter(
            name="--other",
            negative_iterable=(),
            show_default=False,
            help="File of molecules of another kind, for anomaly detection; repeat the flag for "
            "several files.",
        ),
    ] = ()
    columns: ReadStructures = StructureColumn()


@app.command
def explore(
    model: Path,
    /,
    *,
    files: Annotated[ExploreFiles, Parameter(name="*")],
    out: OutFile,
    device: DeviceName = "auto",
    settings: Annotated[ExploreConfig, flags_of("Settings")] = ExploreConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure what a model is used for, with a control beside each figure.

    Completing scaffolds and linking fragments; latent vectors as features; finding unusual
    molecules; restoring damaged ones; paths between molecules; compression.

    Args:
        model: Folder of a model or a training run, or the name of a shipped model.
        out: JSON file for the record; `-` prints it.
    """
    vae = _open_model(model, device, (files.reference, *files.others), out, output)

    from molvae.benchmarks.explore import benchmark_explore

    record = benchmark_explore(
        vae,
        files.reference,
        files.others,
        settings,
        files.columns.choice(),
        progress=output.progress,
    )
    _save_figures(record, out, settings.seed, output)


@app.command
def target(
    model: Path,
    /,
    *,
    out: OutFile,
    device: DeviceName = "auto",
    settings: Annotated[TargetConfig, flags_of("Settings")] = TargetConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure generation for target values of log P and QED, beside rejection of samples.

    Args:
        model: Folder of a model or a training run, or the name of a shipped model.
        out: JSON file for the record; `-` prints it.
    """
    vae = _open_model(model, device, (), out, output)

    from molvae.benchmarks.target import benchmark_target, target_text

    record = benchmark_target(vae, settings, progress=output.progress)
    record = write_record(out, record, settings.seed)
    output.show_written(record, target_text(record), out)


app.command(credit)
app.command(pmo)
app.command(optimize_leads, name="constrained")


def _text(value: float | None) -> str:
    """The figure; a dash for None, which means too few samples."""
    return "-" if value is None else f"{value:.4f}"


def _open_model(
    model: Path, device: Device, sources: Sequence[Path], out: Path, output: Output
) -> "molvae.molecule_vae.MoleculeVAE":
    """The model, once OUT is known to be writable and none of the files that are read."""
    for source in sources:
        check_apart(source, out)
    check_writable(out)
    return ModelChoice(model, device).open(output)


# Any: JSON values.
def _save_figures(record: dict[str, Any], out: Path, seed: int, output: Output) -> None:
    """Write a record of figures with controls, and show it as a table."""
    from molvae.benchmarks.latent import latent_text

    record = write_record(out, record, seed)
    output.show_written(record, latent_text(record), out)
