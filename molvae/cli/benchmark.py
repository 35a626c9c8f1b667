"""Run a published benchmark on a model, and record the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from molvae.benchmarks.constrained_config import ConstrainedConfig
from molvae.benchmarks.credit_config import CreditConfig
from molvae.benchmarks.explore_config import ExploreConfig
from molvae.benchmarks.latent_config import LatentConfig
from molvae.benchmarks.moses_config import MosesConfig
from molvae.benchmarks.pmo_config import PmoConfig
from molvae.benchmarks.reconstruction_config import ReconstructionConfig
from molvae.benchmarks.target_config import TargetConfig
from molvae.cli.flags import (
    OutFile,
    ReadStructures,
    StructureColumn,
    check_apart,
    flags_of,
    given,
    overlaid,
    parse_flags,
    split_at_commas,
)
from molvae.cli.model_choice import ChosenModel, DeviceName, ModelChoice, ModelPath, cleaning_for
from molvae.cli.output import Output, OutputFlags
from molvae.cli.search_flags import SEARCH_BY_FILE
from molvae.errors import ConfigError
from molvae.files import check_writable, write_json
from molvae.metrics.config import EvaluateConfig
from molvae.model.network_config import Device
from molvae.optimize.methods import SearchConfig
from molvae.runs import provenance

if TYPE_CHECKING:
    import molvae.molecule_vae

app = App(name="benchmark")

Words = Annotated[tuple[str, ...], Parameter(negative_iterable=(), show_default=False)]
# The defaults of the benchmarks are not those of the classes, which cyclopts would show.
CreditFlags = flags_of("Settings", hidden=("tasks", "seeds", "sources"))
SearchFlags = flags_of("Search", show_defaults=False, hidden=SEARCH_BY_FILE)


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
        out: JSON file for the record.
        fcd: Compute the Fréchet ChemNet Distance too.
        cache: Folder that keeps statistics of the reference sets.
    """
    check_writable(out)
    vae = model.open(output)

    from molvae.benchmarks.moses import benchmark_moses

    evaluation = EvaluateConfig(fcd=fcd, cache=cache, workers=settings.workers)
    record = benchmark_moses(vae, data, settings, evaluation, progress=output.progress)
    _save(record, out, settings.seeds[0])
    mean, deviation = record["mean"], record["deviation"]
    width = max(map(len, mean))
    lines = [f"{name:{width}}  {_text(mean[name])} ± {_text(deviation[name])}" for name in mean]
    lines += [f"note: {note}" for note in record["notes"]]
    output.show(record, "\n".join([*lines, str(out)]))


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
        out: JSON file for the record.
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
    _save(record, out, settings.seed)
    greedy, sampled = record["greedy"], record["jtvae"]
    text = f"{out}: {greedy:.1%} exact greedily, {sampled:.1%} with the protocol of JT-VAE"
    output.show(record, f"{text}, of {record['molecules']} molecules")


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
        out: JSON file for the record.
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
    molecules; paths between molecules; compression.

    Args:
        model: Folder of a model or a training run, or the name of a shipped model.
        out: JSON file for the record.
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
        out: JSON file for the record.
    """
    vae = _open_model(model, device, (), out, output)

    from molvae.benchmarks.target import benchmark_target, target_text

    record = benchmark_target(vae, settings, progress=output.progress)
    _save(record, out, settings.seed)
    output.show(record, f"{target_text(record)}\n{out}")


@dataclass(frozen=True)
class CreditLists:
    """Lists of the benchmark of proposal sources."""

    tasks: Annotated[
        Words,
        Parameter(
            help="Names of PMO tasks without pmo/, as in qed,median1. Default: three rediscovery "
            "tasks, perindopril_mpo and zaleplon_mpo."
        ),
    ] = ()
    seeds: Annotated[Words, Parameter(help="Random seeds. Default: 0,1,2.")] = ()
    sources: Annotated[
        Words, Parameter(help="Names of sources, as in graph,neighbors. Default: all.")
    ] = ()


@app.command
def credit(
    model: Path,
    /,
    *,
    pool: Path,
    out: OutFile,
    device: DeviceName = "auto",
    lists: Annotated[CreditLists, Parameter(name="*")] = CreditLists(),
    settings: Annotated[CreditConfig, CreditFlags] = CreditConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Measure how often each source of the default search improves on its parents.

    For each task and seed the parents are the best of a random sample of POOL and of several
    rounds of graph mutation. Every source makes children of the same parents. The figures are for
    children that are new molecules: the share that is better than the parent, that enters the top
    of the parents, and whose SELFIES need no repair; similarity to the parent; time per child.

    Args:
        model: Folder of a model or a training run, or the name of a shipped model.
        pool: File of molecules from which the parents descend: CSV, TSV or SMI.
        out: JSON file for the record.
    """
    check_apart(pool, out)
    check_writable(out)
    plan = parse_flags(CreditConfig, given(settings) | _lists(**vars(lists)))
    vae = ModelChoice(model, device).open(output)

    from molvae.benchmarks.credit import benchmark_credit, credit_text

    record = benchmark_credit(vae, pool, plan, progress=output.progress)
    _save(record, out, plan.seeds[0])
    output.show(record, f"{credit_text(record)}\n{out}")


