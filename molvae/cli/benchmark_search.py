"""Benchmarks of search: commands of `molvae benchmark`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from molvae.benchmarks.constrained_config import ConstrainedConfig
from molvae.benchmarks.credit_config import CreditConfig
from molvae.benchmarks.pmo_config import PmoConfig
from molvae.cli.flags import (
    OutFile,
    OutFolder,
    check_apart,
    flags_of,
    overlay,
    parse_flags,
    split_at_commas,
    typed_settings,
)
from molvae.cli.model_choice import ChosenModel, DeviceName, ModelChoice
from molvae.cli.output import Output, OutputFlags
from molvae.cli.search_flags import SEARCH_BY_FILE
from molvae.errors import ConfigError
from molvae.files import STANDARD_STREAM, check_writable
from molvae.optimize.methods import SearchConfig
from molvae.runs import write_record

Words = Annotated[tuple[str, ...], Parameter(negative_iterable=(), show_default=False)]
# The defaults of the benchmarks are not those of the classes, which cyclopts would show.
CreditFlags = flags_of("Settings", hidden=("tasks", "seeds", "sources"))
SearchFlags = flags_of("Search", show_defaults=False, hidden=SEARCH_BY_FILE)


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
        out: JSON file for the record; `-` prints it.
    """
    check_apart(pool, out)
    check_writable(out)
    plan = parse_flags(CreditConfig, typed_settings(settings) | _lists(**vars(lists)))
    vae = ModelChoice(model, device).open(output)

    from molvae.benchmarks.credit import benchmark_credit, credit_text

    record = benchmark_credit(vae, pool, plan, progress=output.progress)
    record = write_record(out, record, plan.seeds[0])
    output.show_written(record, credit_text(record), out)


def pmo(
    *,
    out: OutFolder,
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
    typed = typed_settings(search)
    if "seed" in typed:
        raise ConfigError("every run has a seed of its own; give --seeds instead of --seed")
    settings: dict[str, Any] = {"search": overlay(typed_settings(PmoConfig().search), typed)}
    plan = parse_flags(PmoConfig, settings | _lists(tasks=tasks, seeds=seeds))
    vae = model.open(output)

    from molvae.benchmarks.pmo import benchmark_pmo
    from molvae.benchmarks.pmo_summary import summary_text

    record = benchmark_pmo(vae, plan, out, work, progress=output.progress)
    record["card"] = vae.card
    record = write_record(out / "summary.json", record, plan.seeds[0])
    output.show(record, f"{summary_text(record)}\n{out / 'summary.json'}")


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
    if out == STANDARD_STREAM:
        raise ConfigError("the record is continued from its file; name a file that ends in .json")
    check_writable(out)
    defaults = {"search": typed_settings(ConstrainedConfig().search)}
    plan = parse_flags(ConstrainedConfig, overlay(defaults, typed_settings(settings)))
    vae = model.open(output)

    from molvae.benchmarks.constrained import benchmark_constrained, figures_text

    record = benchmark_constrained(vae, source, plan, out, progress=output.progress)
    record["card"] = vae.card
    record = write_record(out, record, plan.search.seed)
    output.show(record, f"{figures_text(record)}\n{out}")


def _lists(**flags: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The words of each flag that was typed, which may be separated by commas."""
    words = {name: split_at_commas(texts) for name, texts in flags.items()}
    return {name: texts for name, texts in words.items() if texts}