@app.command
def pmo(
    *,
    out: Annotated[Path, Parameter(name="--out", alias="-o")],
    work: Path | None = None,
    tasks: Words = (),
    seeds: Words = (),
    model: ChosenModel = ModelChoice(),
    search: Annotated[SearchConfig, SearchFlags] = SearchConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Search for the tasks of Practical Molecular Optimization, next to the published results.

    The same command continues where it was interrupted; runs that are in OUT are kept. By default a
    search has --budget 10000 and --no-guardrails, scores molecules without stereochemistry (--flat)
    however improbable (--combined.improbable 0), and ends when the mean of the top 10 is 1
    (--enough 1).

    Args:
        out: Folder: runs/TASK_SEED.json for each run with its curve, summary.json for the tables.
        work: Folder of the searches themselves. Default: in OUT.
        tasks: Names without pmo/, as in qed,median1. Default: the 20 that need no download.
        seeds: Random seeds of the runs of each task. Default: 0,1,2.
    """
    typed = given(search)
    if "seed" in typed:
        raise ConfigError("every run has a seed of its own; give --seeds instead of --seed")
    settings: dict[str, Any] = {"search": overlaid(given(PmoConfig().search), typed)}
    plan = parse_flags(PmoConfig, settings | _lists(tasks=tasks, seeds=seeds))
    vae = model.open(output)

    from molvae.benchmarks.pmo import benchmark_pmo
    from molvae.benchmarks.pmo_summary import summary_text

    record = benchmark_pmo(vae, plan, out, work, progress=output.progress)
    record["card"] = vae.card
    _save(record, out / "summary.json", plan.seeds[0])
    output.show(record, f"{summary_text(record)}\n{out / 'summary.json'}")


@app.command(name="constrained")
def optimize_leads(
    source: Path,
    /,
    *,
    out: OutFile,
    model: ChosenModel = ModelChoice(),
    settings: Annotated[ConstrainedConfig, SearchFlags] = ConstrainedConfig(),
    output: OutputFlags = Output(),
) -> None:
    """Improve the penalized logP of leads by molecules similar to them (Jin et al. 2018).

    The same command continues where it was interrupted: OUT is rewritten after each lead. By
    default 80 leads are used, and a search has --budget 200 and --no-guardrails.

    Args:
        source: File of leads, the SMILES first in each line.
        out: JSON file for the record.
    """
    check_apart(source, out)
    check_writable(out)
    defaults = {"search": given(ConstrainedConfig().search)}
    plan = parse_flags(ConstrainedConfig, overlaid(defaults, given(settings)))
    vae = model.open(output)

    from molvae.benchmarks.constrained import benchmark_constrained, figures_text

    record = benchmark_constrained(vae, source, plan, out, progress=output.progress)
    record["card"] = vae.card
    _save(record, out, plan.search.seed)
    output.show(record, f"{figures_text(record)}\n{out}")


def _lists(**flags: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The words of each flag that was typed, which may be separated by commas."""
    words = {name: split_at_commas(texts) for name, texts in flags.items()}
    return {name: texts for name, texts in words.items() if texts}


def _text(value: float | None) -> str:
    """The figure; a dash for None, which means too few samples."""
    return "-" if value is None else f"{value:.4f}"


# Any: JSON values.
def _save(record: dict[str, Any], out: Path, seed: int) -> None:
    record["provenance"] = provenance(seed)
    write_json(out, record)


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

    _save(record, out, seed)
    output.show(record, f"{latent_text(record)}\n{out}")
